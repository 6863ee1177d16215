"""What Airflow shows of an execution beyond its record: useful, never required."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from drs_recovery.cli.airflow_models import DELETED, WAITING_STATES, DagRun
from drs_recovery.errors import AirflowApiError, AirflowUnreachable
from drs_recovery.names import Role, task_id
from drs_recovery.report.snapshot import Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_recovery.cli.airflow import AirflowClient
    from drs_recovery.cli.airflow_models import Gate, TaskInstance

T = TypeVar("T")

SEARCHED = 100
"""Newest runs in flight among which one without a record is searched."""

PATIENCE = 5
"""Seconds before Airflow is asked again after it did not answer."""


class AirflowView:
    """Airflow, where the record is enough without it: no answer is None, and ``note`` gives the reason."""

    def __init__(self, client: AirflowClient | None, why_not: str | None = None) -> None:
        self.client = client
        self.note = why_not
        self._again = 0.0

    def queued(self, target: Target) -> str | None:
        """Return why a run is not on record yet, as far as Airflow shows it."""
        return self._ask(lambda client: _queued(client, target))

    def run(self, target: Target) -> DagRun | None:
        """Return the DAG run; one that is gone is DELETED."""
        gone = DagRun(dag_id=target.plan_id, dag_run_id=target.run_id, state=DELETED)
        return self._ask(lambda client: client.run(target.plan_id, target.run_id) or gone)

    def held(self, target: Target) -> str | None:
        """Return what holds a run that is on record: its DAG is paused, or its plan's file is gone."""
        return self._ask(lambda client: _held(client, target))

    def gate(self, target: Target, task_id: str) -> Gate | None:
        """Return what a gate asks."""
        return self._ask(lambda client: client.gate(target.plan_id, target.run_id, task_id))

    def unopened(self, named: str, is_new: Callable[[Target], bool]) -> Target | None:
        """Return the newest run in flight that has no record and matches the name a person gave."""
        runs = self._ask(lambda client: client.live_runs(SEARCHED)) or ()
        for run in runs:
            target = Target(run.dag_id, run.dag_run_id)
            if named in {target.plan_id, target.execution_id} and is_new(target):
                return target
        return None

    def _ask(self, question: Callable[[AirflowClient], T]) -> T | None:
        if self.client is None or time.monotonic() < self._again:
            return None
        try:
            found = question(self.client)
        except AirflowApiError as error:
            self._again = time.monotonic() + PATIENCE
            reason = str(error).splitlines()[0]
            down = isinstance(error, AirflowUnreachable)
            self.note = f"{reason.rstrip('.')}. The record is read on." if down else reason
            return None
        self.note = None
        return found


def _queued(client: AirflowClient, target: Target) -> str:
    run = client.run(target.plan_id, target.run_id)
    if run is None:
        return f"Airflow has no run {target.run_id} of {target.plan_id}"
    if run.state == "queued":
        dag = client.dag(target.plan_id)
        if dag is not None and dag.is_paused:
            return f"the DAG is paused; `airflow dags unpause {target.plan_id}` lets the run begin"
        return "the DAG run is queued in Airflow"
    opening = task_id(Role.OPEN)
    task = client.task(target.plan_id, target.run_id, opening)
    if task is None:
        return f"the DAG run is {run.state} and has no task {opening}; is its plan invalid?"
    return _opening(client, target, run, task)


def _held(client: AirflowClient, target: Target) -> str | None:
    dag = client.dag(target.plan_id)
    if dag is not None and dag.is_paused:
        mend = f"`airflow dags unpause {target.plan_id}` lets it go on"
        return f"held: the DAG is paused, and no further task of it starts; {mend}"
    if dag is None or dag.is_stale:
        return "held: Airflow has no DAG of this plan any more, and starts no further task of it"
    return None


def _opening(client: AirflowClient, target: Target, run: DagRun, task: TaskInstance) -> str:
    """Return the state of open_execution, with its error if it had one."""
    if task.state in {None, "scheduled"}:
        return f"open_execution waits for a slot of the pool {task.pool!r}"
    if task.state == "queued":
        return "open_execution waits for a worker"
    message = f"open_execution is {task.state}, try {task.try_number}; the DAG run is {run.state}"
    if task.state in {"up_for_retry", "failed"}:
        error = client.last_error(target.plan_id, target.run_id, task)
        message += f": {error}" if error else ""
    return message


def state_of(gate: Gate | None) -> str | None:
    """Return the state of a gate that the record does not show."""
    if gate is None:
        return None
    if gate.response_received:
        return f"{gate.answered_by} has answered {gate.answer}; the task takes it up"
    if gate.task_instance.state not in WAITING_STATES:
        return f"not asking yet: its task is {gate.task_instance.state or 'not scheduled'}"
    return None
