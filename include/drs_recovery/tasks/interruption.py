"""Why `complete_execution` runs although waves have not ended: a failure, a refusal, or an end by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.names import Role, group_id, role_of, task_id
from drs_recovery.record.ending import Ending
from drs_recovery.record.enums import EventType
from drs_recovery.text.durations import in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from drs_recovery.record.events import Event
    from drs_recovery.record.models import Execution, WaveRecord

FORCED = frozenset({"skipped", "removed"})
"""States that no task of ours takes by itself: it is given them when a person forces the run's state."""

PASSED_ON = "upstream_failed"
"""The state in which Airflow leaves what follows a failed task, and nobody who ends a run."""

LAST_WORDS = frozenset({EventType.REFUSED, EventType.FAILED})
"""What the trail tells when a task of a wave ends for good without ending its wave."""

WENT_ON = frozenset({EventType.GATE_WAITING, EventType.APPROVED, EventType.JOB_STARTED})
"""What the trail tells when a wave goes on: words from before are no longer its last."""


def ending(
    execution: Execution,
    events: Sequence[Event],
    task_states: Mapping[str, str | None],
    at: datetime,
    *,
    over: str | None = None,
) -> Ending:
    """Return what is known of the end beside the waves' statuses.

    ``task_states`` are those of the other tasks of the run, by task id. They are evidence of what a person
    did to the run, never of what was recovered. A failure or a time-out stands above an interruption: what
    AWS did is never hidden behind what people did about it. ``over`` says what became of a DAG run that is no
    more, where its tasks cannot be asked.
    """
    events = _since_opened(execution, events)
    unfinished = [wave for wave in execution.waves if not wave.status.final]
    words = list(_last_words(unfinished, events))
    failures = {
        event.wave_number: event.detail
        for event in words
        if event.type is EventType.FAILED and event.wave_number is not None and event.detail
    }
    spoken = {event.wave_number for event in words}
    overdue = dict(_overdue((wave for wave in unfinished if wave.wave_number not in spoken), at))
    if failures or overdue or not unfinished or execution.failure or execution.superseded_by:
        return Ending(failures=failures, overdue=overdue)
    if any(wave.status.final and not wave.releases for wave in execution.waves):
        return Ending()
    own = [event for event in words if not _is_echo(execution, event, task_states)]
    states = _unexplained(execution, task_states)
    stopped = _cancelled(events) or _refusal(own) or over or _interruption(unfinished, states)
    return Ending(interrupted=stopped)


def _is_echo(execution: Execution, event: Event, task_states: Mapping[str, str | None]) -> bool:
    """Whether words only pass on that a wave before did not come to its end.

    The gate after a wave with ``on_failure: continue`` runs whatever became of that wave's tasks. Where the
    record holds no end of the wave, it refuses; any other gate would have been passed over without a word.
    """
    if event.wave_number is None:
        return False
    before = [execution.wave(number) for number in execution.wave(event.wave_number).depends_on]
    waits = [task_id(Role.WATCH, wave.wave_name) for wave in before if not wave.releases]
    return any(task_states.get(wait) in {"failed", PASSED_ON} for wait in waits)


def _unexplained(execution: Execution, task_states: Mapping[str, str | None]) -> Mapping[str, str | None]:
    """Return the states of tasks without those of waves that ended badly and stopped nothing.

    These say why their tasks failed. What was done to the run afterwards shows in the others.
    """
    told = {group_id(wave.wave_name) for wave in execution.waves if wave.releases and not wave.status.met}
    return {task: state for task, state in task_states.items() if role_of(task).group not in told}


def _since_opened(execution: Execution, events: Sequence[Event]) -> Sequence[Event]:
    """Return the events since the execution was opened again; what ended it before ends it no second time."""
    since = execution.open_since
    if since is None or since <= execution.start_time:
        return events
    return [event for event in events if event.time >= since]


def _cancelled(events: Sequence[Event]) -> str | None:
    """Return who asked on the command line for the end of the run, and why."""
    asked = [event for event in events if event.type in {EventType.CANCEL_ASKED, EventType.CANCEL_FAILED}]
    if not asked or asked[-1].type is EventType.CANCEL_FAILED:
        return None
    return f"cancelled by {asked[-1].actor}: {asked[-1].detail}"


def _refusal(words: Iterable[Event]) -> str | None:
    """Return what our own rules refused last."""
    refusals = [event for event in words if event.type is EventType.REFUSED and event.detail]
    return max(refusals, key=lambda event: event.time).detail if refusals else None


def _overdue(waves: Iterable[WaveRecord], at: datetime) -> Iterable[tuple[int, str]]:
    """Yield the running waves whose time-out has passed, and words: their sensors judged nothing."""
    for wave in waves:
        if wave.status.running and wave.deadline and at >= wave.deadline:
            words = f"its time-out of {in_words(wave.timeout)} passed and nobody saw its jobs to their end"
            yield wave.wave_number, words


def _last_words(unfinished: Sequence[WaveRecord], events: Sequence[Event]) -> Iterable[Event]:
    """Yield the last words on each unfinished wave's current attempt, and those on no wave."""
    yield from (event for event in events if event.wave_number is None and event.type in LAST_WORDS)
    for wave in unfinished:
        told = [
            event
            for event in events
            if event.wave_number == wave.wave_number
            and event.attempt in {None, wave.attempt}
            and event.type in LAST_WORDS | WENT_ON
        ]
        if told and told[-1].type in LAST_WORDS:
            yield told[-1]


def _interruption(unfinished: Iterable[WaveRecord], task_states: Mapping[str, str | None]) -> str | None:
    """Return what ended the run before its waves, in words; None when nobody did.

    A task of ours that ends a running wave's run leaves a verdict or last words on record. A wave that runs
    with neither was left by others: unless Airflow itself passed a silent failure on to the tasks that
    follow, its run was ended from outside. No task but this one follows the last wave, so that is the word
    there also for a task that died without any.
    """
    states = set(task_states.values())
    if "failed" not in states:
        return "the DAG run, or a task of it, was marked by hand; Airflow does not tell by whom"
    if FORCED & states:
        return "the DAG run was ended by hand; Airflow does not tell by whom"
    running = [wave.wave_name for wave in unfinished if wave.status.running]
    if running and PASSED_ON not in states:
        return f"the DAG run was ended while {' and '.join(running)} was running"
    silent = "" if running else _silent(unfinished, task_states)
    return f"{silent} failed without a word: marked by hand, or killed at every try" if silent else None


def _silent(unfinished: Iterable[WaveRecord], task_states: Mapping[str, str | None]) -> str:
    """Return the failed tasks of waves that never began: each would have left a verdict or last words."""
    never_began = {group_id(wave.wave_name) for wave in unfinished}
    failed = (task for task, state in task_states.items() if state == "failed")
    return " and ".join(sorted(task for task in failed if role_of(task).group in never_began))


def failed_tasks(task_states: Mapping[str, str | None]) -> str:
    """Return the tasks that failed, for an outcome that the record cannot explain."""
    return ", ".join(sorted(task for task, state in task_states.items() if state == "failed")) or "none"
