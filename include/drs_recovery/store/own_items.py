"""Lists and texts that an item has no room for, in items of their own, each named by what it holds.

They are put before what refers to them, and never change: putting the same again finds it there, and a
crash between the two leaves an item that nobody refers to.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from drs_recovery.errors import RecordTooLarge, RecordUnreadable
from drs_recovery.record.texts import digest
from drs_recovery.store.requests import put_new, query_items

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from drs_recovery.store.requests import Item, StoreProgram

IDS = "IDS#"
TEXT = "TEXT#"
LONG = "LONG#"

MOST_IDS = 5000
"""In one item: those of servers and instances have 19 characters, so it stays under 150 KB."""


MOST_CHARACTERS = 75_000
"""Of a long text in one item: 300 KB where each of them takes four bytes."""


def ids_item(ids: Sequence[str]) -> str:
    """Return what the range keys of the items begin with that hold these ids, in this order."""
    return f"{IDS}{digest(chr(10).join(ids))}"


def put_ids(execution_id: str, ids: Sequence[str]) -> StoreProgram[str]:
    """Put ids in items of their own; return what refers to them."""
    name = ids_item(ids)
    for start in range(0, max(len(ids), 1), MOST_IDS):
        part = f"{name}#{start // MOST_IDS:03}"
        yield from put_new(execution_id, part, {"ids": list(ids[start : start + MOST_IDS])})
    return name


def read_ids(execution_id: str, name: str) -> StoreProgram[tuple[str, ...]]:
    """Read the ids that somebody refers to; RecordUnreadable if they are not what their name promises."""
    ids = _ids((yield from query_items(execution_id, name)))
    if ids_item(ids) != name:
        raise RecordUnreadable(
            f"execution {execution_id}: {name} holds {len(ids)} ids, and not those it names"
        )
    return ids


def read_all_ids(execution_id: str) -> StoreProgram[dict[str, tuple[str, ...]]]:
    """Read all lists of ids of an execution that are what their names say, by what refers to them."""
    parts: dict[str, list[Item]] = {}
    for part in (yield from query_items(execution_id, IDS)):
        parts.setdefault(part["item"].rpartition("#")[0], []).append(part)
    found = {name: _ids(held) for name, held in parts.items()}
    return {name: ids for name, ids in found.items() if ids_item(ids) == name}


def put_text(execution_id: str, name: str, text: str) -> StoreProgram[None]:
    """Put the whole of a text that its record has no room for.

    The only thing that is left out where there is no room for it either: what is cut stays true.
    """
    with suppress(RecordTooLarge):
        yield from put_new(execution_id, f"{TEXT}{name}", {"text": text})


def read_texts(execution_id: str) -> StoreProgram[dict[str, str]]:
    """Read the whole texts of an execution, by their names."""
    items = yield from query_items(execution_id, TEXT)
    return {item["item"].removeprefix(TEXT): str(item.get("text")) for item in items}


def put_long(execution_id: str, text: str) -> StoreProgram[str]:
    """Put a text of any length in items of its own; return what refers to it."""
    name = f"{LONG}{digest(text)}"
    for start in range(0, max(len(text), 1), MOST_CHARACTERS):
        part = f"{name}#{start // MOST_CHARACTERS:03}"
        yield from put_new(execution_id, part, {"text": text[start : start + MOST_CHARACTERS]})
    return name


def read_long(execution_id: str, name: str) -> StoreProgram[str]:
    """Read a text that somebody refers to; RecordUnreadable if it is not what its name promises."""
    parts = yield from query_items(execution_id, name)
    text = "".join(str(part.get("text")) for part in parts)
    if f"{LONG}{digest(text)}" != name:
        raise RecordUnreadable(f"execution {execution_id}: {name} holds another text than it names, or none")
    return text


def _ids(parts: Iterable[Item]) -> tuple[str, ...]:
    """Return the ids of items; what is no list of them is none, and then fits no name."""
    lists = [part.get("ids") for part in parts]
    return tuple(str(one) for ids in lists if isinstance(ids, list) for one in ids)
