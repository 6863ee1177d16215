"""The colours of statuses on the screen."""

from __future__ import annotations

from drs_recovery.cli.paper import Text
from drs_recovery.text.values import ABSENT

STYLES = {
    "PENDING": "dim",
    "PAUSED": "bold yellow",
    "STARTED": "cyan",
    "POLLING": "cyan",
    "CHECKING": "cyan",
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
    "CHANGING": "cyan",
    "APPLIED": "bold yellow",
    "PUTTING_BACK": "cyan",
    "PUT_BACK": "green",
    "LEFT": "magenta",
    "RUNNING": "cyan",
    "AGAIN": "cyan",
    "SUCCESS": "green",
    "UNSEEN": "bold red",
    "REFUSED": "bold red",
}
"""A style for each status; one that is not here, of a newer release perhaps, is underlined."""


def styled(status: str | None) -> Text:
    """Return a status as it is on record, in its colour."""
    return Text(status, style=STYLES.get(status, "underline")) if status else Text(ABSENT, style="dim")
