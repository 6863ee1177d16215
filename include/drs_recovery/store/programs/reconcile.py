"""What ``reconcile`` writes of an execution that runs: since when the file of its plan is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.record.enums import Writer
from drs_recovery.store.changes import change
from drs_recovery.store.trail import append_event

if TYPE_CHECKING:
    from datetime import datetime

    from drs_recovery.record.events import Event
    from drs_recovery.record.models import Execution
    from drs_recovery.store.requests import StoreProgram


def plan_gone(execution_id: str, since: datetime | None, event: Event) -> StoreProgram[Execution]:
    """Write since when the file is gone; None: it is there again."""
    changed = yield from change(
        execution_id, Writer.RECONCILE, lambda known: known.replace(plan_gone_since=since)
    )
    yield from append_event(execution_id, event)
    return changed.execution
