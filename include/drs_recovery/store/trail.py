"""The audit trail is appended to here: what happened, once. What decides never reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.record.events import PREFIX, Event, News, tail
from drs_recovery.store.requests import put_new, query_items, shorter_and_shorter, smaller_and_smaller

if TYPE_CHECKING:
    from drs_recovery.record.models import Execution
    from drs_recovery.store.changes import Changed
    from drs_recovery.store.requests import StoreProgram


def append_event(execution_id: str, event: Event, execution: Execution | None = None) -> StoreProgram[None]:
    """Put an event unless it, or the same thing at another time (``once``), is there already.

    Who listens to the store is told of the ``execution`` with it.
    """
    if event.once is not None:
        items = yield from query_items(execution_id, PREFIX)
        if any(tail(item["item"]) == event.tail for item in items):
            return
    yield from put_event(execution_id, event, execution)


def append_change(changed: Changed, event: Event | None, *about: object) -> StoreProgram[None]:
    """Append a change after it is made, so that the trail never holds what did not happen.

    A step that is run again finds its change made, and appends it if a crash came between the two. ``about``
    identifies the change beside type, wave and attempt. The trail of an archived execution may have left the
    table: what was on it is not news.
    """
    if event is None:
        return
    if event.once is None:
        parts = (event.type, event.wave_number, event.attempt, *about)
        event = event.replace(once="|".join(map(str, parts)))
    if changed.written:
        yield from put_event(changed.execution.execution_id, event, changed.execution)
    elif not changed.execution.archived:
        yield from append_event(changed.execution.execution_id, event, changed.execution)


def put_event(execution_id: str, event: Event, execution: Execution | None = None) -> StoreProgram[None]:
    """Put an event, also beside others; its ``once`` keeps others from appending the same thing later.

    Where DynamoDB has no room for all of its text, the beginning of that is put, or none of it.
    """

    def once(detail: str) -> StoreProgram[bool]:
        item, news = event.replace(detail=detail).to_item(), News(event, execution)
        return (yield from put_new(execution_id, event.key, item, news))

    yield from smaller_and_smaller(once, shorter_and_shorter(event.detail))
