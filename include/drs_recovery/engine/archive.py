"""An execution that ended long ago goes into the archive, as JSON, and most of it out of the table.

Written, read back and compared, and only then marked for DynamoDB to remove: whatever fails, whenever a
process dies, nothing is lost and the next look goes on. An archive that is there is added to, never
replaced by less: what DynamoDB has removed already is in it alone.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from drs_recovery import __version__
from drs_recovery.errors import ArchiveRefused
from drs_recovery.store.programs.archive import claim, expire, finish, read_items
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

LARGEST = 1 << 30
"""Bytes of a file: an execution of ten thousand servers has a twentieth of that."""


def archive(
    store: ExecutionStore, place: Place, execution: Execution, now: Callable[[], datetime], until: datetime
) -> bool:
    """Archive an execution; return False if its items are too many for the time, and more of them remain.

    ArchiveError if what is in the archive is not the execution, or the store does not answer.
    """
    name = f"{execution.execution_id}.json"
    claimed = store.run(claim(execution, f"{place.shown}/{name}"))
    items = store.run(read_items(execution.execution_id))
    _keep(place, name, execution.execution_id, items)
    expires = now() + KEPT
    for item in items:
        if item["item"] == EXECUTION:
            continue
        if now() > until:
            return False
        if not store.run(expire(item, expires)):
            raise ArchiveRefused(
                f"{item['item']} of execution {execution.execution_id} changed while it was archived: "
                "nothing is lost, and the next look archives it as it is then"
            )
    store.run(finish(execution, claimed, expires))
    return True


def _keep(place: Place, name: str, execution_id: str, items: Iterable[Item]) -> None:
    """Write items to the archive, with what is there of them already, and read them back."""
    held = place.read(name, LARGEST)
    before = {} if held is None else _items_of(held, f"{place.shown}/{name}", execution_id)
    content = _document(execution_id, before | {item["item"]: _as_dynamodb(item) for item in items})
    place.write(name, content)
    back = place.read(name, len(content) + 1)
    if back != content:
        raise ArchiveRefused(
            f"{place.shown}/{name} does not hold what was written there: {len(back or b'')} bytes came back, "
            f"{len(content)} were written. Nothing leaves the table; look who else writes there"
        )


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


def _items_of(held: bytes, shown: str, execution_id: str) -> dict[str, Any]:
    """Return the items of a file of the archive, by their range keys; raises ArchiveRefused if it is none."""
    try:
        document = json.loads(held)
        known = {item["item"]["S"]: item for item in document["items"]}
        found = f"format {document['format']} of execution {document['executionId']}"
    except (ValueError, KeyError, TypeError) as error:
        known, found = {}, f"{type(error).__name__}: {error}"
    if found == (wanted := f"format {FORMAT} of execution {execution_id}"):
        return known
    raise ArchiveRefused(
        f"{shown} holds no archive in {wanted} ({found}). Nothing leaves the table; bring an earlier "
        "version of the file back, or remove it"
    )
