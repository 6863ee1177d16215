"""A Region as benchmarks see it: a stack with many plans, how they are triggered, and what came of each."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import boto3
import psutil
import yaml
from sqlalchemy import create_engine, text

from drs_recovery.store.queue import QueueKey, read_queue
from drs_recovery.store.store import ExecutionStore
from drs_simulator.client import Control
from launcher.environment import LOCAL_AWS_ACCOUNT
from launcher.stack import ADMIN, Stack
from launcher.state import read_state
from tests.airflow_rest import Airflow
from tests.background import Background
from tests.benchmarks.memory import memory
from tests.integration.records import TABLE, Records

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from rich.console import Console

RUN = "lost"
ACTIVE = {"state": ["queued", "running"], "limit": 100}
SAMPLED_EVERY = 5.0
LOCAL_AWS, BEHIND = "local-aws", 5
ACCOUNT, REGION = "123456789012", "eu-west-1"
CREDENTIALS = ("aws_access_key_id", "aws_secret_access_key")


@dataclass(frozen=True)
class BenchPlan:
    """A plan whose waves follow one another without gates; ``waves`` are their servers."""

    id: str
    tier: int
    waves: tuple[tuple[str, ...], ...]

    def text(self) -> str:
        """Return the plan file."""
        waves = [
            {"name": f"Wave{number}", "servers": list(servers)} for number, servers in enumerate(self.waves)
        ]
        about = {"name": self.id, "description": "One of many.", "owner": "bench", "region": REGION}
        return str(yaml.safe_dump(about | {"tier": self.tier, "waves": waves}, sort_keys=False))


@dataclass(frozen=True)
class Job:
    """A wave by its record and its job: when it came into the queue and was called, if it did and was."""

    plan: str
    tier: int
    wave: int
    queued: datetime | None
    called: datetime | None
    began: datetime
    ended: datetime

    @property
    def lasted(self) -> float:
        """Seconds."""
        return (self.ended - self.began).total_seconds()


class RegionStack(Stack):
    """A stack whose local AWS has a fleet of its own."""

    def __init__(self, home: Path, fleet: Path, **kwargs: Any) -> None:
        super().__init__(home, **kwargs)
        self._fleet = fleet

    def _local_aws_options(self) -> tuple[str, ...]:
        return (*super()._local_aws_options(), "--fleet", str(self._fleet))


class Region:
    """The stack, with those plans and all their servers."""

    def __init__(
        self,
        beside: Path,
        plans: Collection[BenchPlan],
        others: Sequence[str],
        speed: float,
        console: Console,
    ) -> None:
        folder = beside / "plans"
        folder.mkdir()
        for plan in plans:
            (folder / f"{plan.id}.yaml").write_text(plan.text())
        ids = [server for plan in plans for wave in plan.waves for server in wave]
        servers = [{"id": server, "hostname": f"{server}.example"} for server in [*ids, *others]]
        place = {"account": ACCOUNT, "region": REGION}
        fleet = beside / "fleet.yaml"
        fleet.write_text(yaml.safe_dump(place | {"servers": servers}))
        self.console = console
        self.stack = RegionStack(beside / "home", fleet, plans=folder, speed=str(speed), console=console)

    def __enter__(self) -> Self:
        self.stack.start()
        _let_aws_go_first(self.stack)
        self.control = Control(self.stack.aws_url)
        self.airflow = Airflow(
            self.stack.airflow_url, ADMIN, self.stack.passwords[ADMIN], patience_seconds=60
        )
        account = {name: LOCAL_AWS_ACCOUNT[name.upper()] for name in CREDENTIALS}
        self.client: Any = partial(
            boto3.client, region_name=REGION, endpoint_url=self.stack.aws_url, **account
        )
        self.records = Records(self.client("dynamodb"))
        return self

    def __exit__(self, *_: object) -> None:
        self.control.close()
        self.stack.stop()

    def trigger(self, plans: Collection[BenchPlan]) -> datetime:
        """Ask for a RECOVERY of each; returns when the first was asked for."""
        begin = now()
        for plan in plans:
            conf = {"execution_type": "RECOVERY", "confirm": plan.id, "reason": "the Region is lost"}
            self.airflow.trigger(plan.id, RUN, **conf).raise_for_status()
        return begin

    def wait_for(self, plans: Collection[BenchPlan], seconds: float) -> None:
        """Wait until all have ended; raises RuntimeError if one does not, or not COMPLETED."""
        going, limit = [plan.id for plan in plans], time.monotonic() + seconds
        with self.console.status("recovering") as status:
            while going:
                if time.monotonic() > limit:
                    raise RuntimeError(f"not ended within {seconds:.0f} s: {', '.join(going)}")
                runs = self.airflow.call("GET", "/dags/~/dagRuns", params=ACTIVE).raise_for_status().json()
                active = {run["dag_id"] for run in runs["dag_runs"]}
                going = [plan for plan in going if plan in active]
                status.update(f"{len(plans) - len(going)} of {len(plans)} have ended")
                time.sleep(2)
        ended = self._executions()
        statuses = {plan.id: ended[plan.id]["status"] for plan in plans}
        if bad := {plan: status for plan, status in statuses.items() if status != "COMPLETED"}:
            raise RuntimeError(f"not COMPLETED: {bad}")

    def jobs(self, plans: Collection[BenchPlan], calls: Mapping[tuple[str, int], datetime]) -> Iterator[Job]:
        """Yield every wave, by the record as it is in the table, with the job that launched it.

        ``calls`` are when waves of the queue were let start, by plan and number.
        """
        pages = self.client("drs").get_paginator("describe_jobs").paginate()
        jobs = {job["jobID"]: job for page in pages for job in page["items"]}
        executions = self._executions()
        for plan in plans:
            execution = executions[plan.id]
            queued = {
                int(event["waveNumber"]): moment(event["time"])
                for event in self.records.events(execution)
                if event["type"] == "START_WAITING"
            }
            for number, wave in enumerate(execution["waves"]):
                (job_id,) = wave["jobIds"]
                began, ended = (moment(jobs[job_id][name]) for name in ("creationDateTime", "endDateTime"))
                came, called = queued.get(number), calls.get((plan.id, number))
                yield Job(plan.id, plan.tier, number, came, called, began, ended)

    def _executions(self) -> dict[str, Any]:
        return {item["planId"]: item for item in self.records.scan() if item["item"] == "EXECUTION"}


class Sampler(Background):
    """Looks at the stack's processes and database every few seconds, and keeps the highest of each.

    ``busy`` are the shares of all cores that anything on the machine took, from one look to the next.
    """

    def __init__(self, stack: Stack) -> None:
        self.memory: Counter[str] = Counter()
        self.connections = 0
        self.busy: list[float] = []
        self._stack = stack
        super().__init__()

    def _go_on(self) -> None:
        database = create_engine(self._stack.env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
        psutil.cpu_percent()  # what it returns the next time is counted from here
        while not self._stop.wait(SAMPLED_EVERY):
            self.busy.append(psutil.cpu_percent() / 100)
            self.memory |= Counter(dict(memory(self._stack)))
            with database.connect() as connection:
                found = connection.execute(
                    text("SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL")
                )
                self.connections = max(self.connections, found.scalar_one() - 1)
        database.dispose()


def _let_aws_go_first(stack: Stack) -> None:
    """Give local AWS the processor first: AWS is no slower while the machine of Airflow is busy.

    Without effect where Linux shares the processor by sessions (``kernel.sched_autogroup_enabled``).
    """
    state = read_state(stack.home)
    for child in state.children if state else ():
        if child.name != LOCAL_AWS:
            for process in child.session():
                process.nice(BEHIND)


class Calls(Background):
    """Looks at the queue each second, and keeps when each wave in it was let start, by plan and number."""

    def __init__(self, region: Region) -> None:
        self.seen: dict[tuple[str, int], datetime] = {}
        self._store = ExecutionStore(region.client("dynamodb"), TABLE)
        super().__init__()

    def _go_on(self) -> None:
        while not self._stop.wait(1):
            for place in self._store.run(read_queue(QueueKey(ACCOUNT, REGION))):
                if place.called:
                    self.seen[place.plan, place.wave_number] = place.called


def now() -> datetime:
    """Return the time, with its zone."""
    return datetime.now().astimezone()


def moment(text: str) -> datetime:
    """Read a time as AWS and the record write it."""
    return datetime.fromisoformat(text)
