"""`start_clean_ups`: starts the clean-ups that are due, as the record alone says, and ends lost ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException

from recovery.execution import CleanupStatus, EventType
from recovery.execution.clean_up import CLEAN_UP, EXECUTION_ID, clean_up_run_id, current_run_id
from recovery.tasks.base import execution_store, now, told
from recovery.tasks.reconcile import OVER
from recovery.tasks.request import this_airflow
from recovery.tasks.triggering import trigger_dag_run

if TYPE_CHECKING:
    from airflow.sdk import Context

    from recovery.execution import Execution
    from recovery.execution.store import ExecutionStore

MOST = 100
"""DAG runs triggered at once; the next minute brings the next."""


class StartCleanUps(BaseOperator):
    """Triggers a DAG run for each drill whose clean-up is due and has none yet.

    A clean-up whose DAG run has ended with no end on record becomes FAILED there. Nothing waits for its time:
    what is due when is in the record, found by an index. Whom to clean up is told by the record alone.
    """

    ui_color = "#e4dff5"

    def execute(self, context: Context) -> list[str]:
        """Return the ids of the DAG runs that were triggered.

        Trouble with one, or a record that cannot be read, holds no other back; it fails the task at its end.
        """
        store, trouble, started = execution_store(), list[str](), list[str]()
        for execution in store.due_clean_ups(now(), passed_over=trouble.append):
            if len(started) == MOST:
                break
            try:
                if self._is_due(store, context, execution):
                    run_id = clean_up_run_id(execution)
                    trigger_dag_run(CLEAN_UP, run_id, {EXECUTION_ID: execution.execution_id})
                    started.append(run_id)
            except Exception as error:
                self.log.exception("The clean-up of %s could not be seen to", execution.execution_id)
                trouble.append(f"{execution.execution_id}: {error}")
        if trouble:
            raise AirflowException(f"started {', '.join(started) or 'none'}; " + "; ".join(trouble))
        return started

    def _is_due(self, store: ExecutionStore, context: Context, execution: Execution) -> bool:
        """Whether a DAG run is to be triggered; executions of another Airflow are none of its business."""
        if execution.airflow_url != this_airflow():
            return False
        ti, run_id = context["ti"], current_run_id(execution)
        if not ti.get_dr_count(dag_id=CLEAN_UP, run_ids=[run_id]):
            return True
        state = ti.get_dagrun_state(dag_id=CLEAN_UP, run_id=run_id)
        word = str(getattr(state, "value", state))
        # Read again: the run may have ended just now, with its end on record
        if word in OVER and (left := store.get(execution.execution_id)).cleanup_due is not None:
            self._fail(store, context, left, f"its DAG run {run_id} ended {word} with no end on record")
        return False

    def _fail(self, store: ExecutionStore, context: Context, execution: Execution, why: str) -> None:
        event = told(context, EventType.CLEANUP_FAILED, why)
        store.clean_up(execution, CleanupStatus.FAILED, event, failure=why)
