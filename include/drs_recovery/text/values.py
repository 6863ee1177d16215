"""How times, durations, counts and absent values read: always in UTC, and what is absent is "—"."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from drs_recovery.text import durations

if TYPE_CHECKING:
    from datetime import datetime

ABSENT = "—"


def or_absent(value: object) -> str:
    """Return a value, or the sign for one that is absent."""
    return ABSENT if value is None or value == "" else str(value)


def timestamp(time: datetime | None) -> str:
    """Return a time with its date, in UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z" if time else ABSENT


def time_of_day(time: datetime | None) -> str:
    """Return a time without its date, in UTC."""
    return f"{time.astimezone(UTC):%H:%M:%S}" if time else ABSENT


def elapsed(start: datetime | None, end: datetime | None) -> str:
    """Return the time between two moments, in its two largest units."""
    return ABSENT if start is None or end is None else durations.lasting(end - start)


def plural(count: int, noun: str) -> str:
    """Return a count with its noun."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def setting_text(value: object) -> str:
    """Return the value of a setting: text, a number, a switch, a list or a mapping of these, or none."""
    if value is None:
        return "none"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, dict):
        return " ".join(f"{name} {one}" for name, one in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value)
