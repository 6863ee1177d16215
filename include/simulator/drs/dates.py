"""Dates and durations as DRS writes them."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from simulator.clock import clock

if TYPE_CHECKING:
    from datetime import datetime


def iso(date: datetime) -> str:
    """Write a date in UTC, ending in ``Z``."""
    return date.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def iso_at(simulated: float) -> str:
    """Write the real date on which a simulated second falls."""
    return iso(clock.date(simulated))
