"""What ``approve`` writes: that a wave waits at its gate, and the answer it got."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from drs_recovery.errors import TransitionRefused
from drs_recovery.record.base import iso
from drs_recovery.record.enums import Decision, WaveStatus, Writer
from drs_recovery.record.permission import check_ask
from drs_recovery.record.texts import same_text
from drs_recovery.store.approvals import put_approval, read_approvals
from drs_recovery.store.changes import change, with_wave
from drs_recovery.store.requests import now
from drs_recovery.store.trail import append_change
from drs_recovery.text.people import who_answered

if TYPE_CHECKING:
    from datetime import datetime

    from drs_recovery.record.events import Event
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.record.parts import Approval
    from drs_recovery.store.requests import StoreProgram


def pause(
    execution_id: str,
    number: int,
    event: Event | None = None,
    *,
    since: datetime | None = None,
    needed: int = 1,
) -> StoreProgram[Execution]:
    """Write that the gate of a wave waits, from now on or ``since``; nothing changes if it does already.

    ``needed`` is how many people must approve. StartRefused if no answer could let the wave start.
    """
    at = yield from now()

    def alter(execution: Execution) -> Execution:
        wave = execution.wave(number)
        if wave.status is WaveStatus.PAUSED and wave.waiting_since:
            return execution
        check_ask(execution, number)
        people = needed if needed > 1 else None
        return with_wave(
            execution, number, status=WaveStatus.PAUSED, waiting_since=since or at, approvals_needed=people
        )

    changed = yield from change(execution_id, Writer.APPROVE, alter)
    # A gate that waits since an earlier release is in the trail already
    yield from append_change(changed if since is None else replace(changed, written=False), event)
    return changed.execution


def count_approval(
    execution_id: str, number: int, approval: Approval, event: Event | None = None
) -> StoreProgram[Execution]:
    """Write an approval that does not pass its gate yet, in an item of its own, and how many there are now.

    The same person's again changes nothing, and one for a gate that is passed, or asks for another attempt,
    is TransitionRefused.
    """

    def alter(execution: Execution) -> StoreProgram[Execution]:
        wave = execution.wave(number)
        if _given(wave, approval):
            return execution
        check_ask(execution, number)
        yield from put_approval(execution_id, number, approval)
        given = yield from read_approvals(execution_id, number, wave.attempt)
        return with_wave(execution, number, approvals_given=len(given))

    changed = yield from change(execution_id, Writer.APPROVE, alter)
    yield from append_change(changed, event, approval.by)
    return changed.execution


def approve(
    execution_id: str, number: int, approval: Approval, event: Event | None = None
) -> StoreProgram[Execution]:
    """Write that the gate was approved; the wave is PAUSED until its start.

    Another answer to the same attempt is TransitionRefused.
    """
    if approval.decision is not Decision.APPROVED:
        raise TransitionRefused(f"{approval.decision} approves nothing; allowed: {Decision.APPROVED}")
    return (yield from _answer(execution_id, number, approval, event))


def reject(
    execution_id: str, number: int, approval: Approval, event: Event | None = None
) -> StoreProgram[Execution]:
    """Write that the gate was rejected, or timed out: its wave is CANCELLED."""
    if approval.decision is Decision.APPROVED:
        raise TransitionRefused(f"{approval.decision} rejects nothing; allowed: REJECTED, TIMED_OUT")
    return (yield from _answer(execution_id, number, approval, event))


def _answer(
    execution_id: str, number: int, approval: Approval, event: Event | None
) -> StoreProgram[Execution]:
    """Write the answer to a gate; one per attempt."""

    def alter(execution: Execution) -> Execution:
        wave = execution.wave(number)
        if _given(wave, approval):
            return execution
        check_ask(execution, number)
        if approval.decision is Decision.APPROVED:
            return with_wave(execution, number, approval=approval)
        return with_wave(
            execution,
            number,
            approval=approval,
            status=WaveStatus.CANCELLED,
            failure=_answer_text(approval),
            end_time=approval.time,
        )

    changed = yield from change(execution_id, Writer.APPROVE, alter)
    yield from append_change(changed, event)
    return changed.execution


def _given(wave: WaveRecord, approval: Approval) -> bool:
    """Whether this very answer is on record; TransitionRefused if another is, or none is waited for."""
    place = f"gate of wave {wave.wave_name!r}"
    if approval.attempt != wave.attempt:
        raise TransitionRefused(
            f"{place}: the answer is for attempt {approval.attempt}, the wave is at {wave.attempt}"
        )
    given = wave.approval
    if given is not None and given.attempt == approval.attempt:
        same = given.by == approval.by and same_text(given.reason, approval.reason)
        if same and given.decision is approval.decision:
            return True
        raise TransitionRefused(
            f"{place}: it was answered {given.decision} by {who_answered(given.by)} at {iso(given.time)}; "
            f"{approval.decision} by {who_answered(approval.by)} comes second and changes nothing"
        )
    if wave.status is not WaveStatus.PAUSED:
        raise TransitionRefused(f"{place}: it waits for no answer, the wave is {wave.status}")
    return False


def _answer_text(approval: Approval) -> str:
    if approval.decision is Decision.TIMED_OUT:
        return "nobody answered its gate in time"
    because = f": {approval.reason}" if approval.reason else ""
    return f"rejected by {approval.by or 'nobody named'}{because}"
