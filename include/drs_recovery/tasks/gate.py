"""What every gate is in Airflow: a question to people, its form, and the answer as the record takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param
from airflow.sdk.exceptions import AirflowFailException, ParamValidationError

from drs_recovery.clock import now
from drs_recovery.errors import ParamsError
from drs_recovery.record.enums import Decision
from drs_recovery.record.parts import Approval
from drs_recovery.record.reasons import FEWEST_LETTERS, check_reason, given_reason

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import timedelta

LONGEST_REASON = 1000


class HumanGate(ApprovalOperator):
    """Asks people for an approval, once in each try; a subclass says what for, and what an answer does."""

    template_fields: Collection[str] = ()
    """Nothing is rendered: names, reasons and tags are in subject and body, and would run as templates."""

    ui_color = "#fbeec4"

    reason_required = False

    # The form stays out of `params`: a worker that starts a task validates those, and a required one without
    # a value kills the task before it runs (Airflow 3.3.2).
    @property
    def form(self) -> dict[str, Param]:
        """The fields of the gate's form."""
        if self.reason_required:
            schema: dict[str, Any] = {"type": "string", "minLength": FEWEST_LETTERS}
        else:
            schema = {"type": ["null", "string"]}
        reason = Param(
            title="Reason", description="Kept in the audit trail.", maxLength=LONGEST_REASON, **schema
        )
        return {"reason": reason}

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

    def describe(self, users: Iterable[str], subject: str, body: str, timeout: timedelta) -> None:
        """Say what the gate is about, and who may answer it; without users anyone may."""
        self.assigned_users = [{"id": user, "name": user} for user in users] or None
        self.response_timeout = timeout
        self.subject, self.body = subject, body

    def answer_of(self, event: Mapping[str, Any], place: str, attempt: int = 1) -> Approval:
        """Return what Airflow says was answered, or that nobody did in time; ``place`` names the gate."""
        if "error" in event:
            if event.get("error_type") != "timeout":
                raise AirflowFailException(f"{place} broke: {event['error']}")
            return Approval(decision=Decision.TIMED_OUT, time=now(), attempt=attempt)
        user = event.get("responded_by_user") or {}
        if not user.get("id"):
            raise AirflowFailException(f"{place} was answered by nobody Airflow can name")
        given = (event.get("params_input") or {}).get("reason")
        return Approval(
            decision=Decision.APPROVED if self.approves(event) else Decision.REJECTED,
            by=user["id"],
            name=user.get("name") if user.get("name") != user["id"] else None,
            time=event["responded_at"],
            reason=given_reason(str(given)[:LONGEST_REASON]) if given else None,
            attempt=attempt,
        )

    def approves(self, event: Mapping[str, Any]) -> bool:
        """Whether the option that was chosen is the approval."""
        return bool(event.get("chosen_options") == [self.APPROVE])
