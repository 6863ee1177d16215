"""The lock of a plan: at most one active execution, held by an item and not by Airflow.

A drill that waits at a gate, for hours perhaps, never keeps a real recovery out: a RECOVERY takes the plan
over from a DRILL, which is superseded. Nothing takes it over from a RECOVERY that is not finished.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from drs_recovery.errors import (
    ExecutionNotFound,
    LockHeld,
    RecordUnreadable,
    TransitionRefused,
)
from drs_recovery.record.base import ExecutionId, Record, RunId, Time, is_execution_id, iso
from drs_recovery.record.enums import EventType, ExecutionType, Writer
from drs_recovery.record.events import Event
from drs_recovery.store.changes import change, same_version
from drs_recovery.store.expressions import Delete, Put, Update
from drs_recovery.store.queries import EXECUTION, read_execution
from drs_recovery.store.requests import get, now, retrying
from drs_recovery.store.trail import append_change, append_event

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from drs_recovery.record.models import Execution
    from drs_recovery.store.requests import Item, StoreProgram

LOCK = "LOCK"


class Lock(Record):
    """Who holds a plan, since when; ``holder`` is an execution id."""

    holder: ExecutionId
    since: Time
    execution_type: ExecutionType
    dag_run_id: RunId
    requested_by: str | None = None


class Freed(NamedTuple):
    """What held a plan that was unlocked: the lock, or why nobody can read in it who did."""

    lock: Lock | None
    trouble: str | None = None


def lock_key(plan_id: str) -> str:
    """Return the hash key under which a plan's lock lies."""
    return f"PLAN#{plan_id}"


def take_lock(
    execution: Execution,
    *,
    is_finished: Callable[[Execution], bool] | None = None,
    renew: bool = False,
) -> StoreProgram[str | None]:
    """Take the plan for an execution; return the execution it was taken over from, if any.

    Taking one's own again is fine; with ``renew`` it is put again: who read it before does not get it.
    It is taken over from an execution that is final, or not on record, or whose DAG run has ended or
    is gone (``is_finished``); and by a RECOVERY from a DRILL. Else LockHeld.
    """
    at = yield from now()
    mine = Lock(
        holder=execution.execution_id,
        since=at,
        execution_type=execution.execution_type,
        dag_run_id=execution.dag_run_id,
        requested_by=execution.requested_by,
    )
    before: Lock | None = None

    def step() -> StoreProgram[str | None]:
        """Return the execution that made way, "" where none held the plan; None to try again."""
        nonlocal before
        if (yield from _put(execution.plan_id, mine, before, renew=renew)):
            return before.holder if before else ""
        held = yield from _read_lock(execution.plan_id)
        before = None
        if held is not None and held.holder == mine.holder:
            return None if renew else ""
        if held is not None and (yield from _make_way(execution, held, at, is_finished)):
            before = held
        return None

    trouble = f"the lock of plan {execution.plan_id!r} kept changing hands"
    return (yield from retrying(step, trouble)) or None


def unlock(plan_id: str, actor: str, reason: str) -> StoreProgram[Freed | None]:
    """Delete the lock of a plan, held by anybody, with an event in the holder's trail; return what it was.

    The way out when nothing else frees a plan, also one whose lock cannot be read. The execution that held
    it keeps running if it does.
    """
    item = yield from get(lock_key(plan_id), LOCK)
    if item is None:
        return None
    freed = _freed(item)
    delete = Delete(lock_key(plan_id), LOCK)
    for name in ("holder", "since"):
        delete.require(delete.equal((name,), item[name]) if name in item else delete.absent(name))
    if (yield delete.request()) is None:
        raise TransitionRefused(f"the lock of plan {plan_id!r} changed hands just now: look again")
    if is_execution_id(holder := item.get("holder")):
        at = yield from now()
        detail = f"the plan was unlocked by hand: {reason}"
        yield from append_event(
            holder, Event(type=EventType.LOCK_RELEASED, time=at, actor=actor, detail=detail)
        )
    return freed


