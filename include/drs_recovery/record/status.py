"""The status of an execution, as pure functions of its waves and of what ended its run beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from drs_recovery.record.base import FreeText, Record
from drs_recovery.record.enums import ExecutionStatus, FailureKind, WaveStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_recovery.record.models import WaveRecord
    from drs_recovery.record.parts import Failure

_SPEAKS = {WaveStatus.CANCELLED, WaveStatus.TIMED_OUT, WaveStatus.FAILED}


class RunEnd(Record):
    """What ``complete_execution`` knows beside the record when it ends an execution.

    ``interrupted`` is what ended its DAG run before its time. Of waves that have not ended, by wave number,
    ``failures`` is what failed their tasks, and ``overdue`` that their time-out passed. ``task_failure``
    names the tasks of other operators that failed beside the waves that had ended, or stand in none.
    ``task_skips`` are the actions that a person let be, ``task_notes`` those that failed and stopped nothing.
    """

    interrupted: FreeText | None = None
    failures: dict[int, FreeText] = Field(default_factory=dict)
    overdue: dict[int, FreeText] = Field(default_factory=dict)
    task_failure: FreeText | None = None
    task_skips: FreeText | None = None
    task_notes: FreeText | None = None


def running_status(waves: Sequence[WaveRecord]) -> ExecutionStatus:
    """Return the status of an execution that is not final."""
    statuses = {wave.status for wave in waves}
    if statuses <= {WaveStatus.PENDING}:
        return ExecutionStatus.PENDING
    if WaveStatus.PAUSED in statuses and not any(status.running for status in statuses):
        return ExecutionStatus.PAUSED
    return ExecutionStatus.POLLING


def completed_waves(waves: Sequence[WaveRecord]) -> int:
    """Return how many waves met their policy."""
    return sum(wave.status.policy_met for wave in waves)


def final_status(
    waves: Sequence[WaveRecord],
    *,
    superseded: bool = False,
    failure: Failure | None = None,
    interrupted: bool = False,
    task_failed: bool = False,
    task_skipped: bool = False,
    total_waves: int | None = None,
) -> ExecutionStatus:
    """Return the status an execution ends with; ``total_waves`` is what its record promised.

    A task of another operator that failed keeps it from being a success, however its waves ended; an action
    that a person let be keeps it from being a whole one.

    A wave that timed out and stopped nothing is a failure like others. FAILED also when the waves fit no
    ending at all: see ``inconsistency``.
    """
    statuses = {wave.status for wave in waves}
    refused = failure is not None and failure.kind is FailureKind.REFUSED
    if superseded or interrupted or refused or WaveStatus.CANCELLED in statuses:
        return ExecutionStatus.CANCELLED
    if any(wave.status is WaveStatus.TIMED_OUT and not wave.unblocks_dependents for wave in waves):
        return ExecutionStatus.TIMED_OUT
    if failure is not None or task_failed or statuses & {WaveStatus.FAILED, WaveStatus.TIMED_OUT}:
        return ExecutionStatus.FAILED
    if not _complete(waves, total_waves):
        return ExecutionStatus.FAILED
    if statuses == {WaveStatus.COMPLETED} and not task_skipped:
        return ExecutionStatus.COMPLETED
    return ExecutionStatus.PARTIAL


def inconsistency(waves: Sequence[WaveRecord], total_waves: int) -> str | None:
    """Return why waves without any failure are no success either; absent if they are, or say themselves."""
    if any(wave.status in _SPEAKS for wave in waves) or _complete(waves, total_waves):
        return None
    held = ", ".join(f"{wave.wave_name} {wave.status}" for wave in waves) or "no wave"
    return f"inconsistent: {total_waves} waves were promised, on record are {held}"


def _complete(waves: Sequence[WaveRecord], total_waves: int | None) -> bool:
    """Whether all waves are there and each met its policy."""
    numbers = [wave.wave_number for wave in waves]
    expected = len(waves) if total_waves is None else total_waves
    return numbers == list(range(expected)) and expected > 0 and all(wave.status.policy_met for wave in waves)
