"""`complete_execution`: the one task that writes the final status of an execution."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.clock import now
from drs_recovery.engine.finish import end_execution
from drs_recovery.engine.open import new_execution, put_record
from drs_recovery.engine.same_run import check_same_run
from drs_recovery.tasks.airflow_runs import run_of
from drs_recovery.tasks.base import ends_task_on_error, execution_store, journal_of
from drs_recovery.tasks.log_lines import CarriesExecution

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context

    from drs_recovery.plan import Plan
    from drs_recovery.record.models import Execution
    from drs_recovery.store.store import ExecutionStore


class CompleteExecution(CarriesExecution, BaseOperator):
    """Ends the execution: closes waves that never ran, writes the final status, releases the plan's lock.

    A teardown, so that Airflow runs it also when a person forces the state of the run; it fails, and with it
    the run, unless the execution is COMPLETED or PARTIAL. It retries for more than an hour: an execution
    whose end is not on record is lost.

    :param plan: the plan, for a run that was ended before it was even on record.
    """

    ui_color = "#e4dff5"

    def __init__(self, *, plan: Plan, **kwargs: Any) -> None:
        kwargs.setdefault("retries", 500)
        kwargs.setdefault("retry_delay", timedelta(seconds=10))
        super().__init__(**kwargs)
        self.plan = plan

    def execute(self, context: Context) -> str:
        """Return the final status, or fail with the outcome."""
        store = execution_store()
        execution = self._on_record(store, context)
        execution = end_execution(store, journal_of(context), execution, self._other_task_states(context))
        if not execution.status.policies_met:
            raise AirflowFailException(f"{execution.status}: {execution.outcome}")
        return execution.status.value

    def _on_record(self, store: ExecutionStore, context: Context) -> Execution:
        """Return the record; a run ended before `open_execution` ran gets one now, so that it is not lost."""
        run, journal = run_of(context), journal_of(context)
        message = "on record only at its end: the run was ended before open_execution"
        opened = put_record(store, journal, new_execution(self.plan, run, now()), message)
        with ends_task_on_error(store, context, opened.execution_id):
            check_same_run(opened, run)
        return opened

    def _other_task_states(self, context: Context) -> Mapping[str, str | None]:
        ti = context["ti"]
        states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id]).get(ti.run_id, {})
        return {task_id: state for task_id, state in states.items() if task_id != self.task_id}
