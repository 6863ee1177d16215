"""The source servers that faults are about: which there are, and what faults do to their replication."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from drs_simulator.drs.models import drs_backends
from drs_simulator.drs.world import world
from drs_simulator.faults.descriptions import REPLICATION, ServerFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from drs_simulator.drs.replication import Fault as Kind
    from drs_simulator.drs.source_server import SourceServer
    from drs_simulator.faults.descriptions import FaultDescriptions
    from drs_simulator.faults.registry import SetFault

_MOST = 10
"""Servers that a refusal names."""


def contradictions(specs: FaultDescriptions) -> Iterator[str]:
    """Yield what is wrong with faults as the servers are now: place, value, and what is allowed."""
    named: dict[str, list[str | None]] = {
        "servers": [fault.source_server_id for fault in specs.servers],
        "jobs": [fault.source_server_id for fault in specs.jobs],
    }
    for kind, server_ids in named.items():
        for number, server_id in enumerate(server_ids):
            if server_id is not None and not any(_servers(server_id)):
                yield f"{kind}.{number}.sourceServerID: {server_id!r}: allowed are {_known()}"
    for number, fault in enumerate(specs.servers):
        oldest = _ages(fault)
        if fault.seconds > min(oldest, default=fault.seconds):
            yield (
                f"servers.{number}.seconds: {fault.seconds:g}: allowed is up to {min(oldest):.0f}: "
                f"{fault.source_server_id} has been there no longer"
            )


def begin(faults: Iterable[SetFault[Any]]) -> None:
    """Let replication lag, stall or disconnect from now on; each server that it happens to is a hit."""
    for fault in _of_replication(faults):
        for server in _servers(fault.spec.source_server_id):
            fault.hits += 1
            server.replication.set_fault(cast("Kind", fault.spec.effect), fault.spec.seconds)


def end(faults: Iterable[SetFault[Any]]) -> None:
    """Let replication go on."""
    for fault in _of_replication(faults):
        for server in _servers(fault.spec.source_server_id):
            server.replication.set_fault(None)


def _of_replication(faults: Iterable[SetFault[Any]]) -> list[SetFault[ServerFault]]:
    return [
        fault for fault in faults if isinstance(fault.spec, ServerFault) and fault.spec.effect in REPLICATION
    ]


def _ages(fault: ServerFault) -> list[float]:
    """Return how many seconds ago a server was added whose data are to be old."""
    if fault.effect not in REPLICATION:
        return []
    now = world.clock.date(world.clock.now())
    servers = _servers(fault.source_server_id)
    return [(now - world.clock.date(server.added)).total_seconds() for server in servers]


def _known() -> str:
    known = sorted({server_id for servers in _by_place() for server_id in servers})
    more = f" and {len(known) - _MOST} more" if len(known) > _MOST else ""
    return f"the source servers that there are: {', '.join(known[:_MOST]) or 'none'}{more}"


def _servers(source_server_id: str) -> Iterator[SourceServer]:
    return (servers[source_server_id] for servers in _by_place() if source_server_id in servers)


def _by_place() -> list[dict[str, SourceServer]]:
    return [
        backend.source_servers
        for account in list(drs_backends.values())
        for backend in list(account.values())
    ]
