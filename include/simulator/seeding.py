"""Puts a fleet into moto's DRS, as replication agents would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.drs.models import drs_backends
from simulator.fleet import FleetError

if TYPE_CHECKING:
    from simulator.fleet import Fleet


def plant(fleet: Fleet) -> None:
    """Initialise DRS in the fleet's account and Region, and add its source servers; raises FleetError."""
    regions = drs_backends[fleet.account]
    if fleet.region not in regions:
        raise FleetError(f"region: {fleet.region!r}: allowed are {', '.join(sorted(regions.regions))}")
    backend = regions[fleet.region]
    backend.initialize_service()
    for server in fleet.servers:
        backend.register_source_server(server)
