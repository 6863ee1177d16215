"""What a client computes a recovery point objective from agrees, at every speed and after every advance.

Lag, recovery points, snapshots and the times of jobs are shown apart from each other; a client takes any two.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drs_simulator.clock import clock, read_speed
from tests.budgets import examples
from tests.simulator.drs.replicating import seconds as read

DB1 = "s-000000000000db001"
SLACK = timedelta(seconds=1.1)
"""Lags are shown in whole seconds."""

SPEEDS = st.sampled_from(["manual", "real", "immediate", 60, 1000])
STEPS = st.one_of(
    st.tuples(st.just("advance"), st.floats(1, 20_000)),
    st.tuples(st.just("wait"), st.floats(1, 3_000)),
    st.tuples(st.just("speed"), SPEEDS),
    st.tuples(st.just("lag"), st.floats(5, 20_000)),
    st.tuples(st.just("stall"), st.floats(0, 20_000)),
    st.tuples(st.just("disconnect"), st.floats(0, 20_000)),
    st.tuples(st.just("mend"), st.none()),
)


class Client:
    """A client of DRS, whose clock passes only when it waits."""

    def __init__(self, local_aws, drs, monkeypatch):
        self.control, self.drs = local_aws.control, drs
        self._monkeypatch = monkeypatch
        self._passed = 0.0

    def start(self, speed):
        """Begin again at a speed, with a clock that stands."""
        self._passed = 0.0
        self._monkeypatch.setattr(clock, "_real", lambda: 1.8e9 + self._passed)
        self.control.reset()
        clock.reset(read_speed(speed))

    def now(self):
        """Tell the time by the client's own clock."""
        return datetime.fromtimestamp(1.8e9 + self._passed, UTC)

    def do(self, what, value):
        """Let something happen."""
        if what == "wait":
            self._passed += value
        elif what == "advance":
            self.control.advance(value)
        elif what == "speed":
            self.control.set_speed(value)
        elif what == "mend":
            self.control.clear_faults()
        else:
            getattr(self.control, f"{what}_server")(DB1, value)

    def lag(self):
        """Return the lag of the server as it is shown."""
        (server,) = self.drs.describe_source_servers(filters={"sourceServerIDs": [DB1]})["items"]
        return timedelta(seconds=read(server["dataReplicationInfo"]["lagDuration"]))

    def snapshots(self):
        """Return the moments of the snapshots that are taken, the last one first."""
        taken = self.drs.describe_recovery_snapshots(sourceServerID=DB1, order="DESC")["items"]
        return [_date(item["timestamp"]) for item in taken if "timestamp" in item]

    def recover(self):
        """Launch the server; return the job, its log and the recovery point of its instance, if any."""
        servers = [{"sourceServerID": DB1}]
        job = self.drs.start_recovery(sourceServers=servers, isDrill=True)["job"]
        self.control.advance(7_200)
        (job,) = self.drs.describe_jobs(filters={"jobIDs": [job["jobID"]]})["items"]
        assert job["status"] == "COMPLETED"
        log = self.drs.describe_job_log_items(jobID=job["jobID"])["items"]
        instances = self.drs.describe_recovery_instances()["items"]
        points = [_date(instance["pointInTimeSnapshotDateTime"]) for instance in instances]
        assert len(points) == [entry["event"] for entry in log].count("LAUNCH_END")
        return job, log, points


def _date(text):
    return datetime.fromisoformat(text)


@pytest.fixture
def client(local_aws, drs, monkeypatch):
    """Give a client of a simulator whose time the test decides."""
    return Client(local_aws, drs, monkeypatch)


@given(speed=SPEEDS, steps=st.lists(STEPS, max_size=6))
@settings(
    max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_lag_snapshots_recovery_points_and_job_times_agree(client, speed, steps):
    """Whatever passed before, no data are newer than the lag allows, and nothing lies in the future."""
    client.start(speed)
    for what, value in steps:
        client.do(what, value)
    lag, asked, snapshots = client.lag(), client.now(), client.snapshots()
    assert all(asked - taken >= lag - SLACK for taken in snapshots)
    job, log, launched = client.recover()
    created, ended, now = _date(job["creationDateTime"]), _date(job["endDateTime"]), client.now()
    assert timedelta(0) <= created - asked <= SLACK
    dates = [_date(entry["logDateTime"]) for entry in log]
    assert [created, *dates, ended] == sorted([created, *dates, ended])
    assert ended <= now
    if not launched:  # no data come in, and the last snapshot has expired
        assert (snapshots, lag > SLACK) == ([], True)
        return
    (point,) = launched
    points = [entry["eventData"].get("conversionProperties", {}).get("dataTimestamp") for entry in log]
    assert {_date(reported) for reported in points if reported} == {point}
    assert created - point >= lag - SLACK
    if snapshots and point <= created:
        assert point >= snapshots[0] - SLACK
    if "USING_PREVIOUS_SNAPSHOT" in [entry["event"] for entry in log]:
        assert point == snapshots[0]
    else:
        assert created - point <= lag + SLACK


@given(speed=SPEEDS, behind=st.floats(0, 20_000), passing=st.lists(STEPS.filter(lambda s: s[0] in PASSING)))
@settings(
    max_examples=examples(10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_data_of_a_server_that_is_stalled_are_those_of_one_moment(client, speed, behind, passing):
    """However time passes, the client's clock and the lag lead to the same moment."""
    client.start(speed)
    client.do("wait", 100)
    client.do("stall", behind)
    until = client.now() - client.lag()
    assert abs(client.lag() - timedelta(seconds=behind)) <= SLACK
    for what, value in passing:
        client.do(what, value)
        assert abs(client.now() - client.lag() - until) <= SLACK


PASSING = ("advance", "wait", "speed")


@pytest.mark.parametrize("speed", ["manual", "real", "immediate", 60, 1000])
def test_the_snapshots_of_before_the_start_are_ten_minutes_apart(client, speed):
    """At every speed the past passed at the real one, and keeps its dates whatever passes after it."""
    client.start(speed)
    before = client.snapshots()
    assert [later - earlier for earlier, later in pairwise(before[4::-1])] == [timedelta(minutes=10)] * 4
    assert timedelta(0) <= client.now() - before[0] <= timedelta(minutes=10)
    for what, value in (("advance", 1), ("wait", 1), ("speed", "manual"), ("advance", 1)):
        client.do(what, value)
    assert set(before[:4]) <= set(client.snapshots())
