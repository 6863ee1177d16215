"""The single values of a plan."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from airflow.timetables.interval import CronDataIntervalTimetable
from croniter import croniter
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from drs_recovery.plan import values


def read(kind: Any, value: object) -> Any:
    """Return a value as a plan has it."""
    return TypeAdapter(kind).validate_python(value)


def refuses(kind: Any, value: object) -> bool:
    """Whether a value is refused; anything but a validation error is a mistake."""
    try:
        read(kind, value)
    except ValidationError:
        return True
    return False


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("24h", timedelta(hours=24)),
        ("30m", timedelta(minutes=30)),
        ("1h30m", timedelta(minutes=90)),
        ("2d", timedelta(days=2)),
        ("1d2h3m4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("365d", timedelta(days=365)),
        ("1s", timedelta(seconds=1)),
    ],
)
def test_durations(text: str, duration: timedelta) -> None:
    """Days, hours, minutes and seconds, in this order."""
    assert read(values.Duration, text) == duration


@pytest.mark.parametrize(
    "text",
    [
        "",
        "h",
        "24",
        24,
        "1.5h",
        "-1h",
        "30m1h",
        "1h1h",
        "24H",
        "24 h",
        "PT1H",
        "0s",
        "366d",
        "٣h",
        "1h\n",
        None,
    ],
)
def test_no_durations(text: object) -> None:
    """Anything else, nothing, and more than a year are refused."""
    assert refuses(values.Duration, text)


@given(st.integers(1, 365 * 24 * 3600))
def test_a_duration_is_written_as_it_is_read(seconds: int) -> None:
    """Writing and reading a duration changes nothing."""
    duration = timedelta(seconds=seconds)
    assert read(values.Duration, values.write_duration(duration)) == duration


@pytest.mark.parametrize("value", [1, 999, "1%", "80%", "100%"])
def test_minimums(value: object) -> None:
    """A number of servers, or a percentage, as it is written."""
    assert read(values.MinimumLaunched, value) == value


@pytest.mark.parametrize(
    "value", [0, -1, 1.0, True, "3", "0%", "101%", "080%", "80 %", "80%\n", "٨%", "", None, [1]]
)
def test_no_minimums(value: object) -> None:
    """Nothing, more than all, and anything that only looks like a number are refused."""
    assert refuses(values.MinimumLaunched, value)


@pytest.mark.parametrize(
    "region", ["eu-west-1", "us-gov-east-1", "cn-northwest-1", "us-isob-east-1", "eusc-de-east-1"]
)
def test_regions(region: str) -> None:
    """Regions of every partition."""
    assert read(values.Region, region) == region


@pytest.mark.parametrize(
    "region", ["", "eu-west", "eu-west-1a", "EU-WEST-1", "euwest1", "eu-west-1\n", "eu_west_1"]
)
def test_no_regions(region: str) -> None:
    """Availability Zones and typing mistakes are refused."""
    assert refuses(values.Region, region)


@pytest.mark.parametrize(
    "schedule", ["0 6 1 * *", "*/5 * * * *", "0 6 * * MON-FRI", "0 6 L * *", "0 6 * * sat#1"]
)
def test_schedules(schedule: str) -> None:
    """What croniter, and so Airflow, takes."""
    assert read(values.Cron, schedule) == schedule


@pytest.mark.parametrize(
    "schedule",
    [
        "",
        "@daily",
        "0 6 1 *",
        "0 0 6 1 * *",
        "0 6 1 * * 2026",
        "60 * * * *",
        "0 6 31 2 *",
        "r * * * *",
        "R(1-5) 6 * * *",
        "H H * * *",
        "a b c d e",
        "*/0 * * * *",
        "0 6 1 * *; rm",
        f"{'1,' * 99}1 * * * *",
    ],
)
def test_no_schedules(schedule: str) -> None:
    """No preset, no seconds or years, nothing random, nothing that never comes."""
    assert refuses(values.Cron, schedule)


FIELDS = st.text("0123456789*/,-#?LWRHmonfrijan", max_size=5)


@given(st.one_of(st.text(max_size=20), st.lists(FIELDS, min_size=4, max_size=6).map(" ".join)))
def test_any_schedule_is_refused_or_works_in_airflow(schedule: str) -> None:
    """A schedule that is not refused has a next time and makes a timetable of Airflow's own."""
    if not refuses(values.Cron, schedule):
        taken = read(values.Cron, schedule)
        assert croniter(taken, datetime(2026, 1, 1)).get_next()  # noqa: DTZ001 - any day will do
        CronDataIntervalTimetable(taken, "UTC").validate()


@pytest.mark.parametrize("kind", [values.Line, values.Text])
@pytest.mark.parametrize("text", ["", " ", "\n", "\x1b[31m", "a\0b", "a\u202eb", "x" * 5000], ids=ascii)
def test_no_names_and_texts(kind: Any, text: str) -> None:
    """What people read is not blank, not endless, and cannot steer their terminal."""
    assert refuses(kind, text)


def test_a_name_is_one_line_and_a_description_may_be_more() -> None:
    """Names stand in tables and on buttons."""
    assert refuses(values.Line, "a\nb")
    assert read(values.Text, "a\n\nb\n") == "a\n\nb"
