"""Failback: replicating a recovery instance back to where its source server came from.

ReverseReplication makes a source server in the origin's Region, whose source is the recovery instance. Its
replication decides the state of the failback; StartFailbackLaunch, or a recovery of that server, ends it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .dates import iso_at
from .job import InstanceJob
from .settings import Settings
from .timeline import LaunchStatus

if TYPE_CHECKING:
    from .account import Account
    from .source_server import SourceServer
    from .timeline import ServerTimeline

_OF_LAUNCH = {LaunchStatus.LAUNCHED: "FAILBACK_COMPLETED", LaunchStatus.FAILED: "FAILBACK_ERROR"}
_OF_REPLICATION = {
    "CONTINUOUS": "FAILBACK_READY_FOR_LAUNCH",
    "STALLED": "FAILBACK_NOT_READY_FOR_LAUNCH",
    "STOPPED": "FAILBACK_NOT_READY_FOR_LAUNCH",
    "DISCONNECTED": "FAILBACK_NOT_READY_FOR_LAUNCH",
}


@dataclass(frozen=True)
class FailbackReplicationConfiguration(Settings):
    """How a recovery instance replicates back."""

    name: str = ""
    bandwidth_throttling: int = 0
    use_private_ip: bool = field(default=False, metadata={"name": "usePrivateIP"})
    internet_protocol: str = "IPV4"


class FailbackJob(InstanceJob):
    """A job that launches what recovery instances are failed back to; EC2 has no part in it."""

    type = "LAUNCH"
    initiated_by = "FAILBACK"

    def advance_server(self, backend: Account, server: ServerTimeline, elapsed: float) -> None:
        """Do nothing: the machine that is launched is not in this Region, or not in AWS."""


@dataclass
class Failback:
    """Where the failback of a recovery instance stands."""

    target: SourceServer | None = None
    initiated: float = 0.0
    job: FailbackJob | None = None

    def state(self, source_server_id: str, now: float) -> str:
        """Return the state: that of the launch where there was one, else what replication allows."""
        if self.job:
            launched = self.job.launch_status(source_server_id, now)
            return _OF_LAUNCH.get(launched, "FAILBACK_IN_PROGRESS")
        if self.target is None:
            return "FAILBACK_NOT_STARTED"
        return _OF_REPLICATION.get(self.target.replication.state(now), "FAILBACK_IN_PROGRESS")

    def replication_state(self, now: float) -> str:
        """Return how far the data is on its way back."""
        return self.target.replication.state(now) if self.target else "NOT_STARTED"

    def to_dict(self, source_server_id: str, now: float) -> dict[str, Any]:
        return {
            "state": self.state(source_server_id, now),
            "failbackInitiationTime": iso_at(self.initiated) if self.target else None,
            "failbackJobID": self.job.job_id if self.job else None,
            "failbackLaunchType": "RECOVERY" if self.job else None,
        }
