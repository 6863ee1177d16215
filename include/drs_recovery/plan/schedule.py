"""What a drill schedule means: when it fires next, and what people easily misread in it."""

from __future__ import annotations

from datetime import UTC, datetime

DAY_OF_MONTH, DAY_OF_WEEK = 2, 4
"""Fields of a cron expression."""


def next_dates(cron: str, after: datetime, count: int = 3) -> list[datetime]:
    """Return the next dates of a schedule, in UTC."""
    from croniter import croniter  # noqa: PLC0415 - only plans with a schedule pay for the import

    dates = croniter(cron, after.astimezone(UTC))
    return [dates.get_next(datetime) for _ in range(count)]


def either_day(cron: str) -> str | None:
    """Return a text if a schedule fires on days of the month and on weekdays, each by itself.

    Cron joins the two fields by "or" where both are restricted; most people who write both mean "and".
    """
    from croniter import croniter  # noqa: PLC0415

    days, _ = croniter.expand(cron)
    if "*" in {days[DAY_OF_MONTH][0], days[DAY_OF_WEEK][0]}:
        return None
    fields = cron.split()
    return (
        f"it fires on the days {fields[DAY_OF_MONTH]} of the month and also on each weekday "
        f"{fields[DAY_OF_WEEK]}, not only where both meet"
    )
