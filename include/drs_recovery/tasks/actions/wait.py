"""`wait`: a fixed time, which an approver may end early, or refuse to let pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException, TaskDeferralTimeout

from drs_recovery.clock import now
from drs_recovery.record.enums import Decision
from drs_recovery.tasks.actions.obeys import Obeys
from drs_recovery.tasks.gate import HumanGate
from drs_recovery.text.durations import duration_text
from drs_recovery.text.markdown import Markdown
from drs_recovery.text.visible import one_line

if TYPE_CHECKING:
    from datetime import timedelta

    from airflow.sdk import Context

    from drs_recovery.plan.actions import Action
    from drs_recovery.plan.target import Target


class WaitAction(Obeys, HumanGate):
    """Parks the task for a time, without a worker and without a trigger; whoever may approve ends it early.

    :param length: how long it waits.
    """

    action_ends_itself = True

    def __init__(self, *, length: timedelta, **kwargs: Any) -> None:
        super().__init__(subject="Go on now?", response_timeout=length, **kwargs)
        self.length = length

    @classmethod
    def arguments_of(cls, action: Action, _: Target) -> dict[str, Any]:
        """Return how long it waits."""
        return {"length": action.wait}

    def do_work(self, context: Context) -> Any:
        """Park until the time has passed, counted from when it began on record."""
        began = self.action_run.item.start_time or now()
        action, plan = self.action_run.due.action, self.action_run.plan
        subject = one_line(f"{plan.name}: {action.name} waits {duration_text(self.length)}. Go on now?")
        body = Markdown("On approval it goes on at once, on rejection it fails. It ends by itself at {} UTC.")
        at = f"{began + self.length:%Y-%m-%d %H:%M:%S}"
        self.describe(self._approvers(), subject, str(body.format(at)), self.length)
        return super().do_work(context)

    def _approvers(self) -> tuple[str, ...]:
        """Return who may end it: the approvers of its wave, or of the plan."""
        plan, number = self.action_run.plan, self.action_run.due.number
        own = None if number is None else plan.waves[number].approvers
        return plan.approvers if own is None else own

    def resume_work(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Go on when the time has passed, also where Airflow says so in another way."""
        try:
            return super().resume_work(next_method, next_kwargs, context)
        except TaskDeferralTimeout as error:
            return self.execute_complete(context, {"error": str(error), "error_type": "timeout"})

    def execute_complete(self, context: Context, event: dict[str, Any]) -> str:
        """Return who let it go on, or that its time has passed."""
        answer = self.answer_of(event, f"The wait {self.action_run.due.action.name!r}")
        if answer.decision is Decision.TIMED_OUT:
            return f"{duration_text(self.length)} passed"
        said = f"by {answer.by}: {answer.reason or 'no reason given'}"
        if answer.decision is Decision.REJECTED:
            raise AirflowFailException(f"rejected {said}")
        return f"released early {said}"
