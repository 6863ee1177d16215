"""Telling the audit trail what happened, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recovery.execution.events import PREFIX, Event, tail
from recovery.execution.requests import put_new, query_items

if TYPE_CHECKING:
    from recovery.execution.changes import Changed
    from recovery.execution.requests import Steps


def tell(execution_id: str, event: Event) -> Steps[None]:
    """Put an event unless it, or the same thing at another time (``once``), is told already."""
    if event.once is not None:
        told = yield from query_items(execution_id, PREFIX)
        if any(tail(item["item"]) == event.tail for item in told):
            return
    yield from put_new(execution_id, event.key, event.to_item())


def tell_change(changed: Changed, event: Event | None, *about: object) -> Steps[None]:
    """Tell of a change after it is made, so that the trail never tells what did not happen.

    A step that is run again finds its change made, and tells it if a crash came between the two. ``about``
    says beside type, wave and attempt what the change is.
    """
    if event is None:
        return
    if event.once is None:
        parts = (event.type, event.wave_number, event.attempt, *about)
        event = event.having(once="|".join(map(str, parts)))
    if changed.written:
        yield from put_new(changed.execution.execution_id, event.key, event.to_item())
    else:
        yield from tell(changed.execution.execution_id, event)


def read_events(execution_id: str) -> Steps[list[Event]]:
    """Read the trail in the order of its times."""
    items = yield from query_items(execution_id, PREFIX)
    return [Event.from_item(item) for item in items]
