"""A whole Region is lost: sixty plans of three waves are triggered at once, and DRS runs twenty jobs.

On a real stack with the shipped settings, the quotas of the real DRS, and the simulator's durations. The
ideal is what list scheduling makes of the very same jobs: the lower tier first, no time between two of them.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from itertools import product
from pathlib import Path
from statistics import median
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Self

import boto3
import psutil
import yaml
from rich.table import Table
from sqlalchemy import create_engine, text

from drs_simulator.client import Control
from drs_simulator.drs.quotas import Quotas
from launcher.environment import LOCAL_AWS_ACCOUNT
from launcher.stack import ADMIN, Stack
from launcher.state import read_state
from tests.airflow_rest import ENDED, Airflow
from tests.integration.records import Records

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import Console

PLANS, WAVES, SERVERS = 60, 3, 20
TIERS = (1, 2, 3)
SPEED = 15
"""A job of twenty servers then takes about 95 s, and what Airflow takes weighs as many times as much."""
AIM = 1.15
LIMIT = 7200.0
SAMPLED_EVERY = 5.0
CREDENTIALS = ("aws_access_key_id", "aws_secret_access_key")
BETWEEN_CALL_AND_START = timedelta(seconds=15)
"""Who was called starts within this: who joins the queue meanwhile with a lower tier was not passed."""


@dataclass(frozen=True)
class Job:
    """A wave by its record and its job: when it came into the queue, if it did, and how long DRS took."""

    plan: str
    tier: int
    wave: int
    queued: datetime | None
    began: datetime
    ended: datetime

    @property
    def lasted(self) -> float:
        """Seconds."""
        return (self.ended - self.began).total_seconds()


def measure(console: Console) -> None:
    """Trigger all plans at once, follow them to their ends, and print what it took."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        home = Path(folder)
        plans = home / "plans"
        plans.mkdir()
        tiers = {f"plan_{number:02}": TIERS[number % len(TIERS)] for number in range(PLANS)}
        for plan, tier in tiers.items():
            (plans / f"{plan}.yaml").write_text(_plan(plan, tier))
        fleet = home / "fleet.yaml"
        fleet.write_text(_fleet(tiers))
        stack = RegionStack(home, fleet, plans=plans, console=console)
        with stack, Sampler(stack) as sampler, Control(stack.aws_url) as control:
            triggered, ended = _recover(stack, tiers, console)
            jobs = list(_jobs(stack, tiers))
            requests = control.requests()
    _print(console, Measured(jobs, requests, triggered, ended), sampler)


class RegionStack(Stack):
    """A stack whose local AWS has a fleet of its own."""

    def __init__(self, home: Path, fleet: Path, **kwargs: Any) -> None:
        super().__init__(home, speed=str(SPEED), **kwargs)
        self._fleet = fleet

    def _local_aws_options(self) -> tuple[str, ...]:
        return (*super()._local_aws_options(), "--fleet", str(self._fleet))


