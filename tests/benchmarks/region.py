"""A whole Region is lost: sixty plans of three waves are triggered at once, and DRS runs twenty jobs.

On a real stack with the shipped settings, the quotas of the real DRS, and the simulator's durations. The
ideal is what list scheduling makes of the very same jobs: the lower tier first, no time between two of them.
Then the queue is disturbed.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from heapq import heappop, heappush
from pathlib import Path
from statistics import mean, median
from typing import TYPE_CHECKING, Any

from rich.table import Table

from drs_recovery.settings import settings
from drs_simulator.drs.quotas import Quotas
from tests.benchmarks import region_disturbed
from tests.benchmarks.region_world import BenchPlan, Calls, Job, Region, Sampler, moment, now

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from rich.console import Console

PLANS, WAVES, SERVERS = 60, 3, 20
TIERS = (1, 2, 3)
SPEED = int(os.environ.get("SPEED", "15"))
"""At 15 a job of twenty servers takes 95 s, and what Airflow and local AWS take weighs 15 times as much."""
AIM = 1.15
LIMIT = 7200.0
NOT_CALLED_BEFORE = timedelta(seconds=settings().hold_seconds + 2)
"""Nobody is called sooner after coming into the queue, and room is kept for them meanwhile."""


def measure(console: Console) -> None:
    """Trigger all plans at once, follow them to their ends, disturb some others, and print what it took."""
    plans = [_plan(number) for number in range(PLANS)]
    disturbed = region_disturbed.PLANS
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        others = [region_disturbed.STRANGER]
        with Region(Path(folder), [*plans, *disturbed], others, SPEED, console) as region:
            with Sampler(region.stack) as sampler, Calls(region) as calls:
                triggered = region.trigger(plans)
                console.print(f"triggered within {(now() - triggered).total_seconds():.0f} s")
                region.wait_for(plans, LIMIT)
                ended = now()
            jobs = list(region.jobs(plans, calls.seen))
            requests = region.control.requests(service="drs")
            _print(console, Measured(jobs, requests, triggered, ended), sampler)
            region_disturbed.measure(region, console)


def _plan(number: int) -> BenchPlan:
    waves = (
        tuple(f"s-000000plan{number:02}w{wave}n{one:02}" for one in range(SERVERS)) for wave in range(WAVES)
    )
    return BenchPlan(f"plan_{number:02}", TIERS[number % len(TIERS)], tuple(waves))


@dataclass(frozen=True)
class Measured:
    """What a run of all plans took; times are real seconds since the first was triggered."""

    jobs: Sequence[Job]
    requests: Sequence[Mapping[str, Any]]
    triggered: datetime
    ended: datetime

    def since(self, moment: datetime) -> float:
        """Return how long after the first trigger something was."""
        return (moment - self.triggered).total_seconds()

    @property
    def makespan(self) -> float:
        """Until the last job ended."""
        return self.since(max(job.ended for job in self.jobs))

    @property
    def ideal(self) -> float:
        """What list scheduling makes of the same jobs, in seconds."""
        return list_schedule(self.jobs)

    @property
    def inversions(self) -> int:
        """How many waves were called although one of a lower tier was in the queue and not called yet."""
        return sum(any(_passed(other, job) for other in self.jobs) for job in self.jobs)

    @property
    def starts(self) -> list[float]:
        """How long each wave that was called took to start, in seconds."""
        return [(job.began - job.called).total_seconds() for job in self.jobs if job.called]

    @property
    def handovers(self) -> list[float]:
        """How long room was there for those in the queue: from the end of the job that made it, to the start.

        As many jobs run at once as the quotas take: who starts next takes the place of who ended first.
        """
        ends = sorted(job.ended for job in self.jobs)
        starts = sorted(self.jobs, key=lambda job: job.began)
        later = zip(ends, starts[most_at_once(Quotas()) :], strict=False)
        return [(job.began - end).total_seconds() for end, job in later if job.queued]


def _passed(first: Job, second: Job) -> bool:
    """Whether the second was let start while the first, of a lower tier, was in the queue and could be."""
    if first.queued is None or first.tier >= second.tier:
        return False
    let_start, turn = second.called or second.began, first.called or first.began
    return first.queued + NOT_CALLED_BEFORE < let_start < turn


def most_at_once(quotas: Quotas) -> int:
    """Return how many jobs of these plans run at once."""
    return min(quotas.concurrent_jobs, quotas.servers_in_all_jobs // SERVERS)


def list_schedule(jobs: Sequence[Job], quotas: Quotas | None = None) -> float:
    """Return the seconds that jobs take if each starts as soon as there is room: the lower tier first."""
    quotas = quotas or Quotas()
    ready = [(job.tier, job.plan, job.wave, job.lasted) for job in jobs if job.wave == 0]
    following = {(job.plan, job.wave): job for job in jobs}
    running: list[tuple[float, str, int]] = []
    now = 0.0
    most = most_at_once(quotas)
    while ready or running:
        ready.sort()
        while ready and len(running) < most:
            _, plan, wave, lasted = ready.pop(0)
            heappush(running, (now + lasted, plan, wave))
        now, plan, wave = heappop(running)
        if (then := following.get((plan, wave + 1))) is not None:
            ready.append((then.tier, plan, then.wave, then.lasted))
    return now


def _print(console: Console, run: Measured, sampler: Sampler) -> None:
    lasted = [job.lasted for job in run.jobs]
    starts = [request for request in run.requests if request["operation"] == "StartRecovery"]
    refused = [request for request in starts if request.get("error") == "ServiceQuotaExceededException"]
    by_minute = Counter(
        int(run.since(moment(request["time"])) // 60)
        for request in run.requests
        if request["operation"] == "DescribeJobs"
    )
    looks = [by_minute[minute] for minute in range(1, max(by_minute, default=1))] or [0]
    waited = [job for job in run.jobs if job.queued]
    rows = {
        "makespan, first trigger to the end of the last job": f"{run.makespan:.0f} s",
        "ideal of list scheduling, the same jobs": f"{run.ideal:.0f} s",
        f"ratio (aim {AIM})": f"{run.makespan / run.ideal:.2f}",
        "the last run has ended": f"{run.since(run.ended):.0f} s",
        "first job after the first trigger": f"{run.since(min(job.began for job in run.jobs)):.1f} s",
        "a job lasts, median": f"{median(lasted):.0f} s",
        "waves that waited in the queue": f"{len(waited)} of {len(run.jobs)}",
        "room to the next start of the queue, median, max": _both(run.handovers),
        "a call to the start of its job, median, max": _both(run.starts),
        "inversions of tier (aim 0)": str(run.inversions),
        "refusals for a quota, per job (aim 1)": f"{len(refused) / len(run.jobs):.2f}",
        "StartRecovery calls, per job": f"{len(starts) / len(run.jobs):.2f}",
        "DescribeJobs per minute: least, median, most": f"{min(looks)}, {median(looks):.0f}, {max(looks)}",
        "calls of DRS": f"{len(run.requests):,}",
        "connections to Airflow's database, most": str(sampler.connections),
        "the machine's cores were busy, mean, most": f"{mean(sampler.busy):.0%}, {max(sampler.busy):.0%}",
    }
    for name, most in sampler.memory.most_common():
        rows[f"memory of {name}, most"] = f"{most / 2**20:.0f} MiB"
    for tier in TIERS:
        last = max(job.ended for job in run.jobs if job.tier == tier)
        rows[f"tier {tier} is recovered"] = f"{run.since(last):.0f} s"
    title = f"{PLANS} recoveries of {WAVES} waves of {SERVERS} servers at once, speed {SPEED}"
    table = Table("what", "figure", title=title, title_justify="left")
    for name, figure in rows.items():
        table.add_row(name, figure)
    console.print(table)


def _both(values: Sequence[float]) -> str:
    return f"{median(values):.1f} s, {max(values):.1f} s" if values else "-"
