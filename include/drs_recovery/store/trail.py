"""Telling the audit trail what happened, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from drs_recovery.errors import RecordUnreadable
from drs_recovery.record.enums import EventType
from drs_recovery.record.events import PREFIX, Event, tail
from drs_recovery.store.passed_over import log_it
from drs_recovery.store.requests import put_new, query_items, shorter_and_shorter, smaller_and_smaller

if TYPE_CHECKING:
    from drs_recovery.store.changes import Changed
    from drs_recovery.store.requests import Item, StoreProgram


def append_event(execution_id: str, event: Event) -> StoreProgram[None]:
    """Put an event unless it, or the same thing at another time (``once``), is told already."""
    if event.once is not None:
        message = yield from query_items(execution_id, PREFIX)
        if any(tail(item["item"]) == event.tail for item in message):
            return
    yield from _put(execution_id, event)


def append_change(changed: Changed, event: Event | None, *about: object) -> StoreProgram[None]:
    """Tell of a change after it is made, so that the trail never tells what did not happen.

    A step that is run again finds its change made, and tells it if a crash came between the two. ``about``
    says beside type, wave and attempt what the change is.
    """
    if event is None:
        return
    if event.once is None:
        parts = (event.type, event.wave_number, event.attempt, *about)
        event = event.replace(once="|".join(map(str, parts)))
    if changed.written:
        yield from _put(changed.execution.execution_id, event)
    else:
        yield from append_event(changed.execution.execution_id, event)


def _put(execution_id: str, event: Event) -> StoreProgram[None]:
    """Put an event; where DynamoDB has no room for all that it says, with the beginning of it, or without."""

    def once(detail: str) -> StoreProgram[bool]:
        return (yield from put_new(execution_id, event.key, event.replace(detail=detail).to_item()))

    yield from smaller_and_smaller(once, shorter_and_shorter(event.detail))


def read_events(execution_id: str) -> StoreProgram[list[Event]]:
    """Read the trail in the order of its times."""
    items = yield from query_items(execution_id, PREFIX)
    return [event for item in items if (event := _readable(item)) is not None]


def _readable(item: Item) -> Event | None:
    """Return the event of an item. In the place of one that cannot be read stands that it cannot be.

    Nobody makes an entry vanish by spoiling it; what has no time in its key was never one.
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
