"""Puts a fleet into moto's DRS, as replication agents would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.drs.models import drs_backends

if TYPE_CHECKING:
    from simulator.fleet import Fleet


def plant(fleet: Fleet) -> None:
    """Initialise DRS in each account and Region of the fleet, and add its source servers."""
    for place in fleet.places():
        backend = drs_backends[place.account][place.region]
        backend.initialize_service()
        for server in sorted(place.servers, key=lambda server: server.id):
            backend.register_source_server(server.described())
