"""Hands faults of replication to the servers that they are about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from drs_simulator.drs.models import drs_backends
from drs_simulator.faults.descriptions import REPLICATION, ServerFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from drs_simulator.drs.replication import Fault as Kind
    from drs_simulator.drs.replication import Replication
    from drs_simulator.faults.registry import SetFault


def begin(faults: Iterable[SetFault[Any]]) -> None:
    """Let replication lag, stall or disconnect from now on; each server that it happens to is a hit."""
    for fault in _of_replication(faults):
        for replication in _replications(fault.described.source_server_id):
            fault.hits += 1
            replication.set_fault(cast("Kind", fault.described.effect), fault.described.seconds)


def end(faults: Iterable[SetFault[Any]]) -> None:
    """Let replication go on."""
    for fault in _of_replication(faults):
        for replication in _replications(fault.described.source_server_id):
            replication.set_fault(None)


def _of_replication(faults: Iterable[SetFault[Any]]) -> list[SetFault[ServerFault]]:
    return [
        fault
        for fault in faults
        if isinstance(fault.described, ServerFault) and fault.described.effect in REPLICATION
    ]


def _replications(source_server_id: str) -> Iterator[Replication]:
    for account in list(drs_backends.values()):
        for backend in list(account.values()):
            if (server := backend.source_servers.get(source_server_id)) is not None:
                yield server.replication
