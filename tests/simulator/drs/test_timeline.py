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


@pytest.mark.parametrize(
    ("part", "shortest", "longest"),
    [("pending", 30, 60), ("snapshot", 1, 60), ("conversion", 120, 840), ("launch", 60, 360)],
)
def test_each_part_of_a_job_takes_as_long_as_on_aws(part, shortest, longest):
    """Within what is observed: started after 30 to 60 s, conversion 2 to 14 min, launch 1 to 6 min."""
    taken = [Durations(seed).pick(part, server) for server in SERVERS for seed in range(10)]
    assert shortest <= min(taken) < max(taken) <= longest


@pytest.mark.parametrize("replaces", [False, True], ids=["first launch", "replacement"])
def test_a_job_takes_10_to_25_minutes(replaces):
    """Within what is observed."""
    ends = [plan_launch([LaunchRequest(server, 0, replaces)]).end / 60 for server in SERVERS]
    assert 10 <= min(ends) < max(ends) <= 25


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
