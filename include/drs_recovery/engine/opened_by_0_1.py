"""What release 0.1 left in the audit trail alone, of an execution that it opened and this release ends.

Nothing else that decides reads the trail: what it takes from there, 0.2 has on record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.errors import ExecutionNotFound, RecordUnreadable
from drs_recovery.plan.frozen import FrozenPlan
from drs_recovery.record.enums import EventType, TaskState, WaveStatus
from drs_recovery.record.parts import CancelAsked
from drs_recovery.record.task_record import TaskRecord
from drs_recovery.store.frozen import read_plan
from drs_recovery.store.read_trail import read_events

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from drs_recovery.record.events import Event
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.store.store import ExecutionStore

FAILED = {EventType.FAILED: TaskState.FAILED, EventType.REFUSED: TaskState.REFUSED}
"""Events of a task that ended for good without ending its wave, and the state that its item would have."""

WENT_ON = frozenset({EventType.GATE_WAITING, EventType.APPROVED, EventType.JOB_STARTED})
"""Events after which a failure before is no end of a wave any more."""


def with_its_events(
    store: ExecutionStore, record: Execution, tasks: list[TaskRecord]
) -> tuple[Execution, list[TaskRecord]]:
    """Return a record with who cancelled it, and its tasks with those that failed, if 0.1 opened it."""
    if not _opened_by_0_1(store, record):
        return record, tasks
    events = [event for event in store.run(read_events(record.execution_id)) if _since_opened(record, event)]
    if record.cancel_asked is None and (asked := _cancelled(events)):
        record = record.replace(cancel_asked=asked)
    known = {task.task_id for task in tasks}
    return record, [*tasks, *(task for task in _failures(record, events) if task.task_id not in known)]


def waits_since(store: ExecutionStore, record: Execution, wave: WaveRecord) -> datetime | None:
    """Return when the gate of a wave first waited that waits without a time on record."""
    if wave.status is not WaveStatus.PAUSED or wave.waiting_since is not None:
        return None
    asked = (EventType.GATE_WAITING, wave.wave_number, wave.attempt)
    events = store.run(read_events(record.execution_id))
    times = [event.time for event in events if (event.type, event.wave_number, event.attempt) == asked]
    return min(times, default=None)


def _opened_by_0_1(store: ExecutionStore, record: Execution) -> bool:
    """Whether its plan was frozen without a format; one that is not frozen has its failure on record."""
    try:
        return FrozenPlan.model_validate_json(store.run(read_plan(record.execution_id))).format == 0
    except (ExecutionNotFound, RecordUnreadable, ValueError):
        return False


def _since_opened(record: Execution, event: Event) -> bool:
    since = record.open_since
    return since is None or since <= record.start_time or event.time >= since


def _cancelled(events: Iterable[Event]) -> CancelAsked | None:
    asked = [event for event in events if event.type in {EventType.CANCEL_ASKED, EventType.CANCEL_FAILED}]
    if not asked or asked[-1].type is EventType.CANCEL_FAILED:
        return None
    return CancelAsked(by=asked[-1].actor, time=asked[-1].time, reason=asked[-1].detail)


def _failures(record: Execution, events: list[Event]) -> Iterable[TaskRecord]:
    """Yield the last failure of each attempt, unless its wave went on after it, and those of no wave."""
    last = {
        (event.wave_number, event.attempt): event
        for event in events
        if event.wave_number is not None and event.type in FAILED.keys() | WENT_ON
    }
    of_no_wave = [event for event in events if event.wave_number is None and event.type in FAILED]
    for event in (*of_no_wave, *last.values()):
        if event.type in FAILED and event.actor:
            attempt = event.attempt
            if attempt is None and event.wave_number is not None:
                attempt = record.wave(event.wave_number).attempt
            yield TaskRecord(
                task_id=event.actor,
                wave_number=event.wave_number,
                attempt=attempt or 1,
                state=FAILED[event.type],
                end_time=event.time,
                message=event.detail,
            )
