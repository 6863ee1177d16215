"""Puts source servers into moto's DRS, as replication agents would: at the start, and later."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from drs_simulator.drs.models import drs_backends
from drs_simulator.launch_seeding import Gone, check_there, configure, make_networks
from drs_simulator.service_seeding import make_functions, make_hosted_zones

if TYPE_CHECKING:
    from drs_simulator.fleet import Fleet, Place


class Unconnectable(ValueError):
    """Servers whose agents cannot connect; the message says which, and why."""


def seed_fleet(fleet: Fleet) -> None:
    """Initialise DRS in each account and Region of the fleet, and add its source servers."""
    for place in fleet.places():
        backend = drs_backends[place.account][place.region]
        backend.initialize_service()
        if place.networks:
            make_networks(backend.ec2, place.networks)
        make_functions(place)
        make_hosted_zones(place)
        connect(place)


def connect(place: Place) -> None:
    """Add source servers where DRS is initialised; raises Unconnectable, and adds none then."""
    backend = drs_backends[place.account][place.region]
    if not backend.initialized:
        raise Unconnectable(
            f"region: {place.region!r}: DRS is not initialised there in account {place.account}: "
            "allowed after InitializeService"
        )
    wanted = Counter(server.id for server in place.servers)
    for account in drs_backends.values():
        for there in account.values():
            wanted.update(there.source_servers.keys() & wanted.keys())
    if repeated := sorted(server_id for server_id, times in wanted.items() if times > 1):
        raise Unconnectable(f"servers: each id once, not {', '.join(repeated)}")
    try:
        check_there(backend, place.servers)
    except Gone as error:
        raise Unconnectable(f"launch_template.{error}") from error
    for server in sorted(place.servers, key=lambda server: server.id):
        backend.register_source_server(server.to_drs(), late=True)
        configure(backend, server)
