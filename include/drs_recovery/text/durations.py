"""Durations for people: in sentences by `in_words` and `roughly`, in tables by `brief` and `lasting`."""

from __future__ import annotations

from datetime import timedelta

DAYS = timedelta(days=2)
"""From here on days are counted; what is shorter is given in hours, such as 24 hours."""


def duration_text(duration: timedelta) -> str:
    """Return a duration to the second, such as `24 hours` or `1 hour 30 minutes`; rounded up."""
    return " ".join(_text(duration)) or "0 seconds"


def roughly(duration: timedelta) -> str:
    """Return a duration in the two largest of its units, such as `25 days 9 hours`; rounded down."""
    seconds = max(duration, timedelta()) // timedelta(seconds=1)
    return " ".join(_text(timedelta(seconds=seconds))[:2]) or "0 seconds"


def compact(duration: timedelta) -> str:
    """Return a duration to the second in letters, such as 1h 30m; rounded up."""
    days, hours, minutes, seconds = _parts(duration)
    parts = {"d": days, "h": hours, "m": minutes, "s": seconds}
    return " ".join(f"{count}{unit}" for unit, count in parts.items() if count) or "0s"


def lasting(duration: timedelta) -> str:
    """Return a duration in its two largest units, in letters of a width that hardly changes: 5m 03s."""
    days, hours, minutes, seconds = _parts(timedelta(seconds=round(duration.total_seconds())))
    if days:
        return f"{days}d {hours:02}h"
    if hours:
        return f"{hours}h {minutes:02}m"
    return f"{minutes}m {seconds:02}s" if minutes else f"{seconds}s"


def _text(duration: timedelta) -> list[str]:
    days, hours, minutes, seconds = _parts(duration)
    if duration < DAYS:
        days, hours = 0, 24 * days + hours
    parts = [(days, "day"), (hours, "hour"), (minutes, "minute"), (seconds, "second")]
    return [f"{count} {unit}{'s' * (count != 1)}" for count, unit in parts if count]


def _parts(duration: timedelta) -> tuple[int, int, int, int]:
    """Return days, hours, minutes, seconds; a second that has begun counts, what is negative is none."""
    seconds = -(-max(duration, timedelta()) // timedelta(seconds=1))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return days, hours, minutes, seconds
