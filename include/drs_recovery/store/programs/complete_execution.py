"""What ``complete_execution`` writes, and nobody else: how an execution ended (``docs/security.md``)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from drs_recovery.errors import TransitionRefused
from drs_recovery.record.enums import ExecutionStatus, WaveStatus, Writer
from drs_recovery.record.outcome import left_behind
from drs_recovery.record.parts import Cleanup
from drs_recovery.record.status import RunEnd
from drs_recovery.store.changes import Changed, change, same_version, write
from drs_recovery.store.intents import with_known_servers
from drs_recovery.store.jobs import record_job
from drs_recovery.store.lock import release_lock
from drs_recovery.store.queries import read_execution
from drs_recovery.store.requests import now, retrying
from drs_recovery.store.trail import append_change

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from drs_recovery.record.events import Event
    from drs_recovery.record.intent import Intent
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.record.parts import CleanupOrder
    from drs_recovery.store.expressions import Update
    from drs_recovery.store.requests import StoreProgram

_ALLOWS = {
    ExecutionStatus.COMPLETED: (WaveStatus.COMPLETED,),
    ExecutionStatus.PARTIAL: (WaveStatus.COMPLETED, WaveStatus.PARTIAL),
}
_FINAL = tuple(status for status in WaveStatus if status.final)


def adopt(
    execution_id: str, number: int, intent: Intent, job_id: str, event: Event | None = None
) -> StoreProgram[Execution]:
    """Write the job of an open intent that DRS shows, whose start task is no longer there to write it."""
    return (yield from record_job(execution_id, number, intent, job_id, event, writer=Writer.COMPLETE))


def close_waves(
    execution_id: str, end: RunEnd | None = None, event: Event | None = None
) -> StoreProgram[Execution]:
    """End every wave that has not ended: SKIPPED if it never ran; nobody writes it any more."""
    run_end = end or RunEnd()
    at = yield from now()

    def alter(execution: Execution) -> StoreProgram[Execution]:
        if execution.final:
            return execution
        waves = []
        for wave in execution.waves:
            unknown = () if wave.status.final else wave.open_intents
            known = yield from with_known_servers(execution_id, unknown)
            waves.append(_closed(execution, wave, run_end, at, known))
        return execution.replace(waves=tuple(waves), **_of_tasks(run_end))

    changed = yield from change(execution_id, Writer.COMPLETE, alter)
    yield from append_change(changed, event, changed.execution.attempts)
    return changed.execution


def _of_tasks(end: RunEnd) -> dict[str, str | None]:
    """Return what is written of tasks that belong to no wave's end."""
    return {"task_failure": end.task_failure, "task_skips": end.task_skips, "task_notes": end.task_notes}


def write_end(
    execution_id: str,
    status: ExecutionStatus,
    outcome: str,
    event: Event | None = None,
    *,
    cleanup: CleanupOrder | None = None,
) -> StoreProgram[Execution]:
    """Write the final status, once, if DynamoDB finds that the waves on record allow it.

    TransitionRefused if not. With it comes the clean-up that is due later, if the plan orders one
    (``cleanup``; a drill without jobs needs none): no crash can come between the two.
    """
    at = yield from now()

    def step() -> StoreProgram[Changed | None]:
        before = yield from read_execution(execution_id)
        if before.final:
            _check_same_status(before, status)
            return Changed(before, written=False)
        wanted = ended(before, status, outcome, at, cleanup)
        changed = yield from write(before, wanted, partial(final_conditions, status=status))
        if changed is None:
            yield from _check_moved(before, status)
        return changed

    trouble = f"execution {execution_id}: its record kept changing while it was to end {status}"
    changed = yield from retrying(step, trouble)
    yield from append_change(changed, event, changed.execution.attempts)
    return changed.execution


def ended(
    execution: Execution, status: ExecutionStatus, outcome: str, at: datetime, cleanup: CleanupOrder | None
) -> Execution:
    """Return an execution as it ends, with the clean-up of this end in the place of that of an earlier one.

    Only a drill that has jobs is cleaned up.
    """
    ordered = cleanup if execution.is_drill and execution.job_ids else None
    return execution.replace(
        status=status,
        end_time=at,
        outcome=outcome,
        version=execution.version + 1,
        open_since=None,
        cleanup=ordered and Cleanup(mode=ordered.mode, time=at),
        cleanup_due=ordered and at + ordered.after,
    )


