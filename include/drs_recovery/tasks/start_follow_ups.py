"""`start_clean_ups`: starts follow-ups that are due, as the record alone says, also in place of lost runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException
from airflow.sdk.execution_time.comms import TriggerDagRun

from drs_recovery.clock import now
from drs_recovery.engine.clean_up import CleanUp
from drs_recovery.engine.follow_up import KnownRun, run_to_start
from drs_recovery.engine.put_back import PutBack
from drs_recovery.errors import TransitionRefused
from drs_recovery.record.clean_up import EXECUTION_ID
from drs_recovery.tasks.airflow_runs import FINISHED, is_ours
from drs_recovery.tasks.base import execution_store, journal_of
from drs_recovery.tasks.log_lines import about_execution

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow.sdk import Context

    from drs_recovery.engine.follow_up_kind import FollowUp
    from drs_recovery.record.models import Execution
    from drs_recovery.store.store import ExecutionStore

FOLLOW_UPS: tuple[type[FollowUp], ...] = (CleanUp, PutBack)
"""Each kind of what is due after an end: it has a DAG, and is started when it is due."""

MOST = 100
"""DAG runs triggered at once; the next minute brings the next."""


class StartFollowUps(BaseOperator):
    """Triggers a DAG run for each drill whose clean-up is due and has none yet.

    Where a DAG run has ended with its work not done, whoever stopped or marked it, another one follows, each
    after a longer pause: what a plan orders comes. Nothing waits for its time: what is due when is in the
    record, found by an index. The record alone decides.
    """

    ui_color = "#e4dff5"

    def execute(self, context: Context) -> list[str]:
        """Return the ids of the DAG runs that were asked for.

        Trouble with one, or a record that cannot be read, holds no other back; it fails the task at its end.
        So does one that an Airflow without an address has opened, since nobody starts that.
        """
        store, trouble, started = execution_store(), list[str](), list[str]()
        for kind, execution in _due_follow_ups(store, trouble):
            if len(started) == MOST:
                break
            with about_execution(execution.execution_id):
                try:
                    _check_address(kind, execution)
                    if is_ours(execution) and (run_id := _run_to_start(store, context, kind, execution)):
                        _trigger_dag_run(kind.dag_id, run_id, {EXECUTION_ID: execution.execution_id})
                        started.append(run_id)
                except Exception as error:
                    self.log.exception("No %s of %s was started", kind.noun, execution.execution_id)
                    trouble.append(f"{execution.execution_id}: {error}")
        if trouble:
            raise AirflowException(f"started {', '.join(started) or 'none'}; " + "; ".join(trouble))
        return started


def _due_follow_ups(store: ExecutionStore, trouble: list[str]) -> Iterator[tuple[type[FollowUp], Execution]]:
    for kind in FOLLOW_UPS:
        for execution in store.run(kind.record.due(now(), passed_over=trouble.append)):
            yield kind, execution


def _check_address(kind: type[FollowUp], execution: Execution) -> None:
    if execution.airflow_url is None:
        raise TransitionRefused(
            f"its {kind.noun} is due, and the Airflow that opened it had no address ([api] base_url): who "
            f"knows which one that is runs the DAG {kind.dag_id} there, with the execution id"
        )


def _run_to_start(
    store: ExecutionStore, context: Context, kind: type[FollowUp], execution: Execution
) -> str | None:
    def find(run_id: str) -> KnownRun | None:
        return _known_run(context, kind.dag_id, run_id)

    return run_to_start(kind, store, journal_of(context), execution, find)


def _known_run(context: Context, dag_id: str, run_id: str) -> KnownRun | None:
    """Return a DAG run as Airflow knows it; None where there is none."""
    ti = context["ti"]
    if not ti.get_dr_count(dag_id=dag_id, run_ids=[run_id]):
        return None
    state = ti.get_dagrun_state(dag_id=dag_id, run_id=run_id)
    name = str(getattr(state, "value", state))
    return KnownRun(run_id, name, name in FINISHED)


def _trigger_dag_run(dag_id: str, run_id: str, conf: Mapping[str, Any]) -> None:
    """Trigger a DAG run; one of that id stays as it is.

    It is the request of TriggerDagRunOperator, which ends its task with it: one task starts as many runs as
    it finds due, and none takes what to start from an XCom, which anybody may edit.
    """
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS  # noqa: PLC0415 - made with the task

    SUPERVISOR_COMMS.send(TriggerDagRun(dag_id=dag_id, run_id=run_id, conf=dict(conf)))
