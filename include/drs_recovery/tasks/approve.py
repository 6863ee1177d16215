"""`approve`: the gate before a wave. It waits for a person, and writes down who answered, when and why.

The gate of a RECOVERY is parked in Airflow. That of a drill is deferred to a trigger that watches the record,
since a RECOVERY may take its plan; Airflow itself resumes it when it is answered, without a triggerer too.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import (
    AirflowFailException,
    ParamValidationError,
    TaskAwaitingInput,
    TaskDeferralError,
    TaskDeferralTimeout,
)

from drs_recovery.engine.attempt import current_attempt
from drs_recovery.engine.frozen_plan import frozen_plan
from drs_recovery.engine.permission import wave_on_record
from drs_recovery.errors import ParamsError, StartRefused
from drs_recovery.names import in_log
from drs_recovery.record.enums import EventType
from drs_recovery.record.models import Approval
from drs_recovery.record.permission import check_ask
from drs_recovery.record.reasons import FEWEST_LETTERS, check_reason, given_reason
from drs_recovery.store.programs import approve
from drs_recovery.store.servers import read_servers
from drs_recovery.store.trail import read_events
from drs_recovery.tasks.airflow_runs import clear_of
from drs_recovery.tasks.base import execution_store, id_of, journal_of, new_event, now, verdicts
from drs_recovery.tasks.gate_text import gate_body, gate_subject
from drs_recovery.tasks.gate_trigger import STOPPED, GateTrigger
from drs_recovery.tasks.same_run import own_record
from drs_recovery.text.durations import duration_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from airflow.sdk import Context

    from drs_recovery.plan import Plan
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.store.store import ExecutionStore

LEAST_WAIT = timedelta(seconds=10)
"""A gate that is asked again at the end of its time waits so long all the same: Airflow fails a task that is
resumed while the worker that parked it still ends."""

TRIGGER_LATE = timedelta(minutes=1)
"""So long after the end of a gate's time Airflow ends a deferral whose trigger did not."""


