"""How a record is kept within what one item has room for, and nothing that was on record is lost.

Nothing is cut while it fits. Then the longest texts are cut, and cut again, until it does; statuses, ids and
times never. A text that is cut names the item in which all of it is, put there before. Cutting depends on
nothing but the record, so writing it again writes the same.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drs_recovery.record.base import Record, text_fields
from drs_recovery.record.models import Execution
from drs_recovery.record.texts import begins_with, cut, name_in, same_text
from drs_recovery.store.own_items import ids_item
from drs_recovery.store.sizes import item_size

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from drs_recovery.record.intent import Intent
    from drs_recovery.store.requests import Item

BUDGETS = (340_000, 100_000, 0)
"""Bytes of a record: as many as leave room for what follows its end; fewer where DynamoDB refuses those."""

CLEAN_UP_BUDGETS = (390_000, *BUDGETS[1:])
"""Of a record that has ended: what is final stays as it is while there is room."""

_FEW = 5
"""Servers of an intent that take no more room than the name of the item that would hold them."""

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Fitted:
    """A record that fits, with what is to be put beside it first: whole texts, lists of servers, intents.

    ``past`` are intents of attempts that have finished, each with the number of its wave.
    """

    execution: Execution
    texts: tuple[str, ...] = ()
    lists: tuple[tuple[str, ...], ...] = ()
    past: tuple[tuple[int, Intent], ...] = ()


def fitted(execution: Execution, budget: int = BUDGETS[0], before: Execution | None = None) -> Fitted:
    """Return an execution with so much of its texts, servers and past intents that the item has room.

    Only a text that is so on record, ``before``, was cut already: one that ends like it may be made of it.
    """
    item = execution.to_item()
    if record_size(execution, item) <= budget:
        return Fitted(execution)
    past = _past_intents(execution)
    execution = _without(execution, {intent.intent_id for _, intent in past})
    item = execution.to_item()
    lists = _take_lists_out(execution, item)
    held = {text for _, text in texts_of(before)} if before else set()
    texts = _cut_texts(execution, item, record_size(execution, item) - budget, held)
    return Fitted(Execution.from_item(item), texts, lists, past)


def record_size(execution: Execution, item: Item | None = None) -> int:
    """Return the bytes of the item of an execution."""
    return item_size((item or execution.to_item()) | {"item": "EXECUTION"})


def recognised(before: Execution, after: Execution) -> Execution:
    """Return an execution with its texts as they are on record, where they are the same ones in full.

    So that writing the same again changes nothing, though it was cut the first time.
    """
    held = {path: text for path, text in texts_of(before) if name_in(text)}
    same = {
        path: held[path] for path, text in texts_of(after) if path in held and same_text(held[path], text)
    }
    if not same:
        return after
    item = after.to_item()
    for path, text in same.items():
        _put(item, path, text)
    return Execution.from_item(item)


def texts_of(record: Record, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yield each text of a record, and of the records in it, with its place in the item."""
    text = text_fields(type(record))
    for name, field in type(record).model_fields.items():
        value, place = getattr(record, name), (*path, field.serialization_alias or name)
        if isinstance(value, Record):
            yield from texts_of(value, place)
        elif isinstance(value, tuple):
            for number, one in enumerate(value):
                if isinstance(one, Record):
                    yield from texts_of(one, (*place, number))
        elif name in text and value is not None:
            yield place, value


def filled(execution: Execution, wholes: dict[str, str]) -> Execution:
    """Return an execution with its texts in full, as far as these are known by their names."""
    item = execution.to_item()
    for path, text in texts_of(execution):
        whole = wholes.get(name_in(text) or "")
        if whole is not None and begins_with(whole, text):
            _put(item, path, whole)
    return Execution.from_item(item)


def _past_intents(execution: Execution) -> tuple[tuple[int, Intent], ...]:
    """Return the intents that records of earlier releases keep of attempts that have finished."""
    return tuple(
        (wave.wave_number, intent)
        for wave in execution.waves
        for intent in wave.intents
        if intent.attempt < wave.attempt and not intent.open
    )


def _without(execution: Execution, intent_ids: Collection[str]) -> Execution:
    waves = (
        wave.replace(intents=tuple(each for each in wave.intents if each.intent_id not in intent_ids))
        for wave in execution.waves
    )
    return execution.replace(waves=tuple(waves)) if intent_ids else execution


def _take_lists_out(execution: Execution, item: Item) -> tuple[tuple[str, ...], ...]:
    """Let the item name its lists of servers, which records of earlier releases hold themselves."""
    lists = []
    for wave, raw in zip(execution.waves, item["waves"], strict=True):
        for intent, held in zip(wave.intents, raw["intents"], strict=True):
            if len(intent.servers) > _FEW:
                lists.append(intent.servers)
                name = ids_item(intent.servers)
                held |= {"servers": [], "serverCount": len(intent.servers), "serversItem": name}
    return tuple(lists)


def _cut_texts(execution: Execution, item: Item, over: int, held: Collection[str]) -> tuple[str, ...]:
    """Cut the longest texts of an item until it is so many bytes smaller; return those that were whole.

    ``held`` are those that are on record, some of them cut there.
    """
    heap = [
        (-len(text.encode()), path, text, text in held and name_in(text) is not None)
        for path, text in texts_of(execution)
    ]
    heapq.heapify(heap)
    wholes = []
    while over > 0 and heap:
        size, path, text, again = heapq.heappop(heap)
        shorter = cut(text, again=again)
        saved = -size - len(shorter.encode())
        if saved <= 0:
            continue
        if not again:
            wholes.append(text)
        over -= saved
        _put(item, path, shorter)
        heapq.heappush(heap, (-len(shorter.encode()), path, shorter, True))
    return tuple(wholes)


def _put(item: Any, path: Path, text: str) -> None:
    for step in path[:-1]:
        item = item[step]
    item[path[-1]] = text
