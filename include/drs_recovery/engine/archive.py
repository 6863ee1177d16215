"""An execution that ended long ago goes into the archive, as JSON, and most of it out of the table.

Written, read back and compared, and only then marked for DynamoDB to remove: whatever fails, whenever a
process dies, nothing is lost and the next look goes on. What an earlier look kept is in the next file too:
what DynamoDB has removed already is there alone.
"""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from drs_recovery import __version__
from drs_recovery.errors import ArchiveRefused
from drs_recovery.store.programs.archive import claim, expire, put_archived, read_items
from drs_recovery.store.queries import EXECUTION
from drs_recovery.store.requests import marshal
from drs_recovery.store.table import EXPIRES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from drs_recovery.record.models import Execution
    from drs_recovery.storage import Place
    from drs_recovery.store.requests import Item
    from drs_recovery.store.store import ExecutionStore

FORMAT = 1
"""Of a file of the archive. Raised, and listed in the changelog, for what its readers may not overlook."""

KEPT = timedelta(days=7)
"""Between the archive of an execution and the first that DynamoDB may remove of it: time to look at both."""

DIGITS = 16
"""Of the digest of a file's content, in its name."""

LARGEST = 1 << 30
"""Bytes of a file: an execution of ten thousand servers has a twentieth of that."""


def archive(
    store: ExecutionStore, place: Place, execution: Execution, now: Callable[[], datetime], until: datetime
) -> bool:
    """Archive an execution; return False if its items are too many for the time, and more of them remain.

    ArchiveError if what is in the archive is not the execution, if the store does not answer, or if another
    process has it in hand.
    """
    claimed = store.run(claim(execution))
    if (archived := claimed.archived) is None or archived.expires:
        return archived is not None
    items = store.run(read_items(execution.execution_id))
    kept = _keep(place, execution.execution_id, archived.place, items)
    claimed = store.run(put_archived(claimed, archived.replace(place=kept)))
    expires = now() + KEPT
    left = [item for item in items if item["item"] != EXECUTION and EXPIRES not in item]
    for number, item in enumerate(left):
        if number and now() > until:  # one at each look at least, or none would ever be the last
            return False
        if not store.run(expire(item, expires)):
            raise ArchiveRefused(
                f"{item['item']} of execution {execution.execution_id} changed while it was archived: "
                "nothing is lost, and the next look archives it as it is then"
            )
    store.run(put_archived(claimed, archived.replace(place=kept, expires=expires)))
    return True


def _keep(place: Place, execution_id: str, earlier: str | None, items: Iterable[Item]) -> str:
    """Write items to the archive, with what an earlier look kept of them, and read them back; return where.

    A file is named after its content: no look writes into that of another, however late it comes.
    """
    before = {} if earlier is None else _items_of(place, earlier, execution_id)
    content = _document(execution_id, before | {item["item"]: _as_dynamodb(item) for item in items})
    name = f"{execution_id}.{sha256(content).hexdigest()[:DIGITS]}.json"
    if place.read(name, len(content) + 1) != content:
        place.write(name, content)
    if (back := place.read(name, len(content) + 1)) != content:
        raise ArchiveRefused(
            f"{place.shown}/{name} does not hold what was written there: {len(back or b'')} bytes came back, "
            f"{len(content)} were written. Nothing is removed for it; look who else writes there"
        )
    return f"{place.shown}/{name}"


def _document(execution_id: str, items: dict[str, Item]) -> bytes:
    document = {
        "format": FORMAT,
        "release": __version__,
        "executionId": execution_id,
        "items": [items[item] for item in sorted(items)],
    }
    return f"{json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1)}\n".encode()


def _as_dynamodb(item: Item) -> Item:
    """Return an item as DynamoDB's own tools take it, without what says when it is removed."""
    return marshal({name: value for name, value in item.items() if name != EXPIRES})


def _items_of(place: Place, earlier: str, execution_id: str) -> dict[str, Any]:
    """Return, by their range keys, the items of a file that an earlier look kept.

    ArchiveRefused where it is not, as in a store that is new: what has left the table is in that file alone.
    """
    name = earlier.rpartition("/")[2]
    shown = f"{place.shown}/{name}"
    if (held := place.read(name, LARGEST)) is None:
        raise ArchiveRefused(
            f"part of execution {execution_id} may be in {earlier} alone, and {shown} is not there. Nothing "
            "is removed; copy that file to here, and the next look goes on"
        )
    try:
        document = json.loads(held)
        known = {item["item"]["S"]: item for item in document["items"]}
        found = f"format {document['format']} of execution {document['executionId']}"
    except (ValueError, KeyError, TypeError) as error:
        known, found = {}, f"{type(error).__name__}: {error}"
    if found == (wanted := f"format {FORMAT} of execution {execution_id}"):
        return known
    raise ArchiveRefused(
        f"{shown} holds no archive in {wanted} ({found}). Nothing is removed; bring an earlier version of it "
        "back"
    )