class ApproveWave(ApprovalOperator):
    """Asks for approval of a wave where a gate is due; elsewhere it passes at once.

    A rejection or a time-out fails the task: no later wave starts, and the execution becomes CANCELLED.

    :param plan: the plan, for its approvers and the gate's time-out.
    :param wave_number: place of the wave in the plan, from 0.
    :param wave_name: name of the wave, to notice a plan edited in flight.
    """

    template_fields: Collection[str] = ()
    """Nothing is rendered: names, reasons and tags are in subject and body, and would run as templates."""

    ui_color = "#fbeec4"

    def __init__(self, *, plan: Plan, wave_number: int, wave_name: str, **kwargs: Any) -> None:
        users = [{"id": user, "name": user} for user in plan.approvers]
        super().__init__(
            subject=f"Start {wave_name}?",
            response_timeout=plan.gate_timeout,
            assigned_users=users or None,
            **kwargs,
        )
        self.wave_number = wave_number
        self.wave_name = wave_name
        self.reason_required = False
        self.watched = True

    # The form stays out of `params`: a worker that starts a task validates those, and a required one without
    # a value kills the task before it runs (Airflow 3.3.2).
    @property
    def form(self) -> dict[str, Param]:
        """The fields of the gate's form."""
        if self.reason_required:
            schema: dict[str, Any] = {"type": "string", "minLength": FEWEST_LETTERS}
        else:
            schema = {"type": ["null", "string"]}
        return {
            "reason": Param(title="Reason", description="Kept in the audit trail.", maxLength=1000, **schema)
        }

    @property
    def serialized_params(self) -> dict[str, dict[str, Any]]:
        """The form as Airflow stores it; a field without a value has None, since NOTSET is no JSON."""
        return {key: {**param.serialize(), "value": None} for key, param in self.form.items()}

    def validate_params_input(self, params_input: Mapping[str, Any]) -> None:
        """Raise ParamValidationError for an answer that the form does not allow; Airflow's API takes any."""
        if unknown := params_input.keys() - self.form.keys():
            raise ParamValidationError(f"The gate has no field {sorted(unknown)}, only {sorted(self.form)}.")
        for key, param in self.form.items():
            param.resolve(params_input.get(key) or ("" if self.reason_required else None))
        if self.reason_required:
            try:
                check_reason(str(params_input.get("reason") or ""))
            except ParamsError as error:
                raise ParamValidationError(str(error)) from error

    def execute(self, context: Context) -> Any:
        """Pass, or ask and park the task until somebody answers."""
        store = execution_store()
        with verdicts(store, context, id_of(context), self.wave_number):
            execution, wave, plan = self._look(store, context)
            if execution.request is not None:  # what an earlier release asked, another task may have asked
                self._check_asked(context, wave)
            if self._passed(wave):
                return None
            detail = f"waits for {', '.join(plan.approvers) or 'anyone who may answer gates'}"
            store.run(
                approve.pause(
                    execution.execution_id,
                    self.wave_number,
                    new_event(context, EventType.GATE_WAITING, detail, wave=wave),
                )
            )
            self._write(store, context, execution, wave, plan)
        try:
            return super().execute(context)
        except TaskAwaitingInput:
            if not self.watched or not execution.is_drill:
                raise
            self._watch(context, execution)

    def _watch(self, context: Context, execution: Execution) -> None:
        """Defer instead of parking, the question being asked: the trigger sees a RECOVERY take the plan."""
        timeout = self.response_timeout or timedelta()
        trigger = GateTrigger(
            execution_id=execution.execution_id,
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

    def _look(self, store: ExecutionStore, context: Context) -> tuple[Execution, WaveRecord, Plan]:
        execution = own_record(store, context)
        wave_on_record(execution, self.wave_number, self.wave_name)
        journal, clear = journal_of(context), clear_of(context)
        execution = current_attempt(store, journal, execution, self.wave_number, clear, opens_gate=True)
        wave = execution.wave(self.wave_number)
        if not wave.status.met:
            check_ask(execution, self.wave_number)
        self.reason_required = not execution.is_drill
        return execution, wave, frozen_plan(store, execution.execution_id)

    def _check_asked(self, context: Context, wave: WaveRecord) -> None:
        """Raise StartRefused for an approval of a wave that waits, and whose gate has never asked anybody.

        Airflow tells a task what was answered to its own question, and this is the first time it could ask.
        """
        if context["ti"].try_number == 1 and wave.approved and wave.status in {"PENDING", "PAUSED"}:
            by = wave.approval.by if wave.approval else None
            raise StartRefused(
                f"the record holds an approval of {wave.wave_name!r} by {by!r}, and Airflow has never asked "
                "for one: it was not given here. Somebody wrote to the table; start a new run"
            )

    def _passed(self, wave: WaveRecord) -> bool:
        if wave.status.met:
            self.log.info("%s is %s: there is nothing to ask", wave.wave_name, wave.status)
            return True
        if not wave.pause_before_wave:
            self.log.info("No gate is due before %s", wave.wave_name)
            return True
        if wave.approved and wave.approval:
            by = in_log(wave.approval.by or "nobody")
            self.log.info("%s was approved by %s at %s", in_log(wave.wave_name), by, wave.approval.time)
        return wave.approved

    def _write(
        self, store: ExecutionStore, context: Context, execution: Execution, wave: WaveRecord, plan: Plan
    ) -> None:
        """Say what this gate is about; the approvers are those the execution was opened with."""
        self.assigned_users = [{"id": user, "name": user} for user in plan.approvers] or None
        left = self._waits_since(store, execution, wave) + plan.gate_timeout - now()
        self.response_timeout = max(left, min(LEAST_WAIT, plan.gate_timeout))
        self.subject = gate_subject(execution, wave)
        base = conf.get("api", "base_url", fallback="").rstrip("/")
        servers = store.run(read_servers(execution.execution_id))
        self.body = gate_body(plan, execution, wave, servers, at=now(), base_url=base)

    def _waits_since(self, store: ExecutionStore, execution: Execution, wave: WaveRecord) -> datetime:
        """Return when this gate of this attempt first waited: asking again gives no new time-out."""
        waiting = [
            event.time
            for event in store.run(read_events(execution.execution_id))
            if event.type is EventType.GATE_WAITING
            and (event.wave_number, event.attempt) == (wave.wave_number, wave.attempt)
        ]
        return min(waiting, default=now())

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Write the answer down, then let the wave start or end the run."""
        if event.get("error_type") == STOPPED:
            return self.execute(context)  # the record says why nothing is asked any more
        store = execution_store()
        with verdicts(store, context, id_of(context), self.wave_number):
            execution = own_record(store, context)
            wave = wave_on_record(execution, self.wave_number, self.wave_name)
        self.reason_required = not execution.is_drill
        if "error" in event:
            self._timed_out(store, context, wave, event)
        try:
            self._check_form(event)
        except ParamValidationError as error:
            self.log.warning("Asked again, the approval had no valid reason: %s", error)
            return self.execute(context)
        return self._answered(store, context, wave, event)

    def _check_form(self, event: dict[str, Any]) -> None:
        """Raise ParamValidationError for an approval without the reason it needs; a rejection needs none."""
        if event["chosen_options"] == [self.APPROVE]:
            self.validate_params_input(event.get("params_input") or {})

    def _timed_out(
        self, store: ExecutionStore, context: Context, wave: WaveRecord, event: dict[str, Any]
    ) -> None:
        if event.get("error_type") != "timeout":
            raise AirflowFailException(f"The gate of {wave.wave_name} broke: {event['error']}")
        given = duration_text(self.response_timeout or timedelta())
        message = f"Nobody answered the gate of {wave.wave_name} within {given}"
        approval = Approval(decision="TIMED_OUT", time=now(), attempt=wave.attempt)
        with verdicts(store, context, id_of(context), self.wave_number):
            store.run(
                approve.reject(
                    id_of(context),
                    self.wave_number,
                    approval,
                    new_event(context, EventType.GATE_TIMED_OUT, message, wave=wave),
                )
            )
        raise AirflowFailException(f"{message}: the execution is cancelled")

    def _answered(
        self, store: ExecutionStore, context: Context, wave: WaveRecord, event: dict[str, Any]
    ) -> Any:
        user = event.get("responded_by_user") or {}
        approved = event["chosen_options"] == [self.APPROVE]
        given = (event.get("params_input") or {}).get("reason")
        reason = given_reason(str(given)) if given else None
        if not user.get("id"):
            raise AirflowFailException(
                f"The gate of {wave.wave_name} was answered by nobody Airflow can name"
            )
        approval = Approval(
            decision="APPROVED" if approved else "REJECTED",
            by=user["id"],
            time=event["responded_at"],
            reason=reason,
            attempt=wave.attempt,
        )
        self._record(store, context, wave, approval)
        if not approved:
            raise AirflowFailException(
                f"{wave.wave_name} was rejected by {approval.by}: {reason or 'no reason given'}"
            )
        return {"approved_by": approval.by, "reason": reason}

    def _record(self, store: ExecutionStore, context: Context, wave: WaveRecord, approval: Approval) -> None:
        message = approval.reason or "no reason given"
        approved = approval.decision == "APPROVED"
        type_ = EventType.APPROVED if approved else EventType.REJECTED
        event = new_event(context, type_, message, wave=wave, who=approval.by)
        write = approve.approve if approved else approve.reject
        with verdicts(store, context, id_of(context), self.wave_number):
            store.run(write(id_of(context), self.wave_number, approval, event))
