"""Dates and durations as DRS writes them."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import TYPE_CHECKING

from .world import world

if TYPE_CHECKING:
    from datetime import datetime


def iso(date: datetime) -> str:
    """Write a date in UTC with its microseconds, ending in ``+00:00``.

    The service model's pattern ends in ``Z``; every answer that is recorded ends so.
    """
    return date.astimezone(timezone.utc).isoformat(timespec="microseconds")


def iso_at(simulated: float) -> str:
    """Write the real date on which a simulated second falls."""
    return iso(world.clock.date(simulated))


def whole_second(simulated: float) -> datetime:
    """Return the date of a simulated second without its fraction, be that a hair too small."""
    return (world.clock.date(simulated) + timedelta(milliseconds=1)).replace(microsecond=0)


def iso_second(simulated: float) -> str:
    """Write it as DRS writes when it expects a snapshot (recorded)."""
    return whole_second(simulated).astimezone(timezone.utc).isoformat()


def iso_duration(duration: timedelta | float) -> str:
    """Write a duration in days, hours, minutes and seconds, without those that are zero: none is ``P0D``.

    A number is one of seconds.
    """
    whole = duration if isinstance(duration, timedelta) else timedelta(seconds=duration)
    minutes, rest = divmod(whole.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{whole.microseconds:06}" if whole.microseconds else ""
    days = f"{whole.days}D" if whole.days else ""
    time = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M")) if number)
    if rest or fraction:
        time += f"{rest}{fraction}S"
    return f"P{days}T{time}" if time else f"P{days or '0D'}"
