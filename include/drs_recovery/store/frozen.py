"""What an execution runs even if plan file or tags change, frozen by the put of one item."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import Field

from drs_recovery.errors import ExecutionNotFound, RecordUnreadable
from drs_recovery.record.base import Record
from drs_recovery.record.server_record import ServerRecord
from drs_recovery.store.own_items import put_long, read_long
from drs_recovery.store.requests import get, put_new
from drs_recovery.store.sizes import item_size

if TYPE_CHECKING:
    from drs_recovery.store.requests import Item, StoreProgram

PLAN = "PLAN"

ROOM = 100_000
"""Bytes of what is frozen that the item holds itself; of more it names the items that hold it."""


class Frozen(Record):
    """The plan as text, and its servers: one put decides, so that there is never half of two.

    ``minimum_launched`` holds, by wave number, how many servers that are not optional a wave needs, where
    that is not all of them.
    """

    plan: str
    servers: tuple[ServerRecord, ...]
    minimum_launched: dict[int, int] = Field(default_factory=dict)


def put_frozen(execution_id: str, wanted: Frozen) -> StoreProgram[bool]:
    """Freeze unless something is frozen; whether it was put. Ten thousand servers fit in no item."""
    item = wanted.to_item()
    if item_size(item) > ROOM:
        item["planItem"] = yield from put_long(execution_id, item.pop("plan"))
        item["serversItem"] = yield from put_long(execution_id, json.dumps(item.pop("servers")))
    return (yield from put_new(execution_id, PLAN, item))


def read_frozen(execution_id: str) -> StoreProgram[Frozen | None]:
    """Read what is frozen; None where nothing is."""
    item = yield from get(execution_id, PLAN)
    if item is None:
        return None
    plan = yield from _plan_of(execution_id, item)
    held = item.get("serversItem")
    servers = json.loads((yield from read_long(execution_id, str(held)))) if held else item.get("servers")
    return Frozen.from_item(item | {"plan": plan, "servers": servers})


def read_plan(execution_id: str) -> StoreProgram[str]:
    """Read the frozen plan of an execution."""
    item = yield from get(execution_id, PLAN)
    if item is None:
        raise ExecutionNotFound(
            f"execution {execution_id!r} holds no frozen plan: open_execution did not get so far"
        )
    return (yield from _plan_of(execution_id, item))


def _plan_of(execution_id: str, item: Item) -> StoreProgram[str]:
    if held := item.get("planItem"):
        return (yield from read_long(execution_id, str(held)))
    plan = item.get("plan")
    if not isinstance(plan, str):
        raise RecordUnreadable(f"the frozen plan of execution {execution_id!r} is no text")
    return plan
