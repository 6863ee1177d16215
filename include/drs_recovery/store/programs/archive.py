"""What ``archive`` writes: where an execution is archived, and from when on the rest of it may be removed.

Its record stays: lists go on showing it, and its DAG run, cleared after years, finds it and starts nothing.
Nothing is deleted here. DynamoDB removes what has expired, and an item gets that mark only under the
condition that it is what was read, and so what is in the archive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.errors import RecordUnreadable
from drs_recovery.record.base import iso
from drs_recovery.record.parts import Archived
from drs_recovery.record.transitions import check_archive
from drs_recovery.store.changes import same_cleanup, same_version, write
from drs_recovery.store.expressions import Update
from drs_recovery.store.fitting import CLEAN_UP_BUDGETS
from drs_recovery.store.passed_over import PassedOver, log_it
from drs_recovery.store.queries import EXECUTION, parse, pending_put_backs, read_execution
from drs_recovery.store.requests import Request, get, key, marshal, now, query, query_some, retrying
from drs_recovery.store.table import EXPIRES, NEWEST

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from drs_recovery.record.models import Execution
    from drs_recovery.store.requests import Item, StoreProgram

ARCHIVE = "ARCHIVE"
"""Hash key of the bookmark."""

BOOKMARK = "BOOKMARK"
"""Item of the bookmark: all executions that began before its ``before`` are archived."""

_BEFORE = "before"
_FIRST = "0000"


def due_for_archive(
    before: datetime, most: int, *, passed_over: PassedOver = log_it
) -> StoreProgram[list[Execution]]:
    """Read executions that ended before a time, of which nothing is due, and that are not archived yet.

    The oldest first, from an index, and only from the first on that is not archived: the look stays as short
    as it is on the first day.
    """
    busy = set((yield from pending_put_backs()))
    first = str(((yield from get(ARCHIVE, BOOKMARK)) or {}).get(_BEFORE, _FIRST))
    reached, all_archived = first, True

    def due(item: Item) -> Execution | None:
        nonlocal reached, all_archived
        execution = _readable(item, passed_over)
        archived = execution is not None and execution.archived is not None and execution.archived.expires
        all_archived = all_archived and bool(archived)
        if all_archived:
            reached = str(item["startTime"])
        if execution is None or archived or execution.execution_id in busy or not _is_over(execution, before):
            return None
        return execution

    arguments = {
        "IndexName": NEWEST,
        "KeyConditionExpression": "#item = :item AND startTime BETWEEN :first AND :before",
        "ExpressionAttributeNames": {"#item": "item"},
        "ExpressionAttributeValues": marshal({":item": EXECUTION, ":first": first, ":before": iso(before)}),
    }
    found = yield from query_some(arguments, most, due)
    if reached != first:
        yield Request("put_item", {"Item": marshal(key(ARCHIVE, BOOKMARK) | {_BEFORE: reached})})
    return found


def _readable(item: Item, passed_over: PassedOver) -> Execution | None:
    try:
        return parse(item)
    except RecordUnreadable as error:
        passed_over(str(error))
        return None


def _is_over(execution: Execution, before: datetime) -> bool:
    ended = execution.end_time is not None and execution.end_time < before
    return ended and execution.cleanup_due is None


def claim(execution: Execution, place: str) -> StoreProgram[Archived]:
    """Write where an execution goes, before it is read: from here on nothing opens it again.

    TransitionRefused for one that was opened again, or whose clean-up was asked for, since it was found.
    """
    at = yield from now()
    return (yield from _write(execution, Archived(time=at, place=place)))


def finish(execution: Execution, archived: Archived, expires: datetime) -> StoreProgram[Archived]:
    """Write that all of it is in the archive that claimed it, and from when on the rest may be removed."""
    return (yield from _write(execution, archived.replace(expires=expires)))


def _write(execution: Execution, archived: Archived) -> StoreProgram[Archived]:
    def step() -> StoreProgram[Archived | None]:
        before = yield from read_execution(execution.execution_id)
        known = before.archived
        if known and known.place == archived.place and (known.expires or not archived.expires):
            return known
        after = before.replace(archived=archived, version=before.version + 1)
        check_archive(before, after)
        changed = yield from write(before, after, _same_end, CLEAN_UP_BUDGETS)
        return changed.execution.archived if changed else None

    trouble = f"execution {execution.execution_id}: its record kept changing while it was to be archived"
    return (yield from retrying(step, trouble))


def _same_end(update: Update, before: Execution) -> Iterable[str]:
    yield same_version(update, before)
    yield update.present("endTime")
    yield same_cleanup(update, before)


def read_items(execution_id: str) -> StoreProgram[list[Item]]:
    """Read all items of an execution as they are, consistently."""
    return (
        yield from query(
            {
                "KeyConditionExpression": "executionId = :id",
                "ExpressionAttributeValues": marshal({":id": execution_id}),
                "ConsistentRead": True,
            }
        )
    )


def expire(item: Item, expires: datetime) -> StoreProgram[bool]:
    """Mark an item to be removed, unless somebody changed it since it was read; whether it is marked."""
    if EXPIRES in item:
        return True
    update = Update(item["executionId"], item["item"])
    update.set((EXPIRES,), int(expires.timestamp()))
    attributes = {name: value for name, value in item.items() if name not in key("", "")}
    update.require(update.present("executionId"), update.absent(EXPIRES))
    update.require(*(update.equal((name,), value) for name, value in attributes.items()))
    return (yield update.request()) is not None