def _freed(item: Item) -> Freed:
    try:
        return Freed(Lock.from_item(item))
    except RecordUnreadable as error:
        return Freed(None, str(error))


def release_lock(execution: Execution) -> StoreProgram[None]:
    """Delete the lock of a plan if this execution holds it."""
    delete = Delete(lock_key(execution.plan_id), LOCK)
    delete.require(delete.equal(("holder",), execution.execution_id))
    yield delete.request()


def _put(plan_id: str, mine: Lock, before: Lock | None, *, renew: bool) -> StoreProgram[bool]:
    """Put the lock where there is none, one's own again, or in the place of the very one that makes way."""
    put = Put(lock_key(plan_id), LOCK)
    if before is None and renew:
        put.require(put.either(put.absent("executionId"), put.equal(("holder",), mine.holder)))
    elif before is None:
        put.require(put.absent("executionId"))
    else:
        put.require(put.equal(("holder",), before.holder), put.equal(("since",), iso(before.since)))
    answer = yield put.request(mine.to_item())
    return answer is not None


def _read_lock(plan_id: str) -> StoreProgram[Lock | None]:
    item = yield from get(lock_key(plan_id), LOCK)
    if item is None:
        return None
    lock, trouble = _freed(item)
    if lock is None:
        raise RecordUnreadable(
            f"{trouble}; nobody can say who holds plan {plan_id!r}: see what of it runs, and free it with "
            "`recovery unlock`"
        )
    return lock


def _make_way(
    execution: Execution, held: Lock, at: datetime, is_finished: Callable[[Execution], bool] | None
) -> StoreProgram[bool]:
    """Return whether the holder is out of the way, or raise LockHeld.

    What is not on record starts nothing.
    """
    try:
        holder = yield from read_execution(held.holder)
    except ExecutionNotFound:
        return True
    if holder.final:
        return (yield from _keep_closed(holder))
    real_before_drill = not execution.is_drill and holder.is_drill
    if real_before_drill or (is_finished is not None and is_finished(holder)):
        # Its run may be cleared: nothing of it may start beside this execution. What has nothing left to
        # start keeps the end that it earned.
        if not all(wave.status.policy_met for wave in holder.waves):
            yield from supersede(holder, execution, at)
        return True
    raise LockHeld(
        f"plan {execution.plan_id!r} is held by execution {held.holder} ({held.execution_type}, DAG run "
        f"{held.dag_run_id}, asked for by {held.requested_by or 'nobody named'}) "
        f"since {iso(held.since)}; it is {holder.status}: wait for it, or end its DAG run",
        holder=held.holder,
    )


def _keep_closed(holder: Execution) -> StoreProgram[bool]:
    """Return whether a final holder stays final: a new attempt that has looked at its record is refused.

    Only its version is written: others may write of its clean-up meanwhile.

    A new attempt reads the record, takes the lock, and opens the record under the version it has read. Who
    takes the lock from a final holder reads the lock, counts the version up, and takes the very lock it has
    read. In any order, one of the two is refused.
    """
    update = Update(holder.execution_id, EXECUTION)
    update.set(("version",), holder.version + 1)
    update.require(same_version(update, holder), update.present("endTime"))
    return (yield update.request()) is not None


def supersede(holder: Execution, by: Execution, at: datetime) -> StoreProgram[None]:
    """Write on an execution that another took its plan: before the lock goes, so that no crash forgets it.

    From here on the record permits none of its starts and takes no answer to its gates.
    """
    text = (
        f"by the {by.execution_type} {by.execution_id}, DAG run {by.dag_run_id}, "
        f"asked for by {by.requested_by or 'nobody named'}"
    )
    event = Event(type=EventType.SUPERSEDED, time=at, actor=Writer.OPEN, detail=text)

    def alter(execution: Execution) -> Execution:
        if execution.final or execution.superseded_by is not None:
            return execution
        return execution.replace(superseded_by=by.execution_id)

    changed = yield from change(holder.execution_id, Writer.OPEN, alter)
    if changed.execution.superseded_by == by.execution_id:
        yield from append_change(changed, event, by.execution_id)
