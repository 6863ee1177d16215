"""The server items of an execution, and when one may be written over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recovery.execution.enums import LaunchStatus
from recovery.execution.expressions import Update
from recovery.execution.models import ServerRecord
from recovery.execution.requests import query_items

if TYPE_CHECKING:
    from collections.abc import Iterable

    from recovery.execution.requests import Steps

PREFIX = "SERVER#"

_IDENTITY = ("sourceServerID", "hostname", "name", "waveNumber", "optional")


def server_item(wave_number: int, source_server_id: str) -> str:
    """Return the range key of a server."""
    return f"{wave_prefix(wave_number)}{source_server_id}"


def wave_prefix(wave_number: int) -> str:
    """Return what the range keys of a wave's servers begin with."""
    return f"{PREFIX}{wave_number:03}#"


def read_servers(execution_id: str, wave_number: int | None = None) -> Steps[list[ServerRecord]]:
    """Read the servers of an execution, or of one of its waves, consistently, by wave and id."""
    prefix = PREFIX if wave_number is None else wave_prefix(wave_number)
    items = yield from query_items(execution_id, prefix)
    return [ServerRecord.from_item(item) for item in items]


def write_progress(execution_id: str, servers: Iterable[ServerRecord]) -> Steps[None]:
    """Write what became of servers; one that is past that already is left as it is.

    An item takes what a newer attempt says; of its own attempt only what its own job says, and only until it
    has an end time. So neither an older poller nor a second one writes over a server's fate.
    """
    for server in servers:
        update = _progress(execution_id, server)
        update.require(
            update.present("executionId"),
            update.either(
                update.less(("attempt",), server.attempt),
                update.both(
                    update.equal(("attempt",), server.attempt),
                    update.either(update.absent("jobId"), update.equal(("jobId",), server.job_id)),
                    update.absent("endTime"),
                ),
            ),
        )
        yield update.request()


def write_job(execution_id: str, servers: Iterable[ServerRecord]) -> Steps[None]:
    """Give servers the job of their attempt, or why there is none, unless they have a job already."""
    for server in servers:
        update = _progress(execution_id, server)
        update.require(
            update.present("executionId"),
            update.either(
                update.less(("attempt",), server.attempt),
                update.both(update.equal(("attempt",), server.attempt), update.absent("jobId")),
            ),
        )
        yield update.request()


def write_found(execution_id: str, servers: Iterable[ServerRecord]) -> Steps[None]:
    """Write what the ended jobs of an attempt say of servers, also over an end that was written too early.

    A wave is judged without its jobs' end when it times out, or is left; they run on. What is LAUNCHED on
    record stays so.
    """
    for server in servers:
        update = _progress(execution_id, server)
        update.require(
            update.present("executionId"),
            update.either(
                update.less(("attempt",), server.attempt),
                update.both(
                    update.equal(("attempt",), server.attempt),
                    update.either(update.absent("jobId"), update.equal(("jobId",), server.job_id)),
                ),
            ),
            update.either(
                update.absent("launchStatus"), update.differs(("launchStatus",), LaunchStatus.LAUNCHED.value)
            ),
        )
        yield update.request()


def _progress(execution_id: str, server: ServerRecord) -> Update:
    """Return the update of all that a job says of a server; its identity was frozen at the start."""
    update = Update(execution_id, server_item(server.wave_number, server.source_server_id))
    item = server.to_item()
    for field in ServerRecord.model_fields.values():
        attribute = field.serialization_alias or ""
        if attribute not in _IDENTITY:
            update.set((attribute,), item.get(attribute))
    return update
