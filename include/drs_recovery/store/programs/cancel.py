"""What ``recovery cancel`` writes: who asks for the end of an execution's DAG run, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.record.enums import EventType, Writer
from drs_recovery.record.events import Event
from drs_recovery.record.parts import CancelAsked
from drs_recovery.store.changes import change
from drs_recovery.store.requests import now
from drs_recovery.store.trail import append_event

if TYPE_CHECKING:
    from drs_recovery.record.models import Execution
    from drs_recovery.store.requests import StoreProgram


def ask(execution_id: str, by: str, reason: str) -> StoreProgram[Execution]:
    """Write who asks, before the run is ended: `complete_execution` ends the execution in this name."""
    at = yield from now()
    asked = CancelAsked(by=by, time=at, reason=reason)
    changed = yield from change(execution_id, Writer.CANCEL, lambda known: known.replace(cancel_asked=asked))
    event = Event(type=EventType.CANCEL_ASKED, time=at, actor=by, detail=reason)
    yield from append_event(execution_id, event)
    return changed.execution


def withdraw(execution_id: str, by: str, why: str) -> StoreProgram[Execution]:
    """Write that Airflow did not end the run: what ends it later is something else."""
    at = yield from now()
    changed = yield from change(execution_id, Writer.CANCEL, lambda known: known.replace(cancel_asked=None))
    event = Event(type=EventType.CANCEL_FAILED, time=at, actor=by, detail=why)
    yield from append_event(execution_id, event)
    return changed.execution
