"""The items of the queues for DRS's room: one queue for each account and Region, one item for each place."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from drs_recovery.errors import RecordUnreadable
from drs_recovery.record.base import iso
from drs_recovery.record.queue import Place
from drs_recovery.store.expressions import Delete, Update
from drs_recovery.store.passed_over import PassedOver, log_it, readable
from drs_recovery.store.requests import Request, key, marshal, put_new, query_items

if TYPE_CHECKING:
    from datetime import datetime

    from drs_recovery.store.requests import Item, StoreProgram

QUEUES = "QUEUES"
"""Hash key of the list of queues that there have been."""

QUEUE = "QUEUE#"
PREFIX = "PLACE#"


class QueueKey(NamedTuple):
    """Whose room is waited for."""

    account: str
    region: str

    @property
    def hash_key(self) -> str:
        """The hash key of its places."""
        return f"{QUEUE}{self.account}#{self.region}"

    @property
    def text(self) -> str:
        """The queue, as people read it."""
        return f"{self.region}, account {self.account}"


def place_item(execution_id: str, wave_number: int) -> str:
    """Return the range key of a wave's place."""
    return f"{PREFIX}{execution_id}#{wave_number:03}"


def list_queues() -> StoreProgram[list[QueueKey]]:
    """Read which queues there have been."""
    found = yield from query_items(QUEUES, QUEUE)
    return [QueueKey(*str(item["item"]).removeprefix(QUEUE).split("#", 1)) for item in found]


def read_queue(queue: QueueKey, *, passed_over: PassedOver = log_it) -> StoreProgram[list[Place]]:
    """Read all places of a queue, consistently; one that cannot be read hides no other."""
    return readable((yield from query_items(queue.hash_key, PREFIX)), _place, passed_over)


def _place(item: Item) -> Place:
    place = Place.from_item(item)
    if place_item(*place.owner) != item["item"]:
        raise RecordUnreadable(f"{item['item']} holds another wave's place")
    return place


def queue_up(queue: QueueKey, place: Place) -> StoreProgram[None]:
    """Take a place, or take it up again: that it was called before is forgotten."""
    yield from put_new(QUEUES, queue.hash_key, {})
    item = marshal(place.to_item() | key(queue.hash_key, place_item(*place.owner)))
    yield Request("put_item", {"Item": item})


def leave(queue: QueueKey, place: Place) -> StoreProgram[None]:
    """Give up a place."""
    delete = Delete(queue.hash_key, place_item(*place.owner))
    delete.require(delete.present("executionId"))
    yield delete.request()


def say_seen(
    queue: QueueKey, owner: tuple[str, int], at: datetime, expected: datetime | None = None
) -> StoreProgram[bool]:
    """Say that somebody waits for a place still, and until when that is likely; whether there is one."""
    update = _update(queue, owner)
    update.set(("seen",), iso(at))
    update.set(("expected",), expected and iso(expected))
    return (yield update.request()) is not None


def call(queue: QueueKey, place: Place, at: datetime) -> StoreProgram[bool]:
    """Let who waits start, unless its place was given up, or changed meanwhile; whether it was called."""
    update = _update(queue, place.owner)
    update.set(("called",), iso(at))
    before = place.called and iso(place.called)
    same = update.absent("called") if before is None else update.equal(("called",), before)
    update.require(same, update.equal(("servers",), place.servers))
    return (yield update.request()) is not None


def set_tier(queue: QueueKey, owner: tuple[str, int], tier: int) -> StoreProgram[bool]:
    """Give a place another tier; whether there is one."""
    update = _update(queue, owner)
    update.set(("tier",), tier)
    return (yield update.request()) is not None


def _update(queue: QueueKey, owner: tuple[str, int]) -> Update:
    update = Update(queue.hash_key, place_item(*owner))
    update.require(update.present("executionId"))
    return update
