"""From source servers to what a launch of them is planned from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .durations import LaunchRequest, stay_healthy
from .world import world

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .launch_data import LaunchData
    from .source_server import SourceServer


def with_data(requests: Iterable[LaunchRequest], data: dict[str, LaunchData]) -> list[LaunchRequest]:
    """Describe launches that come as far as the data of the servers allow."""
    return [_with_data(request, data[request.source_server_id]) for request in requests]


def _with_data(request: LaunchRequest, data: LaunchData) -> LaunchRequest:
    if data.missing is None and request.fault_effect is stay_healthy:
        return request
    return replace(request, fault_effect=data.combined_with(request.fault_effect))


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
    effects = world.faults.of_launches({r.source_server_id: r.phases for r in requests})
    return [
        replace(r, fault_effect=effects[r.source_server_id]) if r.source_server_id in effects else r
        for r in requests
    ]