class Sampler:
    """Looks at the stack's processes and database every few seconds, and keeps the highest of each."""

    def __init__(self, stack: Stack) -> None:
        self.memory: Counter[str] = Counter()
        self.connections = 0
        self._stack = stack
        self._stop = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        database = create_engine(self._stack.env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
        while not self._stop.wait(SAMPLED_EVERY):
            self.memory |= Counter(dict(self._memory()))
            with database.connect() as connection:
                found = connection.execute(
                    text("SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL")
                )
                self.connections = max(self.connections, found.scalar_one() - 1)
        database.dispose()

    def _memory(self) -> Iterator[tuple[str, int]]:
        """Yield how much memory each component has, with all that it started, what is shared in parts."""
        state = read_state(self._stack.home)
        for child in state.children if state else ():
            yield child.name, sum(map(_share, child.session()))


def _share(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


def _servers(plan: str, wave: int) -> list[str]:
    return [f"s-0000{plan.replace('_', '')}w{wave}n{number:02}" for number in range(SERVERS)]


def _plan(plan: str, tier: int) -> str:
    waves = [
        {"name": f"Wave{wave}", "pause_before_wave": False, "servers": _servers(plan, wave)}
        for wave in range(WAVES)
    ]
    head = {
        "name": plan,
        "description": "One of many.",
        "owner": "bench",
        "region": "eu-west-1",
        "tier": tier,
    }
    return str(yaml.safe_dump(head | {"waves": waves}, sort_keys=False))


def _fleet(plans: Mapping[str, int]) -> str:
    servers = [
        {"id": server, "hostname": f"{server}.example"}
        for plan, wave in product(plans, range(WAVES))
        for server in _servers(plan, wave)
    ]
    return str(yaml.safe_dump({"account": "123456789012", "region": "eu-west-1", "servers": servers}))


def _recover(stack: Stack, plans: Mapping[str, int], console: Console) -> tuple[datetime, datetime]:
    """Trigger all plans, and return when that began, and when the last had ended; each must be COMPLETED."""
    airflow = Airflow(stack.airflow_url, ADMIN, stack.passwords[ADMIN], patience_seconds=60)
    begin, limit = datetime.now().astimezone(), time.monotonic() + LIMIT
    for plan in plans:
        conf = {"execution_type": "RECOVERY", "confirm": plan, "reason": "the Region is lost"}
        airflow.trigger(plan, "lost", **conf).raise_for_status()
    console.print(f"triggered within {(datetime.now().astimezone() - begin).total_seconds():.0f} s")
    going = dict.fromkeys(plans, "")
    with console.status("recovering") as status:
        while going and time.monotonic() < limit:
            time.sleep(2)
            for plan in list(going):
                if (state := airflow.run(plan, "lost")["state"]) in ENDED:
                    if state != "success":
                        raise RuntimeError(f"{plan} ended {state}")
                    del going[plan]
            status.update(f"{len(plans) - len(going)} of {len(plans)} have ended")
    if going:
        raise RuntimeError(f"not ended within {LIMIT:.0f} s: {', '.join(going)}")
    return begin, datetime.now().astimezone()


def _jobs(stack: Stack, plans: Mapping[str, int]) -> Iterator[Job]:
    """Yield every wave by the record, as it is in the table, with the job that launched it."""
    account = {name: LOCAL_AWS_ACCOUNT[name.upper()] for name in CREDENTIALS}
    aws = partial(boto3.client, region_name="eu-west-1", endpoint_url=stack.aws_url, **account)
    records = Records(aws("dynamodb"))
    pages = aws("drs").get_paginator("describe_jobs").paginate()
    jobs = {job["jobID"]: job for page in pages for job in page["items"]}
    for plan, tier in plans.items():
        execution = records.of_run(plan, "lost")
        if execution is None or execution["status"] != "COMPLETED":
            raise RuntimeError(f"{plan}: {execution and execution['status']}")
        queued = {
            int(event["waveNumber"]): _time(event["time"])
            for event in records.events(execution)
            if event["type"] == "START_WAITING"
        }
        for number, wave in enumerate(execution["waves"]):
            (job_id,) = wave["jobIds"]
            job = jobs[job_id]
            began, ended = _time(job["creationDateTime"]), _time(job["endDateTime"])
            yield Job(plan, tier, number, queued.get(number), began, ended)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


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
        """How many waves started although one of a lower tier was in the queue and not called yet."""
        return sum(any(_passed(other, job) for other in self.jobs) for job in self.jobs)

    @property
    def handovers(self) -> list[float]:
        """How long room was there for those in the queue: from the end of a job to the next start."""
        ends = sorted(job.ended for job in self.jobs)
        starts = sorted(job.began for job in self.jobs if job.queued)
        found, taken = [], 0
        for start in starts:
            freed = [end for end in ends[taken:] if end < start]
            if freed:
                found.append((start - freed[0]).total_seconds())
                taken += 1
        return found


def _passed(first: Job, second: Job) -> bool:
    """Whether the second started while the first, of a lower tier, waited for its call."""
    if first.queued is None or first.tier >= second.tier:
        return False
    return first.queued + BETWEEN_CALL_AND_START < second.began < first.began - BETWEEN_CALL_AND_START


def list_schedule(jobs: Sequence[Job], quotas: Quotas | None = None) -> float:
    """Return the seconds that jobs take if each starts as soon as there is room: the lower tier first."""
    quotas = quotas or Quotas()
    ready = [(job.tier, job.plan, job.wave, job.lasted) for job in jobs if job.wave == 0]
    following = {(job.plan, job.wave): job for job in jobs}
    running: list[tuple[float, str, int]] = []
    now = 0.0
    most = min(quotas.concurrent_jobs, quotas.servers_in_all_jobs // SERVERS)
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
    refused = [request for request in starts if request["error"] == "ServiceQuotaExceededException"]
    by_minute = Counter(
        int(run.since(_time(request["time"])) // 60)
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
        "inversions of tier (aim 0)": str(run.inversions),
        "refusals for a quota, per job (aim 1)": f"{len(refused) / len(run.jobs):.2f}",
        "StartRecovery calls, per job": f"{len(starts) / len(run.jobs):.2f}",
        "DescribeJobs per minute: least, median, most": f"{min(looks)}, {median(looks):.0f}, {max(looks)}",
        "requests to AWS in the log": f"{len(run.requests):,}",
        "connections to Airflow's database, most": str(sampler.connections),
    }
    for name, memory in sampler.memory.most_common():
        rows[f"memory of {name}, most"] = f"{memory / 2**20:.0f} MiB"
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
