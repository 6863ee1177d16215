"""Looking executions up. Nothing here writes (R-20), and nothing asks DRS (R-63)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.errors import ExecutionNotFound, RecordUnreadable
from drs_recovery.record.base import iso
from drs_recovery.record.models import Execution
from drs_recovery.store.passed_over import PassedOver, log_it
from drs_recovery.store.requests import get, marshal, query, query_some
from drs_recovery.store.server_settings import PUT_BACK
from drs_recovery.store.table import BY_PLAN, CLEANUP, NEWEST, OPEN

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from drs_recovery.store.requests import Item, StoreProgram

EXECUTION = "EXECUTION"


def read_execution(execution_id: str) -> StoreProgram[Execution]:
    """Read the record of an execution, consistently."""
    item = yield from get(execution_id, EXECUTION)
    if item is None:
        raise ExecutionNotFound(f"no execution {execution_id!r} is on record in this table and Region")
    return parse(item)


def parse(item: Item) -> Execution:
    """Return the execution of an item; RecordUnavailable names what in it cannot be read."""
    return Execution.from_item(item)


def parse_or_pass(item: Item, passed_over: PassedOver) -> Execution | None:
    """Return the execution of an item; None if it cannot be read, which is told."""
    try:
        return parse(item)
    except RecordUnreadable as error:
        passed_over(str(error))
        return None


def list_executions(
    plan_id: str | None = None, limit: int = 20, *, passed_over: PassedOver = log_it
) -> StoreProgram[list[Execution]]:
    """Read executions, newest first, from an index: it may be a moment behind.

    One that cannot be read hides no other, and takes no other's place.
    """
    index, hash_key, value = (NEWEST, "item", EXECUTION) if plan_id is None else (BY_PLAN, "planId", plan_id)
    arguments = {
        "IndexName": index,
        "KeyConditionExpression": "#hash = :hash",
        "ExpressionAttributeNames": {"#hash": hash_key},
        "ExpressionAttributeValues": marshal({":hash": value}),
        "ScanIndexForward": False,
    }
    return (yield from query_some(arguments, limit, lambda item: parse_or_pass(item, passed_over)))


def open_executions(*, passed_over: PassedOver = log_it) -> StoreProgram[list[Execution]]:
    """Read the executions that are not final, oldest first: found by the sparse index, then read again."""
    found = yield from _read_again((yield from _indexed(OPEN, EXECUTION)), passed_over)
    return [execution for execution in found if not execution.final]


def due_clean_ups(at: datetime, *, passed_over: PassedOver = log_it) -> StoreProgram[list[Execution]]:
    """Read the ended drills whose clean-up is due and not finished, longest due first, like the open ones."""
    found = yield from _read_again((yield from _indexed(CLEANUP, EXECUTION, at)), passed_over)
    return [execution for execution in found if execution.final and execution.cleanup_due is not None]


def due_put_backs(at: datetime, *, passed_over: PassedOver = log_it) -> StoreProgram[list[Execution]]:
    """Read the executions that have ended and whose settings are to be put back, longest due first."""
    found = yield from _read_again((yield from _indexed(CLEANUP, PUT_BACK, at)), passed_over)
    return [execution for execution in found if execution.final]


def pending_put_backs() -> StoreProgram[list[str]]:
    """Read the ids of all executions whose settings are to be put back, ended or not, from an index."""
    return [item["executionId"] for item in (yield from _indexed(CLEANUP, PUT_BACK))]


def _indexed(index: str, item: str, due: datetime | None = None) -> StoreProgram[list[Item]]:
    """Read what an index has of an item: all, or what is ``due`` at a time."""
    names, values = {"#item": "item"}, {":item": item}
    condition = "#item = :item"
    if due is not None:
        names, values = names | {"#due": "cleanupDue"}, values | {":at": iso(due)}
        condition += " AND #due <= :at"
    return (
        yield from query(
            {
                "IndexName": index,
                "KeyConditionExpression": condition,
                "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": marshal(values),
            }
        )
    )


def _read_again(items: Iterable[Item], passed_over: PassedOver) -> StoreProgram[list[Execution]]:
    """Read executions that an index names; one that cannot be read hides no other."""
    found = []
    for item in items:
        try:
            found.append((yield from read_execution(item["executionId"])))
        except (ExecutionNotFound, RecordUnreadable) as error:
            passed_over(str(error))
    return found
