"""How values read: what is absent is shown as absent, and times are in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from drs_recovery.text.values import ABSENT, elapsed, or_absent, time_of_day, timestamp

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def test_r26_r29_what_is_absent_is_no_date_and_no_failure() -> None:
    shown = [
        timestamp(None),
        time_of_day(None),
        elapsed(None, NOW),
        elapsed(NOW, None),
        or_absent(None),
        or_absent(""),
    ]
    assert shown == [ABSENT] * 6


def test_times_are_utc() -> None:
    east = NOW.astimezone(timezone(timedelta(hours=5)))
    assert timestamp(east) == "2026-03-01 03:00:00Z"
    assert time_of_day(east) == "03:00:00"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0s"), (59.6, "1m 00s"), (61, "1m 01s"), (3660, "1h 01m"), (90000, "1d 01h"), (-5, "0s")],
)
def test_durations_have_two_units(seconds: float, shown: str) -> None:
    assert elapsed(NOW, NOW + timedelta(seconds=seconds)) == shown
