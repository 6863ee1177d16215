"""Runs the tasks of a plan one by one, against local AWS, with the little of Airflow that they touch."""

from __future__ import annotations

import copy
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from airflow.sdk.api.datamodels._generated import DagRunState, DagRunType
from airflow.sdk.exceptions import TaskDeferred
from airflow.sdk.observability import stats
from airflow.sdk.observability.metrics import stats_utils

from drs_recovery.dag.builder import build_dag
from drs_recovery.plan import Plan
from drs_recovery.record.models import execution_id
from drs_recovery.settings import settings
from drs_recovery.store.queries import read_execution
from drs_recovery.store.store import ExecutionStore
from drs_recovery.store.table import create_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow.sdk import DAG

    from drs_recovery.tasks.metrics import Metric

DB, APP, WEB = "s-000000000000db001", "s-00000000000app001", "s-00000000000web001"


def plan(*waves: dict[str, Any], **fields: Any) -> Plan:
    """Return a plan of some waves; of a database and, after a gate, an application if none are given."""
    content = {
        "id": "shop",
        "name": "Shop",
        "description": "For tests.",
        "owner": "tests",
        "region": "eu-west-1",
        "approvers": ("alice", "bob"),
        "waves": waves
        or (
            {"name": "Database", "servers": [DB]},
            {"name": "Application", "servers": [APP], "pause_before_wave": True},
        ),
    }
    return Plan.model_validate(content | fields)


@dataclass
class TaskInstance:
    """The part of a task instance that tasks look at."""

    task_id: str
    dag_id: str
    run_id: str
    try_number: int = 1
    max_tries: int = 3
    id: uuid.UUID = field(default_factory=uuid.uuid4)
    states: dict[str, str] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)

    def get_task_states(self, dag_id: str, run_ids: list[str]) -> dict[str, dict[str, str]]:
        """Return the states the test gave the other tasks."""
        return dict.fromkeys(run_ids, self.states)

    def get_dr_count(self, dag_id: str, run_ids: list[str]) -> int:
        """Return how many of these DAG runs there are: those the test did not delete."""
        return len(set(run_ids) - self.deleted)

    def get_dagrun_state(self, dag_id: str, run_id: str) -> DagRunState:
        """Return the state of another DAG run, as the test says."""
        return DagRunState(self.runs.get(run_id, "running"))

    def xcom_push(self, key: str, value: object) -> None:
        """Forget it: links only."""


class Drive:
    """One DAG run of a plan whose tasks a test executes by hand, in whatever order."""

    def __init__(
        self, plan: Plan, *, run_id: str = "manual__1", run_type: str = "manual", **conf: Any
    ) -> None:
        self.plan = plan
        self.dag: DAG = build_dag(plan)
        self.run = SimpleNamespace(
            dag_id=plan.id,
            run_id=run_id,
            run_type=DagRunType(run_type),
            run_after=datetime.now(UTC),
            conf=conf,
            triggering_user_name="alice" if run_type == "manual" else None,
            clear_number=0,
        )
        self.execution_id = execution_id(plan.id, run_id)
        self.states: dict[str, str] = {}

    def clear(self) -> None:
        """Count a clear of some tasks of the run, as Airflow does; a test executes those again."""
        self.run.clear_number += 1
        self.states = {}

    def context(self, task_id: str, **ti: Any) -> dict[str, Any]:
        """Return the context of a task."""
        instance = TaskInstance(task_id, self.plan.id, self.run.run_id, states=self.states, **ti)
        return {
            "dag_run": self.run,
            "ti": instance,
            "task_instance": instance,
            "dag": self.dag,
            "run_id": self.run.run_id,
        }

    def execute(self, task_id: str, **ti: Any) -> Any:
        """Execute a task as its first try."""
        task, context = _fresh(self.dag.get_task(task_id)), self.context(task_id, **ti)
        task.pre_execute(context)
        return type(task).execute(task, context)

    def park(self, gate: str) -> Any:
        """Execute a gate until it waits for an answer, and a trigger watches it; return how."""
        with pytest.raises(TaskDeferred) as parked:
            self.execute(gate)
        return parked.value

    def answer(self, gate: str, option: str = "Approve", by: str | None = "alice", **form: Any) -> Any:
        """Resume a gate as Airflow does after an answer."""
        event = {
            "chosen_options": [option],
            "params_input": form,
            "responded_at": datetime.now(UTC),
            "responded_by_user": {"id": by, "name": by} if by else None,
            "timedout": False,
        }
        return self.resume(gate, event)

    def resume(self, task_id: str, event: dict[str, Any]) -> Any:
        """Resume a parked or deferred task with an event."""
        task = _fresh(self.dag.get_task(task_id))
        return task.execute_complete(self.context(task_id), event)

    def wave(self, slug: str) -> None:
        """Execute the three tasks of a wave without a gate that is due."""
        for name in ("approve", "start_recovery", "wait_for_recovery"):
            self.execute(f"{slug}.{name}")

    @property
    def store(self) -> ExecutionStore:
        """The store, for what a test looks at."""
        return ExecutionStore(boto3.client("dynamodb", region_name="eu-west-1"), settings().table)

    @property
    def record(self) -> Any:
        """The execution as it is on record."""
        return self.store.run(read_execution(self.execution_id))

    @property
    def statuses(self) -> list[str]:
        """The status of every wave on record."""
        return [wave.status.value for wave in self.record.waves]