def final_conditions(update: Update, execution: Execution, status: ExecutionStatus) -> Iterable[str]:
    """Yield the conditions of the final write, which alone keep an execution from ending before its waves.

    COMPLETED: as many waves as promised, each COMPLETED, and no action that a person let be. PARTIAL: each
    COMPLETED or PARTIAL. Neither with a task that failed. The others: none that waits or runs. At most 100
    waves keep the condition under 4 KB and 300 operators.
    """
    if not status.final:
        raise TransitionRefused(f"execution {execution.execution_id} cannot end {status}")
    count = len(execution.waves)
    yield same_version(update, execution)
    yield update.absent("endTime")
    if status in _ALLOWS:
        count = execution.total_waves
        yield update.equal(("totalWaves",), count)
        yield update.absent("failure")
        yield update.absent("taskFailure")
        yield update.absent("supersededBy")
    if status is ExecutionStatus.COMPLETED:
        yield update.absent("taskSkips")
    yield update.counts(("waves",), count)
    allowed = _ALLOWS.get(status, _FINAL)
    yield from (update.among(("waves", number, "status"), allowed) for number in range(count))


def release(execution: Execution) -> StoreProgram[None]:
    """Free the plan, if this execution holds it and has finished."""
    on_record = yield from read_execution(execution.execution_id)
    if not on_record.final:
        raise TransitionRefused(
            f"execution {execution.execution_id} is {on_record.status}: "
            "it keeps its plan until it has finished"
        )
    yield from release_lock(on_record)


def _check_same_status(execution: Execution, status: ExecutionStatus) -> None:
    if execution.status is not status:
        raise TransitionRefused(
            f"execution {execution.execution_id} is {execution.status}: a final status is written once, "
            f"it cannot become {status}"
        )


def _check_moved(before: Execution, status: ExecutionStatus) -> StoreProgram[None]:
    """Raise TransitionRefused if nobody changed the record: then its waves do not allow the status."""
    now = yield from read_execution(before.execution_id)
    if now.version == before.version and not now.final:
        waves = ", ".join(f"{wave.wave_name} {wave.status}" for wave in now.waves)
        raise TransitionRefused(
            f"DynamoDB refuses {status} for execution {now.execution_id}: of {now.total_waves} waves "
            f"on record are {waves or 'none'}; failure: {now.failure.message if now.failure else 'none'}"
        )


def _closed(
    execution: Execution, wave: WaveRecord, run_end: RunEnd, at: datetime, unknown: Sequence[Intent]
) -> WaveRecord:
    """Return a wave as it ends; ``unknown`` are its open intents, with their servers."""
    if wave.status.final:
        return wave
    end = _wave_end(execution, wave, run_end)
    if end is None:
        return wave.replace(status=WaveStatus.SKIPPED)
    status, why = end
    return wave.replace(status=status, failure="; ".join([why, *left_behind(wave, unknown)]), end_time=at)


def _wave_end(execution: Execution, wave: WaveRecord, run_end: RunEnd) -> tuple[WaveStatus, str] | None:
    """Return how a wave ends that was left open, and why; None for one that never came to its turn."""
    number = wave.wave_number
    if number in run_end.failures:
        return WaveStatus.FAILED, run_end.failures[number]
    if number in run_end.overdue:
        return WaveStatus.TIMED_OUT, run_end.overdue[number]
    if wave.status.begun:
        status = WaveStatus.FAILED if run_end.interrupted is None else WaveStatus.CANCELLED
        return status, run_end.interrupted or "nobody saw its jobs to their end"
    if wave.status is WaveStatus.PAUSED and not wave.approved:
        return WaveStatus.CANCELLED, "its gate was never answered"
    if run_end.interrupted is not None and _was_next(execution, wave):
        return WaveStatus.CANCELLED, run_end.interrupted
    return None


def _was_next(execution: Execution, wave: WaveRecord) -> bool:
    """Whether nothing but the interruption kept the wave from starting: there it goes on record."""
    return all(execution.wave(number).unblocks_dependents for number in wave.depends_on)
