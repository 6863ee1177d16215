"""`approve`: the gate before a wave. It waits for a person, and writes down who answered, when and why.

It is deferred to a trigger that watches the record: a RECOVERY may take a drill's plan, and any execution
may be ended beside its gates. Airflow itself resumes it when it is answered, without a triggerer too.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import (
    AirflowFailException,
    ParamValidationError,
    TaskAwaitingInput,
    TaskDeferralError,
    TaskDeferralTimeout,
)

from drs_recovery.clock import now
from drs_recovery.engine.gate import Again, Closed, GateRequest, Passes, open_gate, record_answer
from drs_recovery.engine.gate_text import gate_body, gate_subject
from drs_recovery.engine.permission import wave_on_record
from drs_recovery.plan.gate_rules import gate_rules
from drs_recovery.tasks.airflow_runs import clear_of
from drs_recovery.tasks.base import (
    ends_task_on_error,
    execution_store,
    id_of,
    journal_of,
    own_record,
    went_on,
)
from drs_recovery.tasks.gate import HumanGate
from drs_recovery.tasks.gate_trigger import STOPPED, GateTrigger
from drs_recovery.tasks.log_lines import CarriesExecution

if TYPE_CHECKING:
    from airflow.sdk import Context

    from drs_recovery.engine.gate import Asks
    from drs_recovery.plan import Plan
    from drs_recovery.record.models import WaveRecord

TRIGGER_LATE = timedelta(minutes=1)
"""So long after the end of a gate's time Airflow ends a deferral whose trigger did not."""


class ApproveWave(CarriesExecution, HumanGate):
    """Asks for approval of a wave where a gate is due; elsewhere it passes at once.

    A rejection or a time-out fails the task: no later wave starts, and the execution becomes CANCELLED.

    :param plan: the plan, for its approvers and the gate's time-out.
    :param wave_number: place of the wave in the plan, from 0.
    :param wave_name: name of the wave, to notice a plan edited in flight.
    """

    def __init__(self, *, plan: Plan, wave_number: int, wave_name: str, **kwargs: Any) -> None:
        users = [{"id": user, "name": user} for user in gate_rules(plan, wave_number, drill=True).respondents]
        super().__init__(
            subject=f"Start {wave_name}?",
            response_timeout=plan.gate_timeout,
            assigned_users=users or None,
            **kwargs,
        )
        self.wave_number = wave_number
        self.wave_name = wave_name
        self.watched = True

    def execute(self, context: Context) -> Any:
        """Pass, or ask and park the task until somebody answers."""
        store = execution_store()
        with ends_task_on_error(store, context, id_of(context), self.wave_number):
            record = own_record(store, context)
            self.reason_required = not record.is_drill
            asked = context["ti"].try_number > 1
            request = GateRequest(self.wave_number, self.wave_name, clear_of(context), asked)
            match open_gate(record, request, store, journal_of(context)):
                case Passes(message):
                    self.log.info("%s", message)
                    return None
                case asks:
                    went_on(store, context, self.wave_number)
                    self._describe(asks)
        try:
            return super().execute(context)
        except TaskAwaitingInput:
            if not self.watched:
                raise
            self._watch(context, asks.wave)

    def _describe(self, asks: Asks) -> None:
        base = conf.get("api", "base_url", fallback="").rstrip("/")
        execution, wave = asks.execution, asks.wave
        body = gate_body(
            asks.plan,
            execution,
            wave,
            asks.servers,
            at=now(),
            base_url=base,
            given=asks.given,
            queue=asks.queue,
        )
        self.describe(asks.rules.respondents, gate_subject(execution, wave), body, asks.timeout)

    def _watch(self, context: Context, wave: WaveRecord) -> None:
        """Defer instead of parking, the question being asked: the trigger sees the execution end."""
        timeout = self.response_timeout or timedelta()
        trigger = GateTrigger(
            execution_id=id_of(context),
            attempt=wave.attempt,
            ti_id=context["ti"].id,
            timeout_datetime=now() + timeout,
        )
        self.defer(
            trigger=trigger,
            method_name=self.execute_complete.__name__,
            timeout=timeout + TRIGGER_LATE,
        )

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Resume; without its trigger a gate times out all the same, or waits on as one nobody watches."""
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except TaskDeferralTimeout as error:
            return self.execute_complete(context, {"error": str(error), "error_type": "timeout"})
        except TaskDeferralError as error:
            self.log.warning("Asked again, and parked: the trigger of this gate broke: %s", error)
            self.watched = False
            return self.execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Write the answer down, then let the wave start or end the run."""
        if event.get("error_type") == STOPPED:
            return self.execute(context)  # the record says why nothing is asked any more
        store = execution_store()
        with ends_task_on_error(store, context, id_of(context), self.wave_number):
            record = own_record(store, context)
            wave = wave_on_record(record, self.wave_number, self.wave_name)
            self.reason_required = not record.is_drill
            try:
                if self.approves(event):
                    self.validate_params_input(event.get("params_input") or {})
            except ParamValidationError as error:
                self.log.warning("Asked again, the approval had no valid reason: %s", error)
            else:
                answer = self.answer_of(event, f"The gate of {wave.wave_name}", wave.attempt)
                match record_answer(store, journal_of(context), record, wave, answer):
                    case Closed(message):
                        raise AirflowFailException(message)
                    case Again(message):
                        self.log.warning("Asked again: %s", message)
                    case None:
                        went_on(store, context, self.wave_number)
                        return {"approved_by": answer.by, "reason": answer.reason}
        return self.execute(context)
