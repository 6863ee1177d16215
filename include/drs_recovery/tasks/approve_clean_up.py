"""`approve` of a clean-up: asks the plan's approvers before a drill's instances are terminated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drs_recovery.aws.hooks.drs import DrsHook
from drs_recovery.record.enums import CleanupMode, CleanupStatus, Decision, EventType
from drs_recovery.store.servers import read_servers
from drs_recovery.tasks.base import now
from drs_recovery.tasks.clean_up import verdicts_on
from drs_recovery.tasks.clean_up_text import clean_up_body, clean_up_subject
from drs_recovery.tasks.gate import HumanGate
from drs_recovery.tasks.termination import Termination
from drs_recovery.text.durations import duration_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context

    from drs_recovery.record.models import Approval
    from drs_recovery.tasks.clean_up import CleanUp


class ApproveCleanUp(HumanGate):
    """Asks where the plan of the drill says so; elsewhere it passes at once.

    A rejection keeps the instances, and so does a time-out: nothing is terminated because nobody answered.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(subject="Terminate the recovery instances of a drill?", **kwargs)

    def validate_params_input(self, params_input: Mapping[str, Any]) -> None:
        """Take any: a reason is welcome and decides nothing."""

    def execute(self, context: Context) -> Any:
        """Pass, or ask and park the task until somebody answers."""
        with verdicts_on(context) as clean_up:
            clean_up.append_asked()
            if self._passed(clean_up):
                return None
            who = ", ".join(clean_up.plan.approvers) or "anyone who may answer gates"
            event = clean_up.new_event(EventType.CLEANUP_WAITING, f"waits for {who}")
            clean_up.write(CleanupStatus.WAITING, event, approval=None)
            self._describe(clean_up)
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Write the answer down: terminate, or keep."""
        with verdicts_on(context) as clean_up:
            answer = self.answer_of(event, "The gate of the clean-up")
            if answer.decision is Decision.APPROVED:
                status, type_ = CleanupStatus.WAITING, EventType.CLEANUP_APPROVED
            else:
                status, type_ = CleanupStatus.KEPT, EventType.CLEANUP_KEPT
            clean_up.write(status, _message(clean_up, type_, answer), approval=answer)
            return answer.to_item()

    def _passed(self, clean_up: CleanUp) -> bool:
        if clean_up.mode is not CleanupMode.AFTER_APPROVAL:
            return True
        known = clean_up.cleanup
        if known is None or known.status is CleanupStatus.KEPT:
            return False
        return clean_up.lacking() is None or known.status is CleanupStatus.DONE

    def _describe(self, clean_up: CleanUp) -> None:
        """Say what would be terminated, as DRS has it now."""
        plan, execution = clean_up.plan, clean_up.execution
        hook = DrsHook(aws_conn_id=plan.aws_conn_id, region_name=plan.region)
        instances = Termination(hook, clean_up).find()
        servers = clean_up.store.run(read_servers(execution.execution_id))
        body = clean_up_body(plan, execution, servers, instances, at=now())
        self.describe(plan, clean_up_subject(execution), body, plan.gate_timeout)


def _message(clean_up: CleanUp, type_: EventType, answer: Approval) -> Any:
    if answer.decision is Decision.TIMED_OUT:
        message = (
            f"nobody answered within {duration_text(clean_up.plan.gate_timeout)}: the instances are kept"
        )
    else:
        message = answer.reason or "no reason given"
    return clean_up.new_event(type_, message, who=answer.by)
