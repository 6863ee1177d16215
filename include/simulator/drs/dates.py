"""Dates and durations as DRS writes them."""

from __future__ import annotations

from datetime import timezone
from typing import TYPE_CHECKING

from .world import world

if TYPE_CHECKING:
    from datetime import datetime


def iso(date: datetime) -> str:
    """Write a date in UTC, ending in ``Z``."""
    return date.astimezone(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def iso_at(simulated: float) -> str:
    """Write the real date on which a simulated second falls."""
    return iso(world.clock.date(simulated))


def iso_duration(seconds: float) -> str:
    """Write a duration in hours, minutes and seconds, without those that are zero."""
    minutes, rest = divmod(round(seconds, 3), 60)
    hours, minutes = divmod(int(minutes), 60)
    parts = ((hours, "H"), (minutes, "M"), (f"{rest:.3f}".rstrip("0").rstrip("."), "S"))
    written = "".join(f"{number}{unit}" for number, unit in parts if number not in {0, "0"})
    return f"PT{written or '0S'}"
