"""Dates and durations as DRS writes them."""

from __future__ import annotations

from datetime import UTC, datetime

from simulator.clock import clock


def iso(date: datetime) -> str:
    """Write a date in UTC, ending in ``Z``."""
    return date.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def iso_at(simulated: float) -> str:
    """Write the real date on which a simulated second falls."""
    return iso(clock.date(simulated))


def read_date(text: str) -> datetime:
    """Read a date that matches the model's pattern; raises ValueError for a day that no month has."""
    return datetime.fromisoformat(text)
