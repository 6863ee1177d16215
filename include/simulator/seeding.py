"""Puts a fleet into moto's DRS, as replication agents would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.drs.models import drs_backends

if TYPE_CHECKING:
    from simulator.fleet import Fleet


def plant(fleet: Fleet) -> None:
    """Initialise DRS in the fleet's account and Region, and add its source servers there."""
    backend = drs_backends[fleet.account][fleet.region]
    backend.initialize_service()
    for server in fleet.servers:
        backend.register_source_server(server)
