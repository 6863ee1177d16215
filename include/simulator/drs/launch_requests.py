"""From source servers to what a launch of them is planned from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .durations import LaunchRequest
from .snapshots import RecoverySnapshot, snapshots_of
from .world import world

if TYPE_CHECKING:
    from .source_server import SourceServer


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


def last_taken(server: SourceServer, now: float) -> RecoverySnapshot | None:
    """Return the last snapshot of DRS's policy that is taken by now, if there is one."""
    taken = (s for s in snapshots_of(server, now) if s.expected <= now)
    return max(taken, key=lambda snapshot: snapshot.expected, default=None)
