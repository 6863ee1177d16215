"""`reconcile`: ends executions that nobody is left to end: their DAG run is over or gone (R-18, O-1).

Or their plan was deleted: Airflow schedules no run of a DAG whose file is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException

from drs_recovery.store.programs import complete_execution
from drs_recovery.store.queries import open_executions
from drs_recovery.store.tasks import read_tasks
from drs_recovery.store.trail import read_events
from drs_recovery.tasks.base import execution_store, now
from drs_recovery.tasks.deleted_plan import known_plans, plan_deleted
from drs_recovery.tasks.finish import finish
from drs_recovery.tasks.interruption import ending
from drs_recovery.tasks.open_intents import settle
from drs_recovery.tasks.request import this_airflow

if TYPE_CHECKING:
    from pathlib import Path

    from airflow.sdk import Context

    from drs_recovery.record.models import Execution
    from drs_recovery.store.store import ExecutionStore

OVER = frozenset({"success", "failed"})
"""States of a DAG run that has ended."""


class ReconcileExecutions(BaseOperator):
    """Ends each execution on record that is not final although its DAG run has ended, or was deleted.

    Found by the index of open executions, never by a scan; read again, and written under the same conditions
    as by `complete_execution`. An execution whose DAG run lives is never touched, but for one whose plan was
    deleted: Airflow holds such a run for ever.

    :param plans: the folder of the plans, beside the file of the maintenance DAG.
    """

    ui_color = "#e4dff5"

    def __init__(self, *, plans: Path, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plans = plans

    def execute(self, context: Context) -> list[str]:
        """Return the ids of the executions that were ended; fails if one could not be, after the others.

        A record that cannot be read hides no other, and fails the task too: people look there.
        """
        store, ended, trouble = execution_store(), list[str](), list[str]()
        known = known_plans(self.plans)
        for execution in store.run(open_executions(passed_over=trouble.append)):
            try:
                if (why := _over(store, context, execution, known)) is not None:
                    self._end(store, context, execution, why)
                    ended.append(execution.execution_id)
            except Exception as error:
                self.log.exception("Execution %s could not be ended", execution.execution_id)
                trouble.append(f"{execution.execution_id}: {error}")
        if trouble:
            raise AirflowException("; ".join(trouble))
        return ended

    def _end(self, store: ExecutionStore, context: Context, execution: Execution, why: str) -> None:
        events = store.run(read_events(execution.execution_id))
        execution = settle(store, context, execution)
        tasks = store.run(read_tasks(execution.execution_id))
        done = finish(store, context, execution, ending(execution, events, {}, now(), tasks=tasks, over=why))
        store.run(complete_execution.release(done))
        self.log.info("Execution %s of %s ended %s: %s", done.execution_id, done.plan_id, done.status, why)


def _over(
    store: ExecutionStore, context: Context, execution: Execution, known: frozenset[str] | None
) -> str | None:
    """Return in words why nobody else will end an execution; None if its DAG run will."""
    over = run_over(context, execution)
    if over is not None or known is None or execution.airflow_url != this_airflow():
        return over
    return plan_deleted(store, context, execution, known)


def run_over(context: Context, execution: Execution) -> str | None:
    """Return in words that the DAG run of an execution has ended or is gone.

    None while it lives, and for the run of another Airflow that shares the table: this one knows nothing of
    it.
    """
    if execution.airflow_url != this_airflow():
        return None
    ti, run_id = context["ti"], execution.dag_run_id
    if not ti.get_dr_count(dag_id=execution.plan_id, run_ids=[run_id]):
        return f"its DAG run {run_id} was deleted; Airflow does not tell by whom"
    state = ti.get_dagrun_state(dag_id=execution.plan_id, run_id=run_id)
    word = str(getattr(state, "value", state))
    return f"its DAG run {run_id} ended {word} with no end on record" if word in OVER else None
