"""The audit trail as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from drs_recovery.errors import RecordUnreadable
from drs_recovery.record.enums import EventType
from drs_recovery.record.events import PREFIX, Event
from drs_recovery.store.passed_over import log_it
from drs_recovery.store.requests import query_items

if TYPE_CHECKING:
    from drs_recovery.store.requests import Item, StoreProgram


def read_events(execution_id: str) -> StoreProgram[list[Event]]:
    """Read the trail in the order of its times."""
    items = yield from query_items(execution_id, PREFIX)
    return [event for item in items if (event := _readable(item)) is not None]


def _readable(item: Item) -> Event | None:
    """Return the event of an item. In the place of one that cannot be read stands that it cannot be.

    Nobody makes an entry vanish by damaging it; what has no time in its key was never one.
    """
    try:
        return Event.from_item(item)
    except RecordUnreadable as error:
        log_it(str(error))
        time = item["item"].removeprefix(PREFIX).partition("#")[0]
        try:
            return Event(type=EventType.UNREADABLE, time=time, detail=str(error))
        except ValidationError:
            return None
