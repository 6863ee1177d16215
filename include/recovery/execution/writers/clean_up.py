"""What ``clean_up`` writes: how the clean-up of a drill stands. Nothing else of a final execution changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recovery.errors import RecordUnavailable, TransitionRefused
from recovery.execution.changes import EXECUTION, Changed, parse, pauses, read, same_cleanup
from recovery.execution.enums import CleanupMode, CleanupStatus
from recovery.execution.expressions import Update
from recovery.execution.models import Cleanup
from recovery.execution.record import iso
from recovery.execution.requests import Wait, unmarshal
from recovery.execution.trail import tell_change
from recovery.execution.transitions import check_clean_up

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from recovery.execution.events import Event
    from recovery.execution.models import Execution
    from recovery.execution.requests import Request, Steps


def clean_up(
    execution: Execution,
    status: CleanupStatus,
    at: datetime,
    event: Event | None,
    known: Mapping[str, Any],
) -> Steps[Execution]:
    """Write how the clean-up of this very end of an execution stands.

    An execution that was opened again, or has ended anew, since ``execution`` was read is left alone.
    """
    for pause in pauses():
        before = yield from read(execution.execution_id)
        _check_same_end(execution, before)
        after = _having(before, status, at, known)
        if after == before:
            return (yield from _told(Changed(before, written=False), event))
        check_clean_up(before, after)
        answer = yield _request(before, after)
        if answer is not None:
            written = parse(unmarshal(answer["Attributes"]))
            return (yield from _told(Changed(written, written=True), event))
        yield Wait(pause)
    raise RecordUnavailable(
        f"execution {execution.execution_id}: its clean-up kept changing while it was to become {status}"
    )


def _check_same_end(execution: Execution, now: Execution) -> None:
    if execution.end_time is None or now.end_time != execution.end_time:
        raise TransitionRefused(
            f"execution {now.execution_id} is {now.status}: "
            + ("it was opened again, and" if execution.final else "it has not ended, and")
            + " only what has ended is cleaned up"
        )


def _having(execution: Execution, status: CleanupStatus, at: datetime, known: Mapping[str, Any]) -> Execution:
    """Return the execution with its clean-up as it stands now, the very same if it stood so already."""
    before = execution.cleanup or Cleanup(mode=known.get("mode", CleanupMode.NEVER), time=at)
    lists = ("instances", "job_ids")
    added = {name: tuple(dict.fromkeys((*getattr(before, name), *known.get(name, ())))) for name in lists}
    told = {"failure": None, "left": ()} | {**known, **added, "mode": before.mode, "status": status}
    after = before.having(**told)
    if execution.cleanup is not None and after == before:
        return execution
    due = None if status.over else execution.cleanup_due or at
    return execution.having(cleanup=after.having(time=at), cleanup_due=due)


def _request(before: Execution, after: Execution) -> Request:
    """Return the write. Its condition: the same end as before, and nobody else's word on the clean-up."""
    update = Update(before.execution_id, EXECUTION)
    update.require(
        update.equal(("endTime",), iso(before.end_time) if before.end_time else None),
        update.equal(("executionType",), before.execution_type.value),
        same_cleanup(update, before),
    )
    update.set(("cleanup",), after.cleanup and after.cleanup.to_item())
    update.set(("cleanupDue",), iso(after.cleanup_due) if after.cleanup_due else None)
    return update.request(returning=True)


def _told(changed: Changed, event: Event | None) -> Steps[Execution]:
    """Tell of the change once for this end of the execution."""
    end = changed.execution.end_time
    yield from tell_change(changed, event, end and iso(end), event and event.detail)
    return changed.execution
