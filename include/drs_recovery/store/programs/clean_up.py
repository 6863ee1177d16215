"""What ``clean_up`` writes: how the clean-up of a drill stands. Nothing else of a final execution changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drs_recovery.errors import RecordUnreadable, TransitionRefused
from drs_recovery.record.base import iso
from drs_recovery.record.enums import CleanupMode, CleanupStatus
from drs_recovery.record.parts import Cleanup
from drs_recovery.record.transitions import check_clean_up
from drs_recovery.store.changes import Changed, same_cleanup, write
from drs_recovery.store.fitting import CLEAN_UP_BUDGETS, recognised
from drs_recovery.store.own_items import ids_item, put_ids, read_ids
from drs_recovery.store.passed_over import log_it
from drs_recovery.store.queries import read_execution
from drs_recovery.store.requests import now, retrying
from drs_recovery.store.trail import append_change

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from drs_recovery.record.events import Event
    from drs_recovery.record.models import Execution
    from drs_recovery.store.expressions import Update
    from drs_recovery.store.requests import StoreProgram

MOST_INLINE = 100
"""Ids of a list that the record holds itself; of more it names the items that do."""


def clean_up(
    execution: Execution,
    status: CleanupStatus,
    event: Event | None = None,
    **known: Any,
) -> StoreProgram[Execution]:
    """Write how the clean-up of this very end of an execution stands.

    ``known`` are fields of Cleanup; instances and job ids are added to those on record. TransitionRefused for
    an execution that was opened again, or has ended again, since ``execution`` was read, and for what is no
    drill.
    """
    at = yield from now()

    def step() -> StoreProgram[Changed | None]:
        before = yield from read_execution(execution.execution_id)
        _check_same_end(execution, before)
        known_lists = yield from _lists(before, known)
        after = _with_changes(before, status, at, known, known_lists)
        if after == before:
            return Changed(before, written=False)
        check_clean_up(before, after)
        yield from _put_lists(before.execution_id, known_lists)
        return (yield from write(before, after, _same_end, CLEAN_UP_BUDGETS))

    trouble = f"its clean-up kept changing while it was to become {status}"
    changed = yield from retrying(step, f"execution {execution.execution_id}: {trouble}")
    # Once for this end of the execution
    end = changed.execution.end_time
    yield from append_change(changed, event, end and iso(end), event and event.detail)
    return changed.execution


def _check_same_end(execution: Execution, now: Execution) -> None:
    if execution.end_time is None or now.end_time != execution.end_time:
        raise TransitionRefused(
            f"execution {now.execution_id} is {now.status}: "
            + ("it was opened again, and" if execution.final else "it has not ended, and")
            + " only what has ended is cleaned up"
        )


def _lists(execution: Execution, known: Mapping[str, Any]) -> StoreProgram[dict[str, tuple[str, ...]]]:
    """Return the instances as they are to be on record: those there, listed or in an item, and those added.

    A list that cannot be read stays as it is until others are added: no clean-up is held up by it.
    """
    left, added = {"left": tuple(known.get("left", ()))}, known.get("instances", ())
    before = execution.cleanup
    there = before.instances if before else ()
    if before and before.instances_item:
        try:
            there = yield from read_ids(execution.execution_id, before.instances_item)
        except RecordUnreadable as error:
            log_it(str(error))
            if not added:
                return left
    return left | {"instances": tuple(dict.fromkeys((*there, *added)))}


def _put_lists(execution_id: str, lists: Mapping[str, Sequence[str]]) -> StoreProgram[None]:
    for ids in lists.values():
        if len(ids) > MOST_INLINE:
            yield from put_ids(execution_id, ids)


def _placed(lists: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the fields that hold lists: all of each, or what names the item that does."""
    fields: dict[str, Any] = {}
    for name, ids in lists.items():
        inline = len(ids) <= MOST_INLINE
        fields |= {name: ids if inline else (), f"{name}_item": None if inline else ids_item(ids)}
    if "instances" in lists:
        count = len(lists["instances"])
        fields["instance_count"] = count if count > MOST_INLINE else None
    return fields


def _with_changes(
    execution: Execution,
    status: CleanupStatus,
    at: datetime,
    known: Mapping[str, Any],
    lists: Mapping[str, Sequence[str]],
) -> Execution:
    """Return the execution with its clean-up as it stands now, the very same if it stood so already."""
    before = execution.cleanup or Cleanup(mode=known.get("mode", CleanupMode.NEVER), time=at)
    known = dict(known)
    later = known.pop("due", None)
    jobs = tuple(dict.fromkeys((*before.job_ids, *known.get("job_ids", ()))))
    others = {name: value for name, value in known.items() if name not in {"instances", "left"}}
    waves = (before.job_waves or {}) | known.get("job_waves", {})
    changed = {"failure": None} | {**others, "job_ids": jobs, "job_waves": waves or None, **_placed(lists)}
    after = before.replace(**changed | {"mode": before.mode, "status": status})
    if execution.cleanup is not None and recognised(execution, execution.replace(cleanup=after)) == execution:
        return execution
    due = None if status.finished else later or execution.cleanup_due or at
    return recognised(execution, execution.replace(cleanup=after.replace(time=at), cleanup_due=due))


def _same_end(update: Update, before: Execution) -> Iterable[str]:
    """Yield the conditions: the same end as before, and a clean-up that nobody else changed."""
    yield update.equal(("endTime",), iso(before.end_time) if before.end_time else None)
    yield update.equal(("executionType",), before.execution_type.value)
    yield same_cleanup(update, before)
    yield update.absent("archived")
