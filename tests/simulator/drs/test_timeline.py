"""Timelines: durations are data, and what follows from them is fixed when a job starts."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from drs_simulator.clock import DEMO
from drs_simulator.drs.durations import Durations, LaunchRequest, plan_launch, plan_termination
from drs_simulator.drs.timeline import Phase
from drs_simulator.fleet import read_fleet

FLEET = {server.id: server for server in read_fleet().servers}
SERVERS = list(FLEET)
WAVES = (SERVERS[:2], SERVERS[2:5], SERVERS[5:9], SERVERS[9:12], SERVERS[12:], SERVERS)
"""The tiers of the fleet's applications, and all of them at once."""


def requests(servers, count=0, *, replaces=False):
    """Describe launches of servers of the fleet, each of its size."""
    return [
        LaunchRequest(server, count, replaces, gib=sum(FLEET[server].disks_gib), fast=False)
        for server in servers
    ]


def small(number):
    """Describe launches of so many small servers."""
    return [LaunchRequest(f"s-{n:017}", 0, replaces=False, gib=50) for n in range(number)]


def minutes(wanted, seed=0):
    """Return how long a job takes."""
    return plan_launch(wanted, Durations(seed)).end / 60


@pytest.mark.parametrize("replaces", [False, True], ids=["first launch", "replacement"])
def test_at_the_default_speed_a_wave_ends_within_30_seconds(replaces):
    """Short enough for a person, whatever wave of the fleet it is."""
    ends = [
        minutes(requests(wave, count, replaces=replaces), seed) * 60 / DEMO
        for wave in WAVES
        for count in range(3)
        for seed in range(10)
    ]
    assert max(ends) <= 30


def test_a_job_takes_8_to_25_minutes():
    """From the smallest server to the whole fleet: what is observed of usual jobs."""
    ends = [minutes(requests(wave), seed) for wave in (*WAVES, *([s] for s in SERVERS)) for seed in range(10)]
    assert 8 <= min(ends) < 9
    assert 22 < max(ends) <= 29


def test_two_small_servers_take_as_long_as_recorded():
    """Recorded: 8:53 and 8:59."""
    ends = [minutes(small(2), seed) for seed in range(100)]
    assert 8 < min(ends) <= 8 + 53 / 60
    assert 8 + 59 / 60 <= max(ends) < 9.5


def test_25_servers_take_as_long_as_recorded():
    """Recorded: 28:46."""
    ends = [minutes(small(25), seed) for seed in range(100)]
    assert min(ends) <= 28 + 46 / 60 <= max(ends)


def test_more_servers_and_larger_ones_take_longer():
    """No matter what is drawn for one job; a server in two is the same, more or less."""
    jobs = [small(number) for number in (2, 3, 5, 10, 25, 100)]
    assert all(minutes(fewer) < minutes(more) for fewer, more in pairwise(jobs))
    sizes = [[replace(request, gib=gib) for request in small(2)] for gib in (50, 500, 2000)]
    assert all(minutes(smaller) < minutes(larger) for smaller, larger in pairwise(sizes))


@pytest.mark.parametrize(
    ("part", "recorded", "slack"),
    [
        ("pending", (0.3, 0.3), 0.3),
        ("snapshot", (0.2, 0.2), 0.2),
        ("preparing", (51, 51), 10),
        ("launch", (278, 310), 20),
    ],
)
def test_each_part_of_a_job_takes_about_as_long_as_recorded(part, recorded, slack):
    """The range has what was recorded, and little besides."""
    taken = [Durations(seed).pick(part, server) for server in SERVERS for seed in range(50)]
    assert recorded[0] - slack <= min(taken) <= recorded[0] + slack / 2
    assert recorded[1] - slack / 2 <= max(taken) <= recorded[1] + slack


def test_the_conversion_of_small_servers_takes_as_long_as_recorded():
    """Recorded: 2:55 and 3:17."""
    jobs = [plan_launch(small(2), Durations(seed)) for seed in range(50)]
    taken = [step.length for job in jobs for step in job.servers[0].steps if step.phase is Phase.CONVERSION]
    assert min(taken) <= 177
    assert max(taken) >= 195


def test_the_phases_of_a_jobs_servers_are_in_step():
    """Recorded: each phase begins for all when the last is through the one before; launches end apart."""
    timeline = plan_launch(requests(SERVERS[:4], replaces=True))
    ends = 0.0
    for phase in Phase:
        steps = [step for server in timeline.servers for step in server.steps if step.phase is phase]
        (begin,) = {step.begin for step in steps}
        assert begin >= ends
        ends = max(step.end for step in steps)
        if phase is Phase.CONVERSION:
            assert len({step.end for step in steps}) == 1
    assert len({server.end for server in timeline.servers}) == len(timeline.servers)


def test_the_log_of_a_job_in_step_is_in_order():
    """No server's phase begins in the log before another one's phase before it has ended."""
    events = plan_launch(requests(SERVERS)).events(10_000)
    names = [event.name for event in events if event.source_server_id]
    for phase, following in (("SNAPSHOT", "CONVERSION"), ("CONVERSION", "LAUNCH")):
        ends = [at for at, name in enumerate(names) if name == f"{phase}_END"]
        assert len(ends) == len(SERVERS)
        assert ends[-1] < names.index(f"{following}_START")


def test_a_server_that_skips_the_conversion_waits_for_the_others():
    """Inferred: launches begin together."""
    fast, slow = small(2)
    timeline = plan_launch([replace(fast, fast=True), slow])
    assert len({server.begin_of(Phase.LAUNCH) for server in timeline.servers}) == 1


def test_the_same_seed_gives_the_same_timeline():
    """A run can be repeated exactly."""
    assert plan_launch(requests(SERVERS)) == plan_launch(requests(SERVERS))
    assert plan_launch(requests(SERVERS)) != plan_launch(requests(SERVERS), Durations(seed=1))


def test_a_job_ends_after_its_last_server():
    """P-2: a job is COMPLETED only when no server is going on."""
    timeline = plan_launch(requests(SERVERS))
    assert timeline.end > max(server.end for server in timeline.servers)
    terminated = plan_termination(0, SERVERS)
    assert terminated.end > max(server.end for server in terminated.servers)
