"""Kills: how long a recovery stands still after a process of Airflow is killed, and what shortens it.

One execution of three waves for each kind of process, on a real stack with the shipped settings. With each
kill (-9) the jobs of the wave in flight end, so that the execution has to go on: what is measured is from
there to the next wave's StartRecovery. What is killed is started again at once.
"""

from __future__ import annotations

import re
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import psutil
from rich.table import Column, Table

from launcher.environment import AIRFLOW_SETTINGS
from launcher.settings_file import read_settings_file
from tests.airflow_rest import until
from tests.chaos.chaos_stack import ChaosStack, World
from tests.chaos.evidence import moment, utc
from tests.chaos.plans import ChaosPlan, ChaosWave
from tests.chaos.supervisor import Supervisor, busy_workers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

HELD = 12.0
"""Seconds that a wave is left in flight before the kill: its trigger holds events back for 10."""
LIMIT = 240.0
LONGER_THAN_A_JOB = 7200
"""Simulated seconds; time stands still but for these."""
WAVES = 3


@dataclass(frozen=True)
class Kind:
    """A kind of process, what Airflow does when it is gone, and the setting that says how soon."""

    name: str
    component: str | None
    then: str
    setting: str = ""


KINDS = (
    Kind("nothing", None, "the hand-over as it always is"),
    Kind("task process", None, "its supervisor tells, and the task is retried", "retry_delay"),
    Kind(
        "task supervisor",
        None,
        "the task's heartbeats stop, and the task is retried",
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT",
    ),
    Kind(
        "task, before it runs",
        None,
        "the task stays queued, and is queued again",
        "SCHEDULER__TASK_QUEUED_TIMEOUT",
    ),
    Kind("scheduler", "scheduler", "it starts again", "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL"),
    Kind(
        "triggerer",
        "triggerer",
        "the next one takes its triggers over",
        "TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD",
    ),
    Kind(
        "API server",
        "api-server",
        "it starts again, tasks ask until it answers",
        "WORKERS__EXECUTION_API_RETRY_WAIT_MAX",
    ),
    Kind("DAG processor", "dag-processor", "nothing waits for it"),
)


def measure(console: Console) -> None:
    """Run an execution for each kind, and print how long each kill held it up."""
    plan = _plan()
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        stack = ChaosStack(Path(home), [plan], 0, console, "manual")
        with stack, Supervisor(stack) as supervisor:
            bench = Bench(World(stack), supervisor, plan)
            results = {}
            for kind in KINDS:
                with console.status(f"killing: {kind.name}"):
                    results[kind] = list(bench.execution(kind))
    _print(console, results)


def _plan() -> ChaosPlan:
    waves = [
        ChaosWave(
            f"Wave{n}", gate=False, depends_on=(n - 1,) if n else (), servers=(f"s-0000000000kill{n:03}",)
        )
        for n in range(WAVES)
    ]
    return ChaosPlan("kills", tuple(waves))


class Bench:
    """Executions of one plan, each with its kills."""

    def __init__(self, world: World, supervisor: Supervisor, plan: ChaosPlan) -> None:
        self.world = world
        self.supervisor = supervisor
        self.plan = plan

    def execution(self, kind: Kind) -> Iterator[float]:
        """Yield the seconds from each kill of one execution to the next wave's StartRecovery."""
        self._let_come_back()
        self.world.control.set_speed("manual")
        before = len(self._starts())
        run_id = f"kill-{'-'.join(re.findall('[a-z]+', kind.name.lower()))}"
        self.world.admin.trigger(self.plan.dag_id, run_id).raise_for_status()
        until("the first wave", lambda: len(self._starts()) > before, LIMIT)
        for wave in range(1, WAVES):
            until("a wave in flight", lambda at=wave - 1: self._status(run_id, at) == "POLLING", LIMIT)
            time.sleep(HELD)
            self._let_come_back()
            yield self._kill(kind, run_id, wave, before + wave)
        self.world.control.set_speed("immediate")
        if (state := self.world.admin.wait_for_end(self.plan.dag_id, run_id, LIMIT)) != "success":
            raise RuntimeError(f"{run_id} ended {state}")

    def _kill(self, kind: Kind, run_id: str, wave: int, started: int) -> float:
        """Kill, let the jobs in flight end, and return how long it takes until the next wave is started."""
        killed = utc()
        if kind.component:
            self.supervisor.kill(kind.component, whole=True)
        self.world.control.advance(LONGER_THAN_A_JOB)
        if kind.name.startswith("task"):
            killed = self._kill_start(kind.name, run_id, wave)
        until(f"wave {wave}", lambda: len(self._starts()) > started, LIMIT)
        return (moment(self._starts()[started]["time"]) - killed).total_seconds()

    def _kill_start(self, what: str, run_id: str, wave: int) -> Any:
        """Kill the start task of a wave, or what watches over it, as soon as it runs, or before it does."""
        task_id = f"{self.plan.waves[wave].slug}.start_recovery"

        def kill() -> bool:
            instances = self.world.admin.task_instances(self.plan.dag_id, run_id)
            start = next(ti for ti in instances if ti["task_id"] == task_id)
            if start["state"] != ("queued" if what.endswith("before it runs") else "running"):
                return False
            worker = busy_workers(self.supervisor.child("scheduler")).get(start["id"])
            with suppress(psutil.Error):
                victims = _victims(worker, what) if worker else []
                for process in victims:
                    process.kill()
                return bool(victims)
            return False

        until(f"a process of {task_id}", kill, LIMIT, every=0.02)
        return utc()

    def _let_come_back(self) -> None:
        until("all components", self.world.healthy, LIMIT)

    def _starts(self) -> list[dict[str, Any]]:
        return [one for one in self.world.control.requests(operation="StartRecovery") if one.get("jobID")]

    def _status(self, run_id: str, wave: int) -> str | None:
        item = self.world.newest(self.plan.dag_id)
        return item["waves"][wave]["status"] if item and item["dagRunId"] == run_id else None


def _victims(worker: psutil.Process, what: str) -> list[psutil.Process]:
    match what:
        case "task process":
            return worker.children()
        case "task supervisor":
            return [worker]
        case _:
            return [worker, *worker.children()]


def _print(console: Console, results: dict[Kind, list[float]]) -> None:
    airflow = read_settings_file(AIRFLOW_SETTINGS)
    table = Table(
        "killed",
        "median s",
        "max s",
        "what happens then",
        Column("the setting that shortens it", overflow="fold"),
        title=f"From a kill to the next wave's StartRecovery, {WAVES - 1} of each",
        title_justify="left",
    )
    for kind, seconds in results.items():
        value = airflow.get(f"AIRFLOW__{kind.setting}")
        setting = f"{kind.setting.rpartition('__')[2].lower()} = {value}" if value else kind.setting
        table.add_row(kind.name, f"{median(seconds):.1f}", f"{max(seconds):.1f}", kind.then, setting)
    console.print(table)
