"""How the clean-up of a drill stands, or how to ask for one (R-47)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.record.enums import CleanupStatus
from drs_recovery.text.people import who_answered
from drs_recovery.text.values import plural, timestamp

if TYPE_CHECKING:
    from drs_recovery.record.models import Execution
    from drs_recovery.record.parts import Cleanup


def may_be_cleaned_up(execution: Execution) -> bool:
    """Whether a clean-up may be asked for: of every drill that has ended and started a job."""
    drill = execution.is_drill
    done = execution.cleanup is not None and execution.cleanup.status is CleanupStatus.DONE
    return execution.final and drill and bool(execution.job_ids) and not (done or execution.archived)


def waits_for_an_approver(execution: Execution) -> bool:
    """Whether the clean-up waits for an answer."""
    known = execution.cleanup
    waits = known is not None and known.status is CleanupStatus.WAITING and known.approval is None
    return execution.final and waits


def cleanup_text(execution: Execution) -> str | None:
    """Return how far the clean-up is, and how to ask for one; None if neither applies."""
    known = execution.cleanup
    message = f"{known.status}{_detail(known, execution)}" if known else "none is ordered"
    if may_be_cleaned_up(execution) and (known is None or known.status.finished):
        message += f"; to terminate its instances: recovery clean-up {execution.execution_id}"
        return message
    return message if known else None


def _detail(cleanup: Cleanup, execution: Execution) -> str:
    waits = "approved" if cleanup.approval else f"for an approver since {timestamp(cleanup.time)}"
    gone = plural(cleanup.terminated or 0, "instance")
    text = {
        CleanupStatus.PENDING: f", due at {timestamp(execution.cleanup_due)}",
        CleanupStatus.WAITING: f", {waits}",
        CleanupStatus.TERMINATING: f", {plural(cleanup.count, 'instance')}",
        CleanupStatus.DONE: f", {gone} terminated at {timestamp(cleanup.time)}",
        CleanupStatus.KEPT: f" by {_who(cleanup)}",
        CleanupStatus.FAILED: f": {cleanup.failure}",
    }
    return text.get(cleanup.status, "")


def _who(cleanup: Cleanup) -> str:
    answer = cleanup.approval
    if answer is None:
        return "nobody named"
    because = f": {answer.reason}" if answer.reason else ""
    return f"{who_answered(answer.by)}{because}"
