"""The server items of an execution, and when one may be written over."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drs_recovery.errors import RecordUnreadable
from drs_recovery.record.enums import ActionsStatus, ChecksStatus, LaunchStatus
from drs_recovery.record.server_record import ServerRecord
from drs_recovery.store.expressions import Update
from drs_recovery.store.passed_over import PassedOver, log_it, readable
from drs_recovery.store.requests import query_items, shorter_and_shorter, smaller_and_smaller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from drs_recovery.store.requests import Item, StoreProgram

PREFIX = "SERVER#"

_ID = re.compile(r"s-[0-9a-zA-Z]{17}")

_NAMED = frozenset({"sourceServerID", "hostname", "name", "waveNumber", "optional"})
_POINT = frozenset({"pointWanted", "recoverySnapshotID", "recoveryPoint"})
_FROZEN = _NAMED | _POINT
"""What was frozen when the execution opened, and no progress changes."""


def server_item(wave_number: int, source_server_id: str) -> str:
    """Return the range key of a server."""
    return f"{wave_prefix(wave_number)}{source_server_id}"


def wave_prefix(wave_number: int) -> str:
    """Return what the range keys of a wave's servers begin with."""
    return f"{PREFIX}{wave_number:03}#"


def read_servers(
    execution_id: str, wave_number: int | None = None, *, passed_over: PassedOver = log_it
) -> StoreProgram[list[ServerRecord]]:
    """Read the servers of an execution, or of one of its waves, consistently, by wave and id.

    One that cannot be read hides no other: its wave counts it as not launched.
    """
    prefix = PREFIX if wave_number is None else wave_prefix(wave_number)
    return readable((yield from query_items(execution_id, prefix)), _server, passed_over)


def read_server_ids(execution_id: str) -> StoreProgram[set[str]]:
    """Read which servers an execution is for: by their keys, even if nothing else can be read.

    What DRS would not take for an id is none of them.
    """
    items = yield from query_items(execution_id, PREFIX)
    ids = {item["item"].removeprefix(PREFIX).partition("#")[2] for item in items}
    return {one for one in ids if _ID.fullmatch(one)}


def _server(item: Item) -> ServerRecord:
    """Return the server of an item, if that is the one its key names: another would be written over."""
    server = ServerRecord.from_item(item)
    if (own := server_item(server.wave_number, server.source_server_id)) != item["item"]:
        raise RecordUnreadable(
            f"the item {item['executionId']!r} {item['item']!r} cannot be read: it holds what is {own!r}'s"
        )
    return server


def write_progress(execution_id: str, servers: Iterable[ServerRecord]) -> StoreProgram[None]:
    """Write what became of servers; one that is past that already is left as it is.

    An item takes what a newer attempt has; of its own attempt only what its own job shows, and only until it
    has an end time. So neither an older poller nor a second one writes over a server's fate.
    """

    def conditions(update: Update, server: ServerRecord) -> Iterable[str]:
        same_attempt = update.both(
            _this_attempt(update, server), _its_job(update, server), update.absent("endTime")
        )
        yield update.either(_newer(update, server), same_attempt)

    yield from _write_servers(execution_id, servers, conditions)


def write_job(execution_id: str, servers: Iterable[ServerRecord]) -> StoreProgram[None]:
    """Give servers the job of their attempt, or why there is none, unless they have a job already."""

    def conditions(update: Update, server: ServerRecord) -> Iterable[str]:
        without_job = update.both(_this_attempt(update, server), update.absent("jobId"))
        yield update.either(_newer(update, server), without_job)

    yield from _write_servers(execution_id, servers, conditions)


def write_found(execution_id: str, servers: Iterable[ServerRecord]) -> StoreProgram[None]:
    """Write what the ended jobs of an attempt say of servers, also over an end that was written too early.

    A wave is judged without its jobs' end when it times out, or is left; they run on, and so do post-launch
    actions. What is LAUNCHED on record, and well, stays so.
    """

    def conditions(update: Update, server: ServerRecord) -> Iterable[str]:
        same_attempt = update.both(_this_attempt(update, server), _its_job(update, server))
        yield update.either(_newer(update, server), same_attempt)
        yield update.either(
            update.absent("launchStatus"),
            update.differs(("launchStatus",), LaunchStatus.LAUNCHED.value),
            update.equal(("actionsStatus",), ActionsStatus.IN_PROGRESS.value),
            update.equal(("actionsStatus",), ActionsStatus.FAILED.value),
            update.equal(("checksStatus",), ChecksStatus.IN_PROGRESS.value),
            update.equal(("checksStatus",), ChecksStatus.FAILED.value),
        )

    yield from _write_servers(execution_id, servers, conditions)


def _newer(update: Update, server: ServerRecord) -> str:
    return update.less(("attempt",), server.attempt)


def _this_attempt(update: Update, server: ServerRecord) -> str:
    return update.equal(("attempt",), server.attempt)


def _its_job(update: Update, server: ServerRecord) -> str:
    return update.either(update.absent("jobId"), update.equal(("jobId",), server.job_id))


def _write_servers(
    execution_id: str,
    servers: Iterable[ServerRecord],
    conditions: Callable[[Update, ServerRecord], Iterable[str]],
) -> StoreProgram[None]:
    """Write servers that are on record and meet the conditions, each with less of its error if it must be."""
    for server in servers:

        def once(error: str, server: ServerRecord = server) -> StoreProgram[object]:
            update = _progress(execution_id, server.replace(error=error))
            update.require(update.present("executionId"), *conditions(update, server))
            return (yield update.request())

        yield from smaller_and_smaller(once, shorter_and_shorter(server.error))


def _progress(execution_id: str, server: ServerRecord) -> Update:
    """Return the update of all that a job shows of a server; its identity was frozen at the start."""
    update = Update(execution_id, server_item(server.wave_number, server.source_server_id))
    item = server.to_item()
    for field in ServerRecord.model_fields.values():
        attribute = field.serialization_alias or ""
        if attribute not in _FROZEN:
            update.set((attribute,), item.get(attribute))
    return update
