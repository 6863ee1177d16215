"""What ``archive`` writes: where an execution is archived, and from when on the rest of it may be removed.

Its record stays: lists go on showing it, and its DAG run, cleared after years, finds it and starts nothing.
Nothing is deleted here. DynamoDB removes what has expired, and an item gets that mark only if it is what was
read, and so what is in the archive.

A look that was given up may still go on: each begins with a version of the record of its own, and what it
writes after another look began is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.errors import ArchiveRefused, TransitionRefused
from drs_recovery.record.base import iso
from drs_recovery.record.parts import Archived
from drs_recovery.record.transitions import check_archive
from drs_recovery.store.changes import same_cleanup, same_version, write
from drs_recovery.store.expressions import Update
from drs_recovery.store.fitting import CLEAN_UP_BUDGETS
from drs_recovery.store.passed_over import PassedOver, log_it
from drs_recovery.store.queries import EXECUTION, parse_or_pass, pending_put_backs, read_execution
from drs_recovery.store.requests import (
    Request,
    get,
    key,
    marshal,
    now,
    query,
    query_some,
    retrying,
    unmarshal,
)
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
    if first > iso(before):  # RECOVERY_ARCHIVE_DAYS was raised: all that old is archived
        return []
    reached, all_archived = first, True

    def due(item: Item) -> Execution | None:
        nonlocal reached, all_archived
        execution = parse_or_pass(item, passed_over)
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


def _is_over(execution: Execution, before: datetime) -> bool:
    ended = execution.end_time is not None and execution.end_time < before
    return ended and execution.cleanup_due is None


def claim(found: Execution) -> StoreProgram[Execution]:
    """Begin a look at an execution, before its items are read; return its record, whole.

    From here on nothing opens it again, and no look that began earlier writes to its record. One that is
    archived already is returned as it is. TransitionRefused for one that was opened again since it was found,
    or whose clean-up was asked for.
    """
    at = yield from now()

    def step() -> StoreProgram[Execution | None]:
        before = yield from read_execution(found.execution_id)
        if before.archived and before.archived.expires:
            return before
        if before.end_time != found.end_time:
            raise TransitionRefused(f"execution {found.execution_id} was opened again: it is not archived")
        place = before.archived.place if before.archived else None
        return (yield from _write(before, Archived(time=at, place=place)))

    trouble = f"execution {found.execution_id}: its record kept changing while it was to be archived"
    return (yield from retrying(step, trouble))


def put_archived(claimed: Execution, archived: Archived) -> StoreProgram[Execution]:
    """Write how far the look is that claimed an execution; ArchiveRefused if another one began since."""
    if (written := (yield from _write(claimed, archived))) is None:
        raise ArchiveRefused(
            f"another process archives execution {claimed.execution_id}: this one lets it go on alone"
        )
    return written


def _write(before: Execution, archived: Archived) -> StoreProgram[Execution | None]:
    after = before.replace(archived=archived, version=before.version + 1)
    check_archive(before, after)
    changed = yield from write(before, after, _same_end, CLEAN_UP_BUDGETS)
    return changed.execution if changed else None


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
    """Mark an item to be removed; return whether it is what was read, to the last attribute.

    One that lost or changed an attribute is not marked. One that got another is, and the caller goes no
    further: the next look archives it as it is then, days before it can be removed.
    """
    at = int(expires.timestamp())
    update = Update(item["executionId"], item["item"])
    update.set((EXPIRES,), at)
    attributes = {name: value for name, value in item.items() if name not in key("", "")}
    update.require(update.present("executionId"), update.absent(EXPIRES))
    update.require(*(update.equal((name,), value) for name, value in attributes.items()))
    answer = yield update.request(returning=True)
    return answer is not None and unmarshal(answer["Attributes"]) == item | {EXPIRES: at}
