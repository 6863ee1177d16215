"""From source servers to what a launch of them is planned from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .durations import LaunchRequest
from .world import world

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .launch_data import LaunchData
    from .source_server import SourceServer


def with_data(requests: Iterable[LaunchRequest], data: dict[str, LaunchData]) -> list[LaunchRequest]:
    """Describe launches that come as far as the data of the servers allow."""
    return [replace(r, afflict=data[r.source_server_id].befall(r.afflict)) for r in requests]


def launch_requests(servers: list[SourceServer]) -> list[LaunchRequest]:
    """Describe the launch of each server in one job, with the faults that hit it."""
    requests = [
        LaunchRequest(
            server.source_server_id,
            server.launches,
            replaces=server.recovery_instance_id is not None,
            gib=sum(server.description.disks_gib),
            fast=server.launch_configuration.recovery_mode == "FAST",
        )
        for server in servers
    ]
    afflictions = world.faults.of_launches({r.source_server_id: r.phases for r in requests})
    return [replace(r, afflict=afflictions.get(r.source_server_id, r.afflict)) for r in requests]
