"""Why `complete_execution` runs although waves have not ended: a failure, a refusal, or an end by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from drs_recovery.names import Role, group_id, role_of, task_id
from drs_recovery.record.base import iso
from drs_recovery.record.enums import TaskState
from drs_recovery.record.status import RunEnd
from drs_recovery.record.task_record import NO_MESSAGE, wave_of
from drs_recovery.text.durations import duration_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.record.task_record import TaskRecord

FORCED = frozenset({"skipped", "removed"})
"""States that no task of ours takes by itself: it is given them when a person forces the run's state."""

_FAILED = frozenset({TaskState.FAILED, TaskState.REFUSED, TaskState.UNSEEN})
"""States on record in which a task of another operator, or an action, has not done its work."""

PASSED_ON = "upstream_failed"
"""The state in which Airflow leaves what follows a failed task, and nobody who ends a run."""


def run_end(
    execution: Execution,
    tasks: Sequence[TaskRecord],
    task_states: Mapping[str, str | None],
    at: datetime,
    *,
    run_finished: str | None = None,
) -> RunEnd:
    """Return what is known of the end beside the waves' statuses: what failed, what is late, who stopped it.

    ``tasks`` is what is on record of the run's tasks. ``task_states`` are the states in Airflow of the other
    tasks of the run, by task id: evidence of what was done to the run, never of what was recovered. The
    questions are asked in this order: what AWS did is never hidden behind what people did about it.
    ``run_finished`` is a sentence on a DAG run that has ended or is gone, whose tasks cannot be asked.
    """
    tasks = _since_opened(execution, tasks)
    last = list(_last_failures(execution.open_waves, tasks))
    failed = failed_tasks(execution, last, tasks, task_states)
    late = overdue(execution, last, at)
    explained = _explained(execution) and not _cut_short(execution, tasks)
    if failed.failures or failed.task_failure or late or explained:
        return failed.replace(overdue=late)
    return RunEnd(interrupted=stopped_by_people(execution, last, task_states, run_finished))


