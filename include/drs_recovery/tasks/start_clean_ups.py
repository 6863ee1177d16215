"""`start_clean_ups`: starts the clean-ups that are due, as the record alone says, and ends lost ones."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException

from drs_recovery.names import CLEAN_UP
from drs_recovery.record.clean_up import EXECUTION_ID, clean_up_run_id, current_run_id
from drs_recovery.record.enums import CleanupStatus, EventType
from drs_recovery.store.programs import clean_up
from drs_recovery.store.queries import due_clean_ups, read_execution
from drs_recovery.tasks.airflow_runs import OVER, is_ours
from drs_recovery.tasks.base import execution_store, new_event, now
from drs_recovery.tasks.triggering import trigger_dag_run

if TYPE_CHECKING:
    from airflow.sdk import Context

    from drs_recovery.record.models import Execution
    from drs_recovery.store.store import ExecutionStore

MOST = 100
"""DAG runs triggered at once; the next minute brings the next."""

PAUSE = timedelta(minutes=1)
"""Until the second DAG run of a clean-up; twice as long before each further one."""

LONGEST_PAUSE = timedelta(hours=1)


class StartCleanUps(BaseOperator):
    """Triggers a DAG run for each drill whose clean-up is due and has none yet.

    Where a DAG run has ended with its work not done, whoever stopped or marked it, another one follows, each
    after a longer pause: what a plan orders comes. Nothing waits for its time: what is due when is in the
    record, found by an index. Whom to clean up is told by the record alone.
    """

    ui_color = "#e4dff5"

    def execute(self, context: Context) -> list[str]:
        """Return the ids of the DAG runs that were asked for.

        Trouble with one, or a record that cannot be read, holds no other back; it fails the task at its end.
        """
        store, trouble, started = execution_store(), list[str](), list[str]()
        for execution in store.run(due_clean_ups(now(), passed_over=trouble.append)):
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
        if not is_ours(execution):
            return False
        known = [(run_id, _state(context, run_id)) for run_id in _run_ids(execution)]
        there = [(run_id, word) for run_id, word in known if word is not None]
        if not there:
            return True
        if all(word in OVER for _, word in there):
            # Read again: the run may have ended just now, with its end on record
            left = store.run(read_execution(execution.execution_id))
            if left.cleanup_due is not None and left.cleanup == execution.cleanup:
                self._again(store, context, left, *there[0])
        return False

    def _again(
        self, store: ExecutionStore, context: Context, execution: Execution, run_id: str, word: str
    ) -> None:
        """Order another DAG run, later each time: nobody makes it ask people, or AWS, without a pause."""
        cleanup = execution.cleanup
        attempt = cleanup.attempt if cleanup else 1
        due = now() + min(PAUSE * 2 ** min(attempt - 1, 10), LONGEST_PAUSE)
        message = (
            f"its DAG run {run_id} ended {word}, and its work is not done: killed, or marked by somebody "
            f"whom Airflow does not name. Another follows at {due:%H:%M} UTC"
        )
        event = new_event(context, EventType.CLEANUP_HELD, message)
        status = cleanup.status if cleanup else CleanupStatus.PENDING
        store.run(clean_up.clean_up(execution, status, event, attempt=attempt + 1, dag_run_id=None, due=due))


def _run_ids(execution: Execution) -> list[str]:
    """Return the DAG runs that may be at work: the one that wrote last, and the one of this attempt."""
    return list(dict.fromkeys((current_run_id(execution), clean_up_run_id(execution))))


def _state(context: Context, run_id: str) -> str | None:
    """Return the state of a clean-up's DAG run; None where there is none."""
    ti = context["ti"]
    if not ti.get_dr_count(dag_id=CLEAN_UP, run_ids=[run_id]):
        return None
    state = ti.get_dagrun_state(dag_id=CLEAN_UP, run_id=run_id)
    return str(getattr(state, "value", state))
