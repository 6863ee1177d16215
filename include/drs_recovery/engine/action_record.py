"""What is on record of an action of a plan: that it was begun, how it ended, or why it did not run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from drs_recovery.errors import StartRefused
from drs_recovery.record.base import iso
from drs_recovery.record.enums import EventType, TaskState
from drs_recovery.record.task_record import TaskRecord
from drs_recovery.store.tasks import read_task, write_action
from drs_recovery.store.trail import append_event

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from drs_recovery.engine.action_order import Due
    from drs_recovery.engine.attempt import Clear
    from drs_recovery.engine.journal import Journal
    from drs_recovery.plan import Plan
    from drs_recovery.plan.actions import Moment
    from drs_recovery.record.models import Execution
    from drs_recovery.store.store import ExecutionStore

HOW = "`recovery run-again` lets it run again, `recovery skip` lets it be"


class Ports(NamedTuple):
    """What an action reaches of ours: the record, and the audit trail."""

    store: ExecutionStore
    journal: Journal


class ActionRequest(NamedTuple):
    """A try of an action's task: which one, and what Airflow knows of its DAG run."""

    moment: Moment
    wave_number: int | None
    wave_name: str | None
    task_id: str
    try_number: int
    at: datetime
    clear: Clear

    @property
    def name(self) -> str:
        """The name of the task in the group of its wave."""
        return self.task_id.rpartition(".")[2]


@dataclass(frozen=True)
class Runs:
    """The action is on record as begun; ``context`` is what its templates may name."""

    due: Due
    plan: Plan
    record: Execution
    item: TaskRecord
    context: Mapping[str, Any]


class Unseen(StartRefused):
    """An action was begun, and nobody saw how it ended; ``tolerated``: the execution goes on without it."""

    def __init__(self, due: Due, known: TaskRecord) -> None:
        self.action, self.tolerated = due.action.name, tolerates(due)
        began = iso(known.start_time) if known.start_time else "some time"
        super().__init__(
            f"the action {due.action.name!r} was begun at {began}, and nobody saw how it ended: it is not "
            f"run again by itself. {HOW}"
        )


def is_same(written: TaskRecord, item: TaskRecord) -> bool:
    """Whether what is on record is what was to be written."""
    return written.replace(revision=None) == item.replace(revision=None)


def note_action(runs: Runs, text: str, ports: Ports) -> Runs:
    """Put on record what an action that runs has begun; StartRefused if somebody wrote of it since."""
    item = runs.item.replace(result=text)
    written = ports.store.run(write_action(runs.record.execution_id, runs.item, item))
    if not is_same(written, item):
        raise StartRefused(f"the action {runs.due.action.name!r} is {written.state} on record by now")
    # A later run of it writes the item again: what this one began, or what was there before, stays here
    append_to_trail(ports, runs.record, item, EventType.TASK_STARTED, f"{runs.due.action.name}: {text}")
    return replace(runs, item=written)


def end_action(runs: Runs, state: TaskState, text: str, ports: Ports) -> TaskRecord:
    """Put on record how an action ended, unless a person has said meanwhile what becomes of it."""
    succeeded = state is TaskState.SUCCESS
    said = {"result": text} if succeeded else {"message": text, "tolerated": tolerates(runs.due) or None}
    item = runs.item.replace(state=state, end_time=ports.journal.now(), **said)
    written = ports.store.run(write_action(runs.record.execution_id, runs.item, item))
    type_ = EventType.TASK_SUCCEEDED if succeeded else EventType.TASK_FAILED
    append_to_trail(ports, runs.record, written, type_, f"{runs.due.action.name}: {text}")
    return written


def tolerates(due: Due) -> bool:
    """Whether the execution goes on where an action fails."""
    return due.action.on_failure == "continue"


def note_refusal(record: Execution, request: ActionRequest, error: Exception, ports: Ports) -> bool:
    """Put on record that an action did not run, and why; whether the execution goes on all the same.

    What is there of what it did before stays, but what was begun and not seen to end is called so.
    """
    like = _refusal(request, error)
    known = ports.store.run(read_task(record.execution_id, like))
    unseen = isinstance(error, Unseen)
    tolerated = isinstance(error, Unseen) and error.tolerated
    if known is None or unseen:
        item = like.replace(tolerated=tolerated or None)
        if known is not None:
            kept = {"attempt": known.attempt, "start_time": known.start_time, "runs": known.runs}
            item = item.replace(result=known.result, **kept)
        ports.store.run(write_action(record.execution_id, known, item))
    type_ = EventType.TASK_FAILED if unseen else EventType.REFUSED
    append_to_trail(ports, record, like, type_, str(error))
    return tolerated


def _refusal(request: ActionRequest, error: Exception) -> TaskRecord:
    return TaskRecord(
        task_id=request.task_id,
        wave_number=request.wave_number,
        try_number=request.try_number,
        state=TaskState.UNSEEN if isinstance(error, Unseen) else TaskState.REFUSED,
        end_time=request.at,
        message=str(error),
        action=error.action if isinstance(error, Unseen) else request.name,
    )


def append_to_trail(ports: Ports, record: Execution, item: TaskRecord, type_: EventType, text: str) -> None:
    """Append what happens to an action."""
    wave = None if item.wave_number is None else record.wave(item.wave_number)
    ports.store.run(append_event(record.execution_id, ports.journal.event(type_, text, wave=wave)))