def failed_tasks(
    execution: Execution,
    last: Iterable[TaskRecord],
    tasks: Sequence[TaskRecord],
    task_states: Mapping[str, str | None],
) -> RunEnd:
    """Return what failed: of tasks of ours by what is on record, of those of other operators by state too.

    A task in the group of a wave that has not ended fails this wave, any other the execution.
    """
    failures = {
        task.wave_number: task.message
        for task in last
        if task.state is TaskState.FAILED and task.wave_number is not None and task.message
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
    return RunEnd(failures=failures, task_failure="; ".join(beside) or None)


def _failed_others(
    execution: Execution, tasks: Sequence[TaskRecord], task_states: Mapping[str, str | None]
) -> Iterable[tuple[str, str]]:
    """Yield the tasks of other operators that failed, and why.

    One whose item says so failed, in any state by now: a person may set a state. Any other failed by its
    state alone, unless the whole run was ended by hand, which fails what runs.
    """
    own_items = [task for task in tasks if not task.own and _of_this_attempt(execution, task)]
    reasons = {
        task.task_id: task.message or NO_MESSAGE
        for task in own_items
        if task.state in _FAILED and not task.tolerated
    }
    unseen = {
        task.task_id: f"it was begun at {iso(task.start_time)}, and nobody saw how it ended"
        for task in own_items
        if task.action and task.state is TaskState.RUNNING and task.start_time
    }
    others = {task for task, state in task_states.items() if state == "failed" and not role_of(task).role}
    by_hand = execution.cancel_asked or FORCED & set(_own_states(task_states).values())
    without_item = set() if by_hand else others - reasons.keys()
    silent = {task: unseen.get(task, NO_MESSAGE) for task in without_item}
    yield from sorted((silent | reasons).items())


def _of_this_attempt(execution: Execution, task: TaskRecord) -> bool:
    wave = wave_of(execution, task.task_id)
    return wave is None or task.attempt == wave.attempt


def _own_states(task_states: Mapping[str, str | None]) -> Mapping[str, str | None]:
    """Return the states of the tasks of ours: only these leave an item when they fail."""
    return {task: state for task, state in task_states.items() if role_of(task).role}


def overdue(execution: Execution, last: Iterable[TaskRecord], at: datetime) -> dict[int, str]:
    """Return the running waves whose time-out has passed, and a text: their sensors judged nothing."""
    explained = {task.wave_number for task in last}
    return {
        wave.wave_number: f"its time-out of {duration_text(wave.timeout)} passed, and nobody saw its jobs end"
        for wave in execution.open_waves
        if wave.wave_number not in explained
        and wave.status.running
        and wave.deadline is not None
        and at >= wave.deadline
    }


def _cut_short(execution: Execution, tasks: Sequence[TaskRecord]) -> bool:
    """Whether somebody cancelled the run while a task of another operator ran, which no wave shows."""
    runs = any(task.state is TaskState.RUNNING and _of_this_attempt(execution, task) for task in tasks)
    return execution.cancel_asked is not None and runs


def _explained(execution: Execution) -> bool:
    """Whether the record says by itself why it ends."""
    ended_badly = any(wave.status.final and not wave.unblocks_dependents for wave in execution.waves)
    known = execution.failure or execution.superseded_by or not execution.open_waves
    return ended_badly or bool(known)


def stopped_by_people(
    execution: Execution,
    last: Iterable[TaskRecord],
    task_states: Mapping[str, str | None],
    run_finished: str | None,
) -> str | None:
    """Return who or what ended the run before its waves; None if nobody did."""
    own = [task for task in last if not _is_echo(execution, task, task_states)]
    states = _unexplained(execution, _own_states(task_states))
    stopped = _cancelled(execution) or _refusal(own) or run_finished
    return stopped or _interruption(execution.open_waves, states)


def _is_echo(execution: Execution, task: TaskRecord, task_states: Mapping[str, str | None]) -> bool:
    """Whether a refusal only passes on that a wave before did not come to its end.

    The gate after a wave with ``on_failure: continue`` runs in any case, also when that wave's tasks failed.
    Where the record holds no end of the wave, it refuses; Airflow would not even run any other gate.
    """
    if task.wave_number is None:
        return False
    before = [execution.wave(number) for number in execution.wave(task.wave_number).depends_on]
    waits = [task_id(Role.WATCH, wave.wave_name) for wave in before if not wave.unblocks_dependents]
    return any(task_states.get(wait) in {"failed", PASSED_ON} for wait in waits)


def _unexplained(execution: Execution, task_states: Mapping[str, str | None]) -> Mapping[str, str | None]:
    """Return the states of tasks without those of waves that ended badly and stopped nothing.

    These say why their tasks failed. What was done to the run afterwards shows in the others.
    """
    ended_badly = {
        group_id(wave.wave_name)
        for wave in execution.waves
        if wave.unblocks_dependents and not wave.status.policy_met
    }
    return {task: state for task, state in task_states.items() if role_of(task).group not in ended_badly}


def _since_opened(execution: Execution, tasks: Sequence[TaskRecord]) -> Sequence[TaskRecord]:
    """Return the tasks since the execution was opened again; what ended it before ends it no second time."""
    since = execution.open_since
    if since is None or since <= execution.start_time:
        return tasks
    return [task for task in tasks if not task.own or (task.end_time and task.end_time >= since)]


def _cancelled(execution: Execution) -> str | None:
    """Return who asked on the command line for the end of the run, and why."""
    asked = execution.cancel_asked
    return f"cancelled by {asked.by}: {asked.reason}" if asked else None


def _refusal(last: Iterable[TaskRecord]) -> str | None:
    """Return what our own rules refused last."""
    refused = [task for task in last if task.state is TaskState.REFUSED and task.message]
    return max(refused, key=_end_time).message if refused else None


def _last_failures(unfinished: Sequence[WaveRecord], tasks: Sequence[TaskRecord]) -> Iterable[TaskRecord]:
    """Yield the last failure of ours of each unfinished wave's current attempt, and those of no wave."""
    failed = [task for task in tasks if task.own and task.state in {TaskState.FAILED, TaskState.REFUSED}]
    yield from (task for task in failed if task.wave_number is None)
    for wave in unfinished:
        of_wave = [
            task for task in failed if (task.wave_number, task.attempt) == (wave.wave_number, wave.attempt)
        ]
        if of_wave:
            yield max(of_wave, key=_end_time)


def _end_time(task: TaskRecord) -> datetime:
    return task.end_time or datetime.min.replace(tzinfo=UTC)


def _interruption(unfinished: Iterable[WaveRecord], task_states: Mapping[str, str | None]) -> str | None:
    """Return what ended the run before its waves, as a text; None when nobody did.

    A task of ours that ends a running wave's run leaves a verdict or its failure on record. A wave that runs
    with neither was left by others: unless Airflow itself passed a silent failure on to the tasks that
    follow, its run was ended from outside. No task but this one follows the last wave: there that is the text
    also for a task that died and left no message.
    """
    states = set(task_states.values())
    if "failed" not in states:
        return "the DAG run, or a task of it, was marked by hand; Airflow does not tell by whom"
    if FORCED & states:
        return "the DAG run was ended by hand; Airflow does not tell by whom"
    running = [wave.wave_name for wave in unfinished if wave.status.running]
    if running and PASSED_ON not in states:
        return f"the DAG run was ended while {' and '.join(running)} was running"
    silent = "" if running else _failed_before_start(unfinished, task_states)
    return f"{silent} failed and left no message: marked by hand, or killed at every try" if silent else None


def _failed_before_start(unfinished: Iterable[WaveRecord], task_states: Mapping[str, str | None]) -> str:
    """Return the failed tasks of waves that never began: each would have left something on record."""
    never_began = {group_id(wave.wave_name) for wave in unfinished}
    failed = (task for task, state in task_states.items() if state == "failed")
    return " and ".join(sorted(task for task in failed if role_of(task).group in never_began))


def named_failed(task_states: Mapping[str, str | None]) -> str:
    """Return the tasks that failed, for an outcome that the record cannot explain."""
    return ", ".join(sorted(task for task, state in task_states.items() if state == "failed")) or "none"
