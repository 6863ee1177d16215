"""The reconciler: what one pass costs with 10,000 finished executions in the table, and with none."""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import boto3
from rich.table import Table

from drs_recovery.record.models import Execution, WaveRecord, execution_id
from drs_recovery.settings import settings
from drs_recovery.store.requests import marshal
from drs_recovery.store.table import create_table
from drs_simulator.client import Control
from launcher.environment import LOCAL_AWS_ACCOUNT
from tests.simulator.process import simulator_process

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

FINISHED = (0, 10_000)
OPEN = (0, 1, 10)
PASSES = 7
PLANS = 100
PER_WRITE = 25
"""Items that DynamoDB takes in one BatchWriteItem."""

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Passes:
    """What several passes over one table took."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    requests: set[str] = field(default_factory=set)


class Alive:
    """The part of a task instance that tells the reconciler of DAG runs: all of them live."""

    def get_dr_count(self, run_ids: list[str], **_: str) -> int:
        """Return how many of these DAG runs there are."""
        return len(run_ids)

    def get_dagrun_state(self, **_: str) -> str:
        """Return the state of any DAG run."""
        return "running"


def measure(console: Console) -> None:
    """Let the maintenance task pass over both tables in turn, with some executions open in each."""
    os.environ.update(LOCAL_AWS_ACCOUNT)
    os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "ERROR"
    os.environ["AIRFLOW_CONN_AWS_DEFAULT"] = "aws://"
    with (
        tempfile.TemporaryDirectory(prefix="recovery-bench-") as home,
        simulator_process("--port", "0", "--speed", "immediate") as (_, url),
        Control(url) as control,
    ):
        os.environ["AIRFLOW_HOME"], os.environ["AWS_ENDPOINT_URL"] = home, url
        plans = Path(home)
        for number in range(PLANS):
            (plans / f"plan_{number}.yaml").touch()
        dynamodb = boto3.client("dynamodb", region_name=LOCAL_AWS_ACCOUNT["AWS_DEFAULT_REGION"])
        with console.status(f"putting {FINISHED[-1]:,} finished executions into a table"):
            for count in FINISHED:
                create_table(dynamodb, _table(count))
                _put(dynamodb, count, map(_finished, range(count)))
        rows = {}
        for opened in OPEN:
            for count in FINISHED:
                _put(dynamodb, count, map(_open, range(opened)))
            with console.status(f"passing with {opened} open executions"):
                rows[opened] = _passes(control, plans)
    console.print(_in_a_table(rows))


def _in_a_table(rows: dict[int, dict[int, Passes]]) -> Table:
    table = Table(
        "open",
        "finished",
        "requests of a pass",
        "work, ms",
        "ratio",
        "pass, ms",
        title=f"Reconciler, medians of {PASSES} passes over both tables in turn; every DAG run lives",
        caption="Work is the task's time on the processor, most of it for a new client; a pass is all its "
        "time. The local AWS looks through all items for those of an index; DynamoDB does not",
        title_justify="left",
        caption_justify="left",
    )
    for opened, by_table in rows.items():
        base = median(by_table[FINISHED[0]].cpu)
        for finished, passes in by_table.items():
            work, took = median(passes.cpu), median(passes.seconds)
            figures = f"{work * 1000:.0f}", f"{work / base:.2f}", f"{took * 1000:.0f}"
            table.add_row(str(opened), f"{finished:,}", " or ".join(sorted(passes.requests)), *figures)
    return table


def _passes(control: Control, plans: Path) -> dict[int, Passes]:
    passes = {count: Passes() for count in FINISHED}
    for turn in range(PASSES + 1):
        for count, those in passes.items():
            os.environ["RECOVERY_TABLE"] = _table(count)
            settings.cache_clear()
            control.clear_requests()
            seconds, cpu = _pass(plans)
            if turn:  # the first one imports
                those.seconds.append(seconds)
                those.cpu.append(cpu)
                those.requests.add(_in_a_sentence(control.requests(service="dynamodb")))
    return passes


def _pass(plans: Path) -> tuple[float, float]:
    """Return the seconds that the task takes, and those of the processor's."""
    from drs_recovery.tasks.reconcile import ReconcileExecutions  # noqa: PLC0415 - Airflow reads its home at import

    task = ReconcileExecutions(task_id="reconcile", plans=plans)
    begin, begin_cpu = time.perf_counter(), time.process_time()
    ended = ReconcileExecutions.execute(task, {"ti": Alive()})
    seconds, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
    if ended:
        raise RuntimeError(f"nothing is to end while it is measured: {ended}")
    return seconds, cpu


def _in_a_sentence(requests: list[dict[str, Any]]) -> str:
    counts = Counter(request["operation"] for request in requests)
    return ", ".join(f"{count} {operation}" for operation, count in sorted(counts.items(), reverse=True))


def _table(finished: int) -> str:
    return f"executions-beside-{finished}"


def _put(dynamodb: Any, finished: int, executions: Iterable[Execution]) -> None:
    puts = [
        {"PutRequest": {"Item": marshal({"item": "EXECUTION", **execution.to_item()})}}
        for execution in executions
    ]
    for start in range(0, len(puts), PER_WRITE):
        answer = dynamodb.batch_write_item(RequestItems={_table(finished): puts[start : start + PER_WRITE]})
        if answer["UnprocessedItems"]:
            raise RuntimeError("the local AWS left items out")


def _finished(number: int) -> Execution:
    """Return an execution of three waves as it ended."""
    began = BEGAN + timedelta(minutes=number)
    return _execution(number, "COMPLETED", began, "finished").replace(
        end_time=began + timedelta(minutes=50),
        outcome="Finished: Database, Application, Web.",
        completed_waves=3,
    )


def _open(number: int) -> Execution:
    """Return an execution that waits, and whose DAG run lives in this Airflow."""
    from drs_recovery.tasks.airflow_runs import this_airflow  # noqa: PLC0415 - Airflow reads its home at import

    execution = _execution(number, "PAUSED", datetime.now(UTC) - timedelta(hours=1), "open")
    return execution.replace(open_since=execution.start_time, airflow_url=this_airflow())


def _execution(number: int, status: str, began: datetime, run: str) -> Execution:
    waves = [
        WaveRecord(
            wave_number=place,
            wave_name=name,
            status=status,
            server_count=20,
            job_ids=(f"drsjob-{number:08}{place}",),
            start_time=began,
        )
        for place, name in enumerate(("Database", "Application", "Web"))
    ]
    plan, run_id = f"plan_{number % PLANS}", f"{run}__{number}"
    return Execution(
        execution_id=execution_id(plan, run_id),
        plan_id=plan,
        plan_name="Web shop",
        plan_hash="c0ffee",
        dag_run_id=run_id,
        execution_type="DRILL",
        status=status,
        total_waves=len(waves),
        waves=tuple(waves),
        start_time=began,
    )
