"""The clock: time stands still until it is advanced, and what has passed keeps its date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from drs_simulator.client import ControlRefused
from drs_simulator.clock import Clock, clock

DB1, APP1 = "s-000000000000db001", "s-00000000000app001"


@pytest.fixture
def control(local_aws):
    """Give the control of a simulator whose time stands still."""
    local_aws.control.set_speed("manual")
    return local_aws.control


def test_time_stands_still_until_it_is_advanced(control):
    """Under manual no second passes by itself, and exactly as many as are asked for."""
    before = control.clock()
    assert before["speed"] == "manual"
    assert control.clock() == before
    after = control.advance(90)
    assert after["simulatedSeconds"] == pytest.approx(before["simulatedSeconds"] + 90, abs=1e-5)
    assert control.clock() == after


def test_time_that_stands_still_can_be_stopped_again(control):
    """It keeps its date, and can be advanced as before."""
    before = control.clock()
    control.set_speed("manual")
    assert control.clock() == before
    assert control.advance(60)["simulatedSeconds"] == pytest.approx(before["simulatedSeconds"] + 60)


def test_a_job_moves_as_far_as_time_is_advanced(control, launch, look):
    """A job passes through its states as the clock is moved, however long that takes the client."""
    job = launch(DB1)
    assert [look(job)["status"], look(job)["status"]] == ["PENDING", "PENDING"]
    control.advance(61)
    assert [look(job)["status"], look(job)["status"]] == ["STARTED", "STARTED"]
    control.advance(1300)
    seen = look(job)
    assert (seen["status"], seen["participatingServers"][0]["launchStatus"]) == ("COMPLETED", "LAUNCHED")


def test_what_begins_while_time_stands_still_is_dated_in_its_order(control, drs, launch):
    """Two jobs have two dates, within the client's own clock, and are found by them."""
    before = datetime.now(UTC)
    first, second = launch(DB1), launch(APP1)
    assert first["creationDateTime"] < second["creationDateTime"]
    assert before <= datetime.fromisoformat(first["creationDateTime"])
    assert datetime.fromisoformat(second["creationDateTime"]) <= datetime.now(UTC)
    since = drs.describe_jobs(filters={"fromDate": second["creationDateTime"].replace("+00:00", "Z")})[
        "items"
    ]
    assert [job["jobID"] for job in since] == [second["jobID"]]


def test_dates_stay_and_never_go_back_when_time_is_advanced(control, drs, launch, look):
    """What has been dated keeps its date, log entries are in order, and nothing lies in the future."""
    job = launch(DB1)
    reported = []
    for _ in range(30):
        control.advance(50)
        log = drs.describe_job_log_items(jobID=job["jobID"])["items"]
        dates = [entry["logDateTime"] for entry in log]
        assert dates[: len(reported)] == reported
        assert dates == sorted(dates)
        reported = dates
        assert look(job)["creationDateTime"] == job["creationDateTime"]
    assert look(job)["status"] == "COMPLETED"
    assert job["creationDateTime"] <= reported[0]
    assert datetime.fromisoformat(reported[-1]) <= datetime.now(UTC)


def test_a_job_outlives_changes_of_speed(control, launch, look):
    """Stopping and starting time takes nothing back and dates nothing again."""
    job = launch(DB1)
    control.advance(61)
    control.set_speed("real")
    assert look(job)["status"] == "STARTED"
    control.set_speed("manual")
    control.set_speed("immediate")
    seen = look(job)
    assert (seen["status"], seen["creationDateTime"]) == ("COMPLETED", job["creationDateTime"])


@pytest.mark.parametrize("speed", ["real", "immediate", 60])
def test_time_can_be_advanced_at_every_speed(local_aws, speed):
    """A jump is a jump, whatever the speed is before and after."""
    local_aws.control.set_speed(speed)
    before = local_aws.control.clock()["simulatedSeconds"]
    assert local_aws.control.advance(1000)["simulatedSeconds"] >= before + 1000


@pytest.mark.parametrize("seconds", [0, -1, "soon", None, 10**12])
def test_time_is_advanced_by_seconds_above_zero(local_aws, seconds):
    """What is no such number is refused, with its place."""
    with pytest.raises(ControlRefused, match="seconds"):
        local_aws.control.advance(seconds)


def test_advance_needs_seconds_and_nothing_else(local_aws):
    """A body of another form is refused."""
    url = f"{local_aws.url}/simulator/clock/advance"
    answer = httpx.post(url, json={"seconds": 1, "minutes": 2}, trust_env=False)
    assert (answer.status_code, "minutes" in answer.json()["error"]) == (400, True)


def test_dates_lie_evenly_in_what_was_advanced():
    """Half of an advance is dated half way between the two moments at which time stood."""
    clock = Clock("manual")
    start = clock.begin()
    clock.advance(100)
    first, middle, last = (clock.date(start + passed).timestamp() for passed in (0, 50, 100))
    assert first <= middle <= last
    assert middle == pytest.approx((first + last) / 2, abs=1e-3)


@pytest.mark.parametrize("speed", ["manual", 1.0, "immediate", 1000.0])
def test_what_has_passed_keeps_its_date(speed):
    """Neither a jump nor another speed changes a date that was told."""
    clock = Clock(speed)
    reported = {}
    for change in (
        lambda: clock.advance(30),
        lambda: clock.set_speed("manual"),
        lambda: clock.set_speed(7.0),
    ):
        second = clock.begin()
        reported[second] = clock.date(second)
        change()
    assert {second: clock.date(second) for second in reported} == reported
    assert list(reported.values()) == sorted(reported.values())


@pytest.mark.parametrize("speed", ["manual", 1.0, "immediate", 1000.0])
def test_what_lies_before_the_start_passed_at_the_real_speed(speed):
    """A second that long ago is dated that long ago, before and after every advance and change of speed."""
    clock = Clock(speed)
    start = clock.begin()
    origin = clock.date(start)
    for change in (
        lambda: None,
        lambda: clock.advance(3600),
        lambda: clock.set_speed("manual"),
        lambda: clock.advance(0.001),
        lambda: clock.set_speed(7.0),
    ):
        change()
        for passed in (1, 600, 86_400, 30 * 86_400):
            assert origin - clock.date(start - passed) == pytest.approx(
                timedelta(seconds=passed), abs=timedelta(milliseconds=100)
            )


def test_what_begins_when_time_goes_on_is_dated_then(control, launch, monkeypatch):
    """Not at the moment at which time was stopped, however long it stood."""
    real = clock.date(clock.now()).timestamp() + 600
    monkeypatch.setattr(clock, "_real", lambda: real)
    control.set_speed("real")
    created = datetime.fromisoformat(launch(DB1)["creationDateTime"]).timestamp()
    assert created == pytest.approx(real, abs=0.01)
