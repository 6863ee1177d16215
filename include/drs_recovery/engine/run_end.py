"""Why `complete_execution` runs although waves have not ended: a failure, a refusal, or an end by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.names import Role, group_id, role_of, task_id
from drs_recovery.record.ending import Ending
from drs_recovery.record.enums import EventType, TaskState
from drs_recovery.record.task_record import NO_MESSAGE, wave_of
from drs_recovery.text.durations import duration_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from drs_recovery.record.events import Event
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.record.task_record import TaskRecord

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
    tasks: Sequence[TaskRecord] = (),
    over: str | None = None,
) -> Ending:
    """Return what is known of the end beside the waves' statuses: what failed, what is late, who stopped it.

    ``task_states`` are those of the other tasks of the run, by task id, and ``tasks`` what is on record of
    those of other operators. They are evidence of what was done to the run, never of what was recovered. The
    questions are asked in this order: what AWS did is never hidden behind what people did about it. ``over``
    says what became of a DAG run that is no more, where its tasks cannot be asked.
    """
    events = _since_opened(execution, events)
    text = list(_last_message(execution.open_waves, events))
    failed = failed_tasks(execution, text, tasks, task_states)
    late = overdue(execution, text, at)
    if failed.failures or failed.task_failure or late or _explained(execution):
        return failed.replace(overdue=late)
    return Ending(interrupted=stopped_by_people(execution, events, text, task_states, over))


def failed_tasks(
    execution: Execution,
    message: Iterable[Event],
    tasks: Sequence[TaskRecord],
    task_states: Mapping[str, str | None],
) -> Ending:
    """Return what failed: of tasks of ours by their last words, of those of other operators by either.

    A task in the group of a wave that has not ended fails this wave, any other the execution.
    """
    failures = {
        event.wave_number: event.detail
        for event in message
        if event.type is EventType.FAILED and event.wave_number is not None and event.detail
    }
    beside = []
    for failed, why in _failed_others(execution, tasks, task_states):
        wave, name = wave_of(execution, failed), role_of(failed).name
        text = f"task {name} of {wave.wave_name} failed: {why}" if wave else f"task {failed} failed: {why}"
        if wave is not None and text in (wave.failure or ""):
            continue  # closed by a try of this task that did not come to its end
        if wave is None or wave.status.final:
            beside.append(text)
        else:
            known = failures.get(wave.wave_number)
            failures[wave.wave_number] = f"{known}; {text}" if known else text
    return Ending(failures=failures, task_failure="; ".join(beside) or None)


def _failed_others(
    execution: Execution, tasks: Sequence[TaskRecord], task_states: Mapping[str, str | None]
) -> Iterable[tuple[str, str]]:
    """Yield the tasks of other operators that failed, and why.

    One that says so itself did, whatever its state is by now: a state is what a person makes of it. One that
    says nothing failed by its state alone, unless the whole run was ended by hand, which fails what runs.
    """
    message = {
        task.task_id: task.message or NO_MESSAGE
        for task in tasks
        if task.state is TaskState.FAILED and _of_this_attempt(execution, task)
    }
    others = {task for task, state in task_states.items() if state == "failed" and not role_of(task).role}
    silent = set() if FORCED & set(_own(task_states).values()) else others - message.keys()
    yield from ((task, message.get(task, NO_MESSAGE)) for task in sorted(message.keys() | silent))


def _of_this_attempt(execution: Execution, task: TaskRecord) -> bool:
    wave = wave_of(execution, task.task_id)
    return wave is None or task.attempt == wave.attempt


def _own(task_states: Mapping[str, str | None]) -> Mapping[str, str | None]:
    """Return the states of the tasks that leave words on record: silence of no other says anything."""
    return {task: state for task, state in task_states.items() if role_of(task).role}


def overdue(execution: Execution, text: Iterable[Event], at: datetime) -> dict[int, str]:
    """Return the running waves whose time-out has passed, and a text: their sensors judged nothing."""
    spoken = {event.wave_number for event in text}
    return {
        wave.wave_number: f"its time-out of {duration_text(wave.timeout)} passed, and nobody saw its jobs end"
        for wave in execution.open_waves
        if wave.wave_number not in spoken
        and wave.status.running
        and wave.deadline is not None
        and at >= wave.deadline
    }


def _explained(execution: Execution) -> bool:
    """Whether the record says by itself why it ends."""
    ended_badly = any(wave.status.final and not wave.releases for wave in execution.waves)
    known = execution.failure or execution.superseded_by or not execution.open_waves
    return ended_badly or bool(known)


def stopped_by_people(
    execution: Execution,
    events: Sequence[Event],
    text: Iterable[Event],
    task_states: Mapping[str, str | None],
    over: str | None,
) -> str | None:
    """Return who or what ended the run before its waves; None if nobody did."""
    own = [event for event in text if not _is_echo(execution, event, task_states)]
    states = _unexplained(execution, _own(task_states))
    return _cancelled(events) or _refusal(own) or over or _interruption(execution.open_waves, states)


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
    message = {group_id(wave.wave_name) for wave in execution.waves if wave.releases and not wave.status.met}
    return {task: state for task, state in task_states.items() if role_of(task).group not in message}


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


def _refusal(text: Iterable[Event]) -> str | None:
    """Return what our own rules refused last."""
    refusals = [event for event in text if event.type is EventType.REFUSED and event.detail]
    return max(refusals, key=lambda event: event.time).detail if refusals else None


def _last_message(unfinished: Sequence[WaveRecord], events: Sequence[Event]) -> Iterable[Event]:
    """Yield the last words on each unfinished wave's current attempt, and those on no wave."""
    yield from (event for event in events if event.wave_number is None and event.type in LAST_WORDS)
    for wave in unfinished:
        message = [
            event
            for event in events
            if event.wave_number == wave.wave_number
            and event.attempt in {None, wave.attempt}
            and event.type in LAST_WORDS | WENT_ON
        ]
        if message and message[-1].type in LAST_WORDS:
            yield message[-1]


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


def named_failed(task_states: Mapping[str, str | None]) -> str:
    """Return the tasks that failed, for an outcome that the record cannot explain."""
    return ", ".join(sorted(task for task, state in task_states.items() if state == "failed")) or "none"
