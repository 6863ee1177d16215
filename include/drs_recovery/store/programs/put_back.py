"""What orders that the launch settings of a drill are put back, and writes how far that is.

It has an item of its own, and changes nothing of the execution's record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drs_recovery.errors import TransitionRefused
from drs_recovery.record.base import iso
from drs_recovery.record.enums import CleanupStatus
from drs_recovery.record.events import Fact
from drs_recovery.record.server_settings import PutBack
from drs_recovery.store.queries import read_execution
from drs_recovery.store.requests import now, retrying
from drs_recovery.store.server_settings import read_put_back, write_put_back
from drs_recovery.store.trail import append_event

if TYPE_CHECKING:
    from drs_recovery.record.events import Event
    from drs_recovery.record.models import Execution
    from drs_recovery.store.requests import StoreProgram


def order_put_back(execution_id: str) -> StoreProgram[PutBack]:
    """Order that settings are put back once the execution has ended, before the first of them is changed."""
    at = yield from now()

    def step() -> StoreProgram[PutBack | None]:
        before = yield from read_put_back(execution_id)
        if before is not None and before.status is CleanupStatus.PENDING:
            return before
        return (yield from write_put_back(execution_id, PutBack(time=at, due=at), before))

    return (yield from retrying(step, f"execution {execution_id}: its order to put settings back changed"))


def put_back(
    execution: Execution, status: CleanupStatus, event: Event | None = None, **known: Any
) -> StoreProgram[PutBack]:
    """Write how far it is after this very end of an execution.

    ``known`` are fields of PutBack. TransitionRefused for an execution that was opened again since, or that
    has changed no settings.
    """
    at = yield from now()

    def step() -> StoreProgram[PutBack | None]:
        yield from _check_same_end(execution)
        before = yield from read_put_back(execution.execution_id)
        if before is None:
            raise TransitionRefused(f"execution {execution.execution_id} has changed no launch settings")
        fields = {name: value for name, value in known.items() if name in PutBack.model_fields}
        due = None if status.finished else fields.get("due") or before.due or at
        after = before.replace(**{**fields, "status": status, "due": due})
        if after == before:
            return before
        return (yield from write_put_back(execution.execution_id, after.replace(time=at), before))

    trouble = f"execution {execution.execution_id}: how far its settings are put back kept changing"
    written = yield from retrying(step, trouble)
    if event is not None:
        once = f"{event.type}|{execution.end_time and iso(execution.end_time)}|{event.detail}"
        fact = Fact.LEFT_CHANGED if written.status is CleanupStatus.DONE and written.left else None
        event = event.replace(once=once, fact=fact)
        yield from append_event(execution.execution_id, event, execution)
    return written


def _check_same_end(execution: Execution) -> StoreProgram[None]:
    now_ = yield from read_execution(execution.execution_id)
    if execution.end_time is None or now_.end_time != execution.end_time:
        raise TransitionRefused(
            f"execution {now_.execution_id} is {now_.status}: only the settings of a drill that has ended "
            "are put back"
        )
