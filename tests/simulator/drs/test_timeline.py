"""Timelines: durations are data, and what follows from them is fixed when a job starts."""

from __future__ import annotations

import pytest

from simulator.clock import DEMO
from simulator.drs.durations import Durations, LaunchRequest, plan_launch, plan_termination
from simulator.fleet import read_fleet

SERVERS = [server.id for server in read_fleet().servers]


@pytest.mark.parametrize("replaces", [False, True], ids=["first launch", "replacement"])
def test_at_the_speed_of_the_demo_a_job_takes_12_to_30_seconds(replaces):
    """Long enough for a trigger's hold of 10 seconds, short enough for a person."""
    ends = [
        plan_launch([LaunchRequest(server, count, replaces)], Durations(seed)).end / DEMO
        for server in SERVERS
        for count in range(5)
        for seed in range(10)
    ]
    assert min(ends) >= 12
    assert max(ends) <= 30


def test_the_same_seed_gives_the_same_timeline():
    """A run can be repeated exactly."""
    requests = [LaunchRequest(server, 0, False) for server in SERVERS]
    assert plan_launch(requests) == plan_launch(requests)
    assert plan_launch(requests) != plan_launch(requests, Durations(seed=1))


def test_servers_of_a_job_take_differently_long():
    """The spread shows: servers do not end in the same second."""
    timeline = plan_launch(LaunchRequest(server, 0, False) for server in SERVERS)
    assert len({server.end for server in timeline.servers}) == len(SERVERS)


def test_a_job_ends_after_its_last_server():
    """P-2: a job is COMPLETED only when no server is going on."""
    timeline = plan_launch(LaunchRequest(server, 0, False) for server in SERVERS)
    assert timeline.end > max(server.end for server in timeline.servers)
    terminated = plan_termination(0, SERVERS)
    assert terminated.end > max(server.end for server in terminated.servers)
