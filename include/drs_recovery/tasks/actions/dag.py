"""`dag`: another DAG, run once and waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.triggers.external_task import DagStateTrigger
from airflow.sdk.exceptions import AirflowException, DagRunTriggerException
from airflow.sdk.execution_time.comms import ErrorResponse, TriggerDagRun

from drs_recovery.plan.actions import Dag
from drs_recovery.record.models import execution_id
from drs_recovery.settings import settings
from drs_recovery.tasks.actions.obeys import Obeys
from drs_recovery.tasks.airflow_runs import FINISHED

if TYPE_CHECKING:
    from airflow.sdk import Context

    from drs_recovery.plan.actions import Action
    from drs_recovery.plan.target import Target


class DagAction(Obeys, TriggerDagRunOperator):
    """Triggers a DAG run under an id that is always the same for a run of the action, and waits for its end.

    So a try that comes after one whose end nobody saw finds that run, and starts no second one.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            wait_for_completion=True,
            deferrable=True,
            logical_date=None,
            poke_interval=max(10, int(settings().hold_seconds)),
            openlineage_inject_parent_info=False,
            **kwargs,
        )

    @classmethod
    def arguments_of(cls, action: Action, _: Target) -> dict[str, Any]:
        """Return which DAG, and what its run is given."""
        asked = action.spec(Dag)
        return {"trigger_dag_id": asked.id, "conf": asked.conf}

    def do_work(self, context: Context) -> Any:
        """Trigger the run, or find it, and wait for it in the triggerer."""
        item = self.action_run.item
        name = f"{self.action_run.record.execution_id} {item.task_id} {item.attempt} {item.reason or ''}"
        self.trigger_run_id = f"recovery__{execution_id(self.trigger_dag_id, name)}"
        try:
            return super().do_work(context)
        except DagRunTriggerException as asked:
            return self._trigger(context, asked)

    def result_line(self, value: Any) -> str:
        """Return which run it was."""
        return f"DAG run {self.trigger_run_id} of {self.trigger_dag_id} succeeded"

    def _trigger(self, context: Context, asked: DagRunTriggerException) -> None:
        """Do what Airflow does for this exception, with a time-out, and with a run that is there already."""
        from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS  # noqa: PLC0415 - made with the task

        run_id = asked.dag_run_id
        answer = SUPERVISOR_COMMS.send(
            TriggerDagRun(dag_id=asked.trigger_dag_id, run_id=run_id, conf=asked.conf, logical_date=None)
        )
        context["ti"].xcom_push(key="trigger_run_id", value=run_id)
        if isinstance(answer, ErrorResponse) and self._has_ended(context, run_id):
            return
        self.defer(
            trigger=DagStateTrigger(
                dag_id=asked.trigger_dag_id,
                states=[*self.allowed_states, *self.failed_states],
                run_ids=[run_id],
                poll_interval=asked.poke_interval,
            ),
            method_name="execute_complete",
        )

    def _has_ended(self, context: Context, run_id: str) -> bool:
        """Whether a run that was there already has ended; AirflowException if it failed."""
        state = context["ti"].get_dagrun_state(dag_id=self.trigger_dag_id, run_id=run_id)
        name = str(getattr(state, "value", state))
        if name in FINISHED and name != "success":
            raise AirflowException(f"DAG run {run_id} of {self.trigger_dag_id} is {name}")
        return name in FINISHED
