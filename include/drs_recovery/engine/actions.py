"""An action of a plan: whether it may run now, and what is on record of it.

The record gives the permission here too. What was begun and not seen to end is never begun again by itself,
unless the plan says that it may.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drs_recovery.engine.action_order import DONE, Due, attempt_of, before_action, check_over
from drs_recovery.engine.action_record import (
    HOW,
    ActionRequest,
    Ports,
    Runs,
    Unseen,
    append_to_trail,
    is_same,
    tolerates,
)
from drs_recovery.engine.attempt import current_attempt
from drs_recovery.engine.frozen_plan import frozen_plan
from drs_recovery.engine.permission import check_approvals, wave_on_record
from drs_recovery.engine.template_context import template_context
from drs_recovery.errors import StartRefused
from drs_recovery.record.enums import EventType, TaskState
from drs_recovery.record.permission import check_action
from drs_recovery.record.task_record import TaskRecord
from drs_recovery.store.open_attempt import open_again
from drs_recovery.store.queries import read_execution
from drs_recovery.store.servers import read_servers
from drs_recovery.store.tasks import read_tasks, write_action

if TYPE_CHECKING:
    from drs_recovery.plan import Plan
    from drs_recovery.record.models import Execution

ASKED = frozenset({TaskState.AGAIN, TaskState.SKIPPED})
"""A person said what becomes of it."""


@dataclass(frozen=True)
class Passes:
    """The action is not run, and why; what follows it goes on."""

    message: str


def begin_action(record: Execution, request: ActionRequest, ports: Ports) -> Passes | Runs:
    """Put on record that an action begins, if the record permits it.

    Raises StartRefused or LockHeld where it does not: also for what was begun and not seen to end.
    """
    plan, due = _planned(record, request, ports)
    if not due.action.runs_in(record.execution_type.value):
        return Passes(f"{due.action.name!r} is for a {due.action.only} only")
    tasks = ports.store.run(read_tasks(record.execution_id))
    known = next((task for task in tasks if _is_of(task, due)), None)
    record = _current(record, due, known, request, ports)
    attempt = attempt_of(record, due.number)
    if (why := _is_done(due, known, attempt)) is not None:
        return Passes(why)
    check_action(record, due.number, due.moment)
    if due.number is not None and due.moment == "before":
        check_approvals(ports.store, record, record.wave(due.number), plan)
    check_over(plan, record, before_action(plan, record, due), tasks)
    _check_again(due, known, attempt)
    item = _begun(record, due, known, request)
    written = ports.store.run(write_action(record.execution_id, known, item))
    if written.state is TaskState.SKIPPED:
        return Passes(_skipped(due, written))
    if not is_same(written, item):
        raise StartRefused(f"another process began {due.action.name!r} at the same time")
    _look_again(due, written, record, ports)
    event = EventType.TASK_STARTED
    append_to_trail(ports, record, written, event, f"{due.action.name}: {due.action.kind}, run {item.runs}")
    return Runs(due, plan, record, written, _context(record, plan, due, ports))


def resume_action(record: Execution, request: ActionRequest, ports: Ports) -> Passes | Runs:
    """Go on with an action that this very try began; StartRefused where the record has gone on without it."""
    plan, due = _planned(record, request, ports)
    tasks = ports.store.run(read_tasks(record.execution_id))
    known = next((task for task in tasks if _is_of(task, due)), None)
    if known is not None and known.state is TaskState.SKIPPED:
        return Passes(_skipped(due, known))
    ours = known is not None and (known.state, known.try_number) == (TaskState.RUNNING, request.try_number)
    if known is None or not ours or known.attempt != attempt_of(record, due.number):
        state = known.state if known else "not there"
        raise StartRefused(
            f"the action {due.action.name!r} is {state} on record: this is an earlier try of it"
        )
    if record.final:
        raise StartRefused(f"the execution is {record.status}: it ended while {due.action.name!r} ran")
    return Runs(due, plan, record, known, _context(record, plan, due, ports))


def _planned(record: Execution, request: ActionRequest, ports: Ports) -> tuple[Plan, Due]:
    """Return the frozen plan, and the action of it that a task stands for."""
    if request.wave_number is not None:
        wave_on_record(record, request.wave_number, request.wave_name or "")
    if record.archived:  # with its plan
        raise StartRefused(f"the execution is {record.archived.state}. Start a new run")
    plan = frozen_plan(ports.store, record.execution_id)
    for action in plan.actions(request.moment, request.wave_number):
        if action.task_name(request.moment) == request.name:
            return plan, Due(request.wave_number, request.moment, action)
    raise StartRefused(
        f"the plan was edited while this execution runs: the one that it was opened with has no action "
        f"{request.task_id}"
    )


def _is_of(task: TaskRecord, due: Due) -> bool:
    return (task.wave_number, task.name) == (due.number, due.name)


def _current(
    record: Execution,
    due: Due,
    known: TaskRecord | None,
    request: ActionRequest,
    ports: Ports,
) -> Execution:
    """Return the record as this try works on it: open again, where a person asked for that after its end."""
    if due.number is not None and due.moment == "before":
        return current_attempt(
            ports.store, ports.journal, record, due.number, request.clear, opens_gate=False
        )
    asked = known is not None and known.state in ASKED and known.end_time is not None
    if record.end_time is None or known is None or not asked or not request.clear.number:
        return record
    if known.end_time is None or known.end_time < record.end_time:
        return record
    what = "runs again" if known.state is TaskState.AGAIN else "is let be"
    text = f"{due.action.name} {what}, says {known.by}. The execution was {record.status} and is open again"
    event = ports.journal.event(EventType.REOPENED, text)
    return ports.store.run(open_again(record.execution_id, event, is_finished=request.clear.is_finished))


def _is_done(due: Due, known: TaskRecord | None, attempt: int) -> str | None:
    """Return why an action does not run any more; what may be repeated runs once in each attempt."""
    if known is None:
        return None
    if known.attempt == attempt and tolerates(due) and _used_up(due, known):
        return f"{due.action.name!r} is {known.state}, and the plan goes on without it: {known.message}"
    if known.state not in DONE:
        return None
    if known.state is TaskState.SKIPPED:
        return _skipped(due, known)
    if due.action.may_repeat and known.attempt < attempt:
        return None
    return f"{due.action.name!r} is done on record, in attempt {known.attempt}: {known.result or 'no result'}"


def _skipped(due: Due, known: TaskRecord) -> str:
    return f"{due.action.name!r} is let be by {known.by}: {known.reason}"


def _check_again(due: Due, known: TaskRecord | None, attempt: int) -> None:
    """Raise StartRefused for what may not run again by itself."""
    if known is None or due.action.may_repeat:
        return
    if known.state in {TaskState.RUNNING, TaskState.UNSEEN}:
        raise Unseen(due, known)
    if known.attempt == attempt and _used_up(due, known):
        raise StartRefused(f"the action {due.action.name!r} failed: {known.message}. {HOW}")


def _used_up(due: Due, known: TaskRecord) -> bool:
    """Whether it failed as often as it may, or nobody saw how it ended."""
    failed = known.state is TaskState.FAILED and (known.runs or 0) > due.action.retries
    return failed or (known.state is TaskState.UNSEEN and not due.action.may_repeat)


def _begun(record: Execution, due: Due, known: TaskRecord | None, request: ActionRequest) -> TaskRecord:
    attempt = attempt_of(record, due.number)
    fresh = known is None or known.attempt != attempt or known.state is TaskState.AGAIN
    asked = known if known is not None and known.state is TaskState.AGAIN else None
    approval = record.wave(due.number).approval if due.number is not None else None
    return TaskRecord(
        task_id=request.task_id,
        wave_number=due.number,
        attempt=attempt,
        try_number=request.try_number,
        state=TaskState.RUNNING,
        start_time=request.at,
        action=due.action.name,
        by=asked.by if asked else approval.by if approval else None,
        reason=asked.reason if asked else None,
        runs=1 if fresh or known is None else (known.runs or 0) + 1,
    )


def _look_again(due: Due, begun: TaskRecord, record: Execution, ports: Ports) -> None:
    """Raise StartRefused if the execution was ended, or lost its plan, before this try was on record."""
    try:
        check_action(ports.store.run(read_execution(record.execution_id)), due.number, due.moment)
    except StartRefused as error:
        item = begun.replace(state=TaskState.REFUSED, end_time=ports.journal.now(), message=str(error))
        ports.store.run(write_action(record.execution_id, begun, item))
        raise


def _context(record: Execution, plan: Plan, due: Due, ports: Ports) -> dict[str, Any]:
    servers = ports.store.run(read_servers(record.execution_id, due.number))
    wave = None if due.number is None else record.wave(due.number)
    return template_context(record, plan, servers, wave=wave)
