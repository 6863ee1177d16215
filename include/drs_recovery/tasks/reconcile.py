"""`reconcile`: ends executions that nobody is left to end: their DAG run has finished or is gone (R-18, O-1).

Or their plan was deleted: Airflow schedules no run of a DAG whose file is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException

from drs_recovery.clock import now
from drs_recovery.engine.deleted_plan import known_plans, plan_deleted
from drs_recovery.engine.finish import end_execution
from drs_recovery.engine.queue import tidy_queues
from drs_recovery.engine.same_run import NO_ADDRESS
from drs_recovery.store.queries import open_executions
from drs_recovery.tasks.airflow_runs import is_ours, run_finished, this_airflow
from drs_recovery.tasks.base import execution_store, journal_of
from drs_recovery.tasks.log_lines import about_execution
from drs_recovery.tasks.metrics import measure, measure_queues
from drs_recovery.tasks.worker_report import say_what_this_worker_is

if TYPE_CHECKING:
    from pathlib import Path

    from airflow.sdk import Context

    from drs_recovery.record.models import Execution
    from drs_recovery.store.store import ExecutionStore


class ReconcileExecutions(BaseOperator):
    """Ends each execution on record that is not final although its DAG run has ended, or was deleted.

    Found by the index of open executions, never by a scan; read again, and written under the same conditions
    as by `complete_execution`. An execution whose DAG run lives is never touched, but for one whose plan was
    deleted: Airflow holds such a run for ever. Who reads them all each minute, and the queues, also counts
    them (`metrics`).

    :param plans: the folder of the plans, beside the file of the maintenance DAG.
    """

    ui_color = "#e4dff5"

    def __init__(self, *, plans: Path, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plans = plans

    def execute(self, context: Context) -> list[str]:
        """Return the ids of the executions that were ended; fails if one could not be, after the others.

        A record that cannot be read hides no other, and fails the task too: people look there. So does an
        Airflow without an address, which can end none.
        """
        say_what_this_worker_is(context)
        store, ended, trouble = execution_store(), list[str](), list[str]()
        if this_airflow() is None:
            trouble.append(NO_ADDRESS)
        known = known_plans(self.plans)
        found = store.run(open_executions(passed_over=trouble.append))
        for execution in found:
            with about_execution(execution.execution_id):
                try:
                    if (why := _why_to_end(store, context, execution, known)) is not None:
                        self._end_execution(store, context, execution, why)
                        ended.append(execution.execution_id)
                except Exception as error:
                    self.log.exception("Execution %s could not be ended", execution.execution_id)
                    trouble.append(f"{execution.execution_id}: {error}")
        measure_queues(tidy_queues(store, {execution.execution_id for execution in found}, now()), now())
        measure([one for one in found if is_ours(one) and one.execution_id not in ended], now())
        if trouble:
            raise AirflowException("; ".join(trouble))
        return ended

    def _end_execution(self, store: ExecutionStore, context: Context, execution: Execution, why: str) -> None:
        done = end_execution(store, journal_of(context), execution, {}, run_finished=why)
        self.log.info("Execution %s of %s ended %s: %s", done.execution_id, done.plan_id, done.status, why)


def _why_to_end(
    store: ExecutionStore, context: Context, execution: Execution, known: frozenset[str] | None
) -> str | None:
    """Return why an execution is to be ended here; None if its own DAG run will end it."""
    finished = run_finished(context, execution)
    if finished is not None or known is None or not is_ours(execution):
        return finished
    return plan_deleted(store, journal_of(context), execution, known)
