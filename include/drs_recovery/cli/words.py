"""How times, durations, statuses and absent values read on the screen; always UTC, and absent is "—"."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from drs_recovery.cli.paper import Text
from drs_recovery.text import durations

if TYPE_CHECKING:
    from drs_recovery.record.server_record import ServerRecord

ABSENT = "—"

STYLES = {
    "PENDING": "dim",
    "PAUSED": "bold yellow",
    "STARTED": "cyan",
    "POLLING": "cyan",
    "IN_PROGRESS": "cyan",
    "COMPLETED": "bold green",
    "LAUNCHED": "green",
    "PARTIAL": "bold yellow",
    "FAILED": "bold red",
    "CANCELLED": "bold magenta",
    "TIMED_OUT": "bold red",
    "SKIPPED": "dim",
    "TERMINATED": "magenta",
    "RECOVERY": "bold red",
    "DRILL": "bold blue",
    "APPROVED": "bold green",
    "REJECTED": "bold magenta",
    "WAITING": "bold yellow",
    "TERMINATING": "cyan",
    "DONE": "green",
    "KEPT": "magenta",
}
"""A style per word; one that is not here is shown all the same, underlined."""


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def word(value: str | None) -> Text:
    """Return a status as it is on record, in its colour."""
    return Text(value, style=STYLES.get(value, "underline")) if value else Text(ABSENT, style="dim")


def text(value: object) -> str:
    """Return a value, or the sign for one that is absent."""
    return ABSENT if value is None or value == "" else str(value)


def when(time: datetime | None) -> str:
    """Return a time with its date, in UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z" if time else ABSENT


def clock(time: datetime | None) -> str:
    """Return a time of day, in UTC."""
    return f"{time.astimezone(UTC):%H:%M:%S}" if time else ABSENT


def lasting(start: datetime | None, end: datetime | None) -> str:
    """Return the time between two moments, in the two largest units that matter."""
    return ABSENT if start is None or end is None else durations.lasting(end - start)


def plural(count: int, noun: str) -> str:
    """Return a count with its noun."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def one_line(message: str) -> str:
    """Return words without line breaks."""
    return " ".join(message.split())


def server_name(server: ServerRecord) -> str:
    """Return a server by hostname and Name tag; by its id if DRS knows neither."""
    names = [part for part in (server.hostname, server.name) if part]
    if not names:
        return server.source_server_id
    return names[0] if len(names) == 1 else f"{names[0]} ({names[1]})"


def doing(server: ServerRecord, at: datetime) -> str:
    """Return what a server is at, and for how long; once it runs, the instance and its address."""
    if server.recovery_instance_id or server.private_ip:
        return f"{text(server.recovery_instance_id)}  {text(server.private_ip)}"
    if server.phase is None:
        return ABSENT
    since = server.phase_since
    return server.phase if since is None else f"{server.phase} for {lasting(since, server.end_time or at)}"
