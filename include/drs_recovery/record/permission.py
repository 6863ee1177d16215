"""Whether the record permits a wave to start: Airflow's task states prove nothing (``docs/security.md``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.errors import StartRefused
from drs_recovery.record.enums import CleanupStatus, WaveStatus

if TYPE_CHECKING:
    from drs_recovery.record.models import Execution, WaveRecord


def check_start(execution: Execution, number: int) -> None:
    """Raise StartRefused unless the record permits StartRecovery for this wave now.

    Whether the one who approved may approve is for the frozen plan to say, not for the record.
    """
    wave = execution.wave(number)
    if reason := _stopped(execution) or _unmet(execution, wave) or _cannot_start(wave):
        raise StartRefused(f"wave {wave.wave_name!r} of execution {execution.execution_id}: {reason}")


def check_ask(execution: Execution, number: int) -> None:
    """Raise StartRefused unless an answer to this wave's gate could let it start."""
    wave = execution.wave(number)
    if reason := _stopped(execution) or _unmet(execution, wave):
        raise StartRefused(f"gate of wave {wave.wave_name!r} of execution {execution.execution_id}: {reason}")


def check_action(execution: Execution, number: int | None, moment: str) -> None:
    """Raise StartRefused unless the record permits an action now: before or after a wave, or the plan.

    Before its wave, where the wave itself might start and has not; after it, where its policy is met.
    """
    if reason := _stopped(execution) or _no_action(execution, number, moment):
        place = "the plan" if number is None else f"wave {execution.wave(number).wave_name!r}"
        raise StartRefused(f"{moment} {place} of execution {execution.execution_id}: {reason}")


def _no_action(execution: Execution, number: int | None, moment: str) -> str | None:
    if number is None:
        return _no_action_of_plan(execution, moment)
    wave = execution.wave(number)
    if moment == "after":
        return None if wave.status.policy_met else f"it is {wave.status}, its policy is not met"
    if wave.status.begun and not wave.status.final:
        return f"it is {wave.status}: its servers are being launched"
    return _unmet(execution, wave) or _cannot_start(wave)


def _no_action_of_plan(execution: Execution, moment: str) -> str | None:
    unmet = [wave.wave_name for wave in execution.waves if not wave.status.policy_met]
    if moment == "after":
        return f"its waves are not done: {', '.join(unmet)}" if unmet else None
    begun = [wave.wave_name for wave in execution.waves if wave.status.begun]
    if begun:
        return f"its waves have begun: {', '.join(begun)}"
    return None if execution.frozen else "its servers are not frozen: open_execution did not get that far"


def check_reopening(execution: Execution) -> None:
    """Raise StartRefused unless an execution that ended may be opened again for an action of it."""
    if reason := _over_for_good(execution):
        raise StartRefused(f"execution {execution.execution_id}: {reason}. Start a new run")


_CLEANED = frozenset({CleanupStatus.TERMINATING, CleanupStatus.DONE})
"""From here on the instances that earlier attempts launched are gone, or go."""


def check_attempt(execution: Execution, number: int) -> None:
    """Raise StartRefused unless the record permits a new attempt of this wave, which opens it again.

    Whether the jobs of the last attempt have ended is for DRS to say, and for the lock who holds the plan.
    """
    wave = execution.wave(number)
    if reason := _cannot_reopen(execution, wave) or _unmet(execution, wave):
        raise StartRefused(
            f"wave {wave.wave_name!r} of execution {execution.execution_id} cannot be tried again: {reason}"
        )


def _stopped(execution: Execution) -> str | None:
    if execution.final:
        return f"the execution is {execution.status}, for good"
    if execution.superseded_by is not None:
        return f"the execution is superseded by execution {execution.superseded_by}"
    if execution.failure is not None:
        return f"the execution is {execution.failure.kind}: {execution.failure.message}"
    return None


def _over_for_good(execution: Execution) -> str | None:
    if execution.superseded_by is not None or execution.failure is not None:
        return _stopped(execution.replace(end_time=None))
    if execution.cleanup is not None and execution.cleanup.status in _CLEANED:
        return f"the clean-up of its instances is {execution.cleanup.status}"
    if execution.archived is not None:
        return f"it is {execution.archived.state}"
    return None


def _cannot_reopen(execution: Execution, wave: WaveRecord) -> str | None:
    if reason := _over_for_good(execution):
        return f"{reason}. Start a new run"
    if wave.server_count is None:
        return "its servers are not frozen: open_execution did not get that far. Start a new run"
    if wave.status is WaveStatus.COMPLETED:
        return "it is COMPLETED"
    if not wave.status.final:
        return f"it is {wave.status}, its attempt {wave.attempt} goes on"
    return None


def _unmet(execution: Execution, wave: WaveRecord) -> str | None:
    needed = [execution.wave(number) for number in wave.depends_on]
    unmet = [f"{other.wave_name} is {other.status}" for other in needed if not other.unblocks_dependents]
    return f"it waits for waves that are not done: {', '.join(unmet)}" if unmet else None


def _cannot_start(wave: WaveRecord) -> str | None:
    if wave.status.final:
        return f"it is {wave.status}"
    if wave.server_count is None:
        return "its servers are not frozen: open_execution did not get that far"
    if wave.pause_before_wave and not wave.approved:
        return f"its gate holds no approval of attempt {wave.attempt}"
    return None