def _fresh(task: Any) -> Any:
    """Return a copy of the task: each try is a process of its own, which parsed the file again."""
    return copy.copy(task)


def as_before(table: Any, drive: Drive, reason: str | None = None) -> None:
    """Let the record be as the release before wrote it: without the request, the reason letter by letter."""
    key = {"executionId": {"S": drive.execution_id}, "item": {"S": "EXECUTION"}}
    change: dict[str, Any] = {
        "UpdateExpression": "REMOVE #request",
        "ExpressionAttributeNames": {"#request": "request"},
    }
    if reason is not None:
        change["UpdateExpression"] += " SET reason = :reason"
        change["ExpressionAttributeValues"] = {":reason": {"S": reason}}
    table.client("dynamodb").update_item(TableName="recovery-executions", Key=key, **change)


@pytest.fixture
def table(local_aws: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A local AWS with the table of executions, and Airflow's connection to it."""
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", "aws://")
    monkeypatch.setattr("airflow.providers.standard.operators.hitl.upsert_hitl_detail", lambda **_: None)
    settings.cache_clear()
    create_table(local_aws.client("dynamodb"), settings().table)
    yield local_aws
    settings.cache_clear()


@pytest.fixture
def starts(table: Any) -> Any:
    """Return a function that counts the StartRecovery calls DRS has got."""
    return lambda: len(table.control.requests(operation="StartRecovery"))


@pytest.fixture
def drive(table: Any, monkeypatch: pytest.MonkeyPatch) -> Drive:
    """A drill of one wave, opened; botocore repeats nothing by itself, so that one fault is one error."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    table.control.set_speed("real")
    drive = Drive(plan({"name": "Database", "servers": [DB]}))
    drive.execute("open_execution")
    return drive


HOUR = timedelta(hours=1)


@pytest.fixture
def watched(table: Any) -> Drive:
    """A drill of a single wave whose job runs, and whose sensor waits for it."""
    table.control.set_speed("real")
    drive = Drive(plan({"name": "Database", "servers": [WEB]}))
    drive.execute("open_execution")
    drive.execute("database.start_recovery")
    return drive


class Sent:
    """A backend of Airflow's stats that keeps what it is given."""

    def __init__(self) -> None:
        self.all: list[tuple[str, Any, dict[str, str]]] = []

    def incr(self, stat: str, tags: dict[str, str] | None = None) -> None:
        """Keep a count."""
        self.all.append((stat, 1, tags or {}))

    def timing(self, stat: str, dt: timedelta, tags: dict[str, str] | None = None) -> None:
        """Keep a duration."""
        self.all.append((stat, dt, tags or {}))

    def gauge(self, stat: str, value: float, tags: dict[str, str] | None = None) -> None:
        """Keep a level."""
        self.all.append((stat, value, tags or {}))

    def of(self, metric: Metric) -> list[tuple[Any, dict[str, str]]]:
        """Return what was sent of a metric: values, and their tags."""
        return [(value, tags) for name, value, tags in self.all if name == metric.name]


@pytest.fixture
def full(table: Any) -> Any:
    """DRS takes one job at a time, and another's runs."""
    table.control.set_quotas(concurrentJobs=1)
    table.control.set_speed("real")
    table.client("drs").start_recovery(sourceServers=[{"sourceServerID": WEB}], isDrill=True)
    table.control.clear_requests()
    return table


@pytest.fixture
def stats_of() -> Iterator[Callable[[Any], None]]:
    """Give Airflow's stats a backend for one test."""
    yield lambda factory: stats.initialize(factory=factory, export_legacy_names=True)
    stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=True)


@pytest.fixture
def sent(stats_of: Callable[[Any], None]) -> Sent:
    """What is sent from here on."""
    backend = Sent()
    stats_of(lambda: backend)
    return backend
