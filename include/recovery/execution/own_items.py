"""Lists that an item has no room for, in items of their own, each named by what it holds.

They are put before whatever refers to them, and never change: whoever puts the same list again finds it
there, and a crash between the two leaves an item that nobody refers to.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from recovery.errors import RecordUnavailable
from recovery.execution.requests import put_new, query_items

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from recovery.execution.requests import Item, Steps

IDS = "IDS#"

MOST_IDS = 5000
"""In one item: those of servers and instances have 19 characters, so it stays under 150 KB."""


def ids_item(ids: Sequence[str]) -> str:
    """Return what the range keys of the items begin with that hold these ids, in this order."""
    return f"{IDS}{digest(chr(10).join(ids))}"


def digest(text: str) -> str:
    """Return the name of a text: the first half of its SHA-256, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def put_ids(execution_id: str, ids: Sequence[str]) -> Steps[str]:
    """Put ids in items of their own; return what refers to them."""
    name = ids_item(ids)
    for start in range(0, max(len(ids), 1), MOST_IDS):
        part = f"{name}#{start // MOST_IDS:03}"
        yield from put_new(execution_id, part, {"ids": list(ids[start : start + MOST_IDS])})
    return name


def read_ids(execution_id: str, name: str) -> Steps[tuple[str, ...]]:
    """Read the ids that somebody refers to; RecordUnavailable if they are not what their name says."""
    ids = _ids((yield from query_items(execution_id, name)))
    if ids_item(ids) != name:
        raise RecordUnavailable(
            f"execution {execution_id}: {name} holds {len(ids)} ids, and not those it names"
        )
    return ids


def read_all_ids(execution_id: str) -> Steps[dict[str, tuple[str, ...]]]:
    """Read all lists of ids of an execution that are what their names say, by what refers to them."""
    parts: dict[str, list[Item]] = {}
    for part in (yield from query_items(execution_id, IDS)):
        parts.setdefault(part["item"].rpartition("#")[0], []).append(part)
    found = {name: _ids(held) for name, held in parts.items()}
    return {name: ids for name, ids in found.items() if ids_item(ids) == name}


def _ids(parts: Iterable[Item]) -> tuple[str, ...]:
    """Return the ids of items; what is no list of them is none, and then fits no name."""
    lists = [part.get("ids") for part in parts]
    return tuple(str(one) for ids in lists if isinstance(ids, list) for one in ids)
