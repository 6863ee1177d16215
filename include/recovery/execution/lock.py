"""The lock of a plan: at most one active execution, held by an item and not by Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recovery.errors import ExecutionNotFound, LockHeld, RecordUnavailable
from recovery.execution.changes import pauses, read
from recovery.execution.enums import ExecutionType
from recovery.execution.expressions import Delete, Put
from recovery.execution.record import Record, Time, iso
from recovery.execution.requests import Wait, get

if TYPE_CHECKING:
    from datetime import datetime

    from recovery.execution.models import Execution
    from recovery.execution.requests import Steps

LOCK = "LOCK"


class Lock(Record):
    """Who holds a plan, since when; ``holder`` is an execution id."""

    holder: str
    since: Time
    execution_type: ExecutionType
    dag_run_id: str
    requested_by: str | None = None


def lock_key(plan_id: str) -> str:
    """Return the hash key under which a plan's lock lies."""
    return f"PLAN#{plan_id}"


def take_lock(execution: Execution, at: datetime) -> Steps[str | None]:
    """Take the plan for an execution; return the ended execution it was taken over from, if any.

    Taking one's own again is fine. Held by an execution that is not final: LockHeld.
    """
    mine = Lock(
        holder=execution.execution_id,
        since=at,
        execution_type=execution.execution_type,
        dag_run_id=execution.dag_run_id,
        requested_by=execution.requested_by,
    )
    ended: str | None = None
    for pause in pauses():
        if (yield from _put(execution.plan_id, mine, ended)):
            return ended
        held = yield from _read(execution.plan_id)
        if held is not None and held.holder == mine.holder:
            return None
        if held is not None:
            yield from _check_ended(execution.plan_id, held)
            ended = held.holder
        yield Wait(pause)
    raise RecordUnavailable(f"the lock of plan {execution.plan_id!r} kept changing hands")


def release_lock(execution: Execution) -> Steps[None]:
    """Delete the lock of a plan if this execution holds it."""
    delete = Delete(lock_key(execution.plan_id), LOCK)
    delete.require(delete.equal(("holder",), execution.execution_id))
    yield delete.request()


def _put(plan_id: str, mine: Lock, ended: str | None) -> Steps[bool]:
    put = Put(lock_key(plan_id), LOCK)
    if ended is None:
        put.require(put.absent("executionId"))
    else:
        put.require(put.equal(("holder",), ended))
    answer = yield put.request(mine.to_item())
    return answer is not None


def _read(plan_id: str) -> Steps[Lock | None]:
    item = yield from get(lock_key(plan_id), LOCK)
    return None if item is None else Lock.from_item(item)


def _check_ended(plan_id: str, held: Lock) -> Steps[None]:
    """Raise LockHeld unless the holder's record is final, or gone: what is not on record starts nothing."""
    try:
        holder = yield from read(held.holder)
    except ExecutionNotFound:
        return
    if not holder.final:
        raise LockHeld(
            f"plan {plan_id!r} is held by execution {held.holder} ({held.execution_type}, DAG run "
            f"{held.dag_run_id}, asked for by {held.requested_by or 'nobody named'}) "
            f"since {iso(held.since)}; it is {holder.status}: wait for it, or end its DAG run",
            holder=held.holder,
        )
