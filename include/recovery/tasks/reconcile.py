"""`reconcile`: ends executions that nobody is left to end: their DAG run is over or gone (R-18, O-1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException
from botocore.exceptions import BotoCoreError, ClientError

from recovery.errors import RecoveryError
from recovery.execution import Ending
from recovery.tasks.base import execution_store
from recovery.tasks.finish import finish
from recovery.tasks.open_intents import settle

if TYPE_CHECKING:
    from airflow.sdk import Context

    from recovery.execution import Execution
    from recovery.execution.store import ExecutionStore

OVER = frozenset({"success", "failed"})
"""States of a DAG run that has ended."""


class ReconcileExecutions(BaseOperator):
    """Ends each execution on record that is not final although its DAG run has ended, or was deleted.

    Found by the index of open executions, never by a scan; read again, and written under the same conditions
    as by `complete_execution`. An execution whose DAG run lives is never touched.
    """

    ui_color = "#e4dff5"

    def execute(self, context: Context) -> list[str]:
        """Return the ids of the executions that were ended; fails if one could not be, after the others."""
        store, ended, trouble = execution_store(), [], []
        for execution in store.open_executions():
            why = run_over(context, execution.plan_id, execution.dag_run_id)
            if why is None:
                continue
            try:
                self._end(store, context, execution, why)
                ended.append(execution.execution_id)
            except (RecoveryError, ClientError, BotoCoreError) as error:
                self.log.exception("Execution %s could not be ended", execution.execution_id)
                trouble.append(f"{execution.execution_id}: {error}")
        if trouble:
            raise AirflowException("; ".join(trouble))
        return ended

    def _end(self, store: ExecutionStore, context: Context, execution: Execution, why: str) -> None:
        execution = settle(store, context, execution)
        unfinished = any(not wave.status.final for wave in execution.waves)
        done = finish(store, context, execution, Ending(interrupted=why if unfinished else None))
        store.release_lock(done)
        self.log.info("Execution %s of %s ended %s: %s", done.execution_id, done.plan_id, done.status, why)


def run_over(context: Context, dag_id: str, run_id: str) -> str | None:
    """Return in words that a DAG run has ended or is gone; None while it lives."""
    ti = context["ti"]
    if not ti.get_dr_count(dag_id=dag_id, run_ids=[run_id]):
        return f"its DAG run {run_id} was deleted"
    state = ti.get_dagrun_state(dag_id=dag_id, run_id=run_id)
    return f"its DAG run {run_id} ended {state} with no end on record" if state in OVER else None
