"""Failback: replicating a recovery instance back to where its source server came from.

ReverseReplication makes a source server in the origin's Region, whose source is the recovery instance. Its
replication decides the state of the failback; StartFailbackLaunch, or a recovery of that server, ends it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from moto.moto_api._internal import mock_random

from .dates import iso_at
from .description import ReplicationDescription
from .exceptions import ConflictException
from .job import InstanceJob
from .lookup import invalid
from .resources import Resources
from .settings import Settings
from .timeline import LaunchStatus

if TYPE_CHECKING:
    from moto.ec2.models.instances import Instance

    from .models import DRSBackend
    from .recovery_instance import RecoveryInstance
    from .source_server import SourceServer
    from .timeline import JobTimeline, ServerTimeline

_OF_LAUNCH = {LaunchStatus.LAUNCHED: "FAILBACK_COMPLETED", LaunchStatus.FAILED: "FAILBACK_ERROR"}
_OF_REPLICATION = {
    "CONTINUOUS": "FAILBACK_READY_FOR_LAUNCH",
    "STALLED": "FAILBACK_NOT_READY_FOR_LAUNCH",
    "STOPPED": "FAILBACK_NOT_READY_FOR_LAUNCH",
    "DISCONNECTED": "FAILBACK_NOT_READY_FOR_LAUNCH",
}
_OPPOSITE = {"FAILOVER": "FAILBACK", "FAILBACK": "FAILOVER"}


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

    def __init__(self, backend: DRSBackend, instances: list[RecoveryInstance], timeline: JobTimeline) -> None:
        super().__init__(backend, instances, timeline)
        for instance in instances:
            instance.failback.job = self

    def advance_server(self, backend: DRSBackend, server: ServerTimeline, elapsed: float) -> None:
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


class FailbackBackend(Resources):
    """The operations that prepare a failback, or give it up."""

    def reverse_replication(self, recovery_instance_id: str) -> SourceServer:
        """Replicate a recovery instance to its origin; returns the source server there."""
        instance = self.recovery_instance(recovery_instance_id)
        server = instance.source_server
        if (region := server.description.origin_region) is None:
            message = f"recoveryInstanceID {recovery_instance_id}: allowed are those that originate in EC2."
            raise invalid("recoveryInstanceID", message)
        if (state := instance.standing(self.now)) != "FAILBACK_NOT_STARTED":
            message = f"Recovery Instance {recovery_instance_id} is {state}."
            raise ConflictException(message, recovery_instance_id, "RecoveryInstance")
        target = self.beside(region).add_reversed(server, self.region_name, instance.instance)
        instance.failback = Failback(target, self.now)
        return target

    def add_reversed(self, server: SourceServer, region_name: str, origin: Instance) -> SourceServer:
        """Take up what replicates from a Region back to this one: the same server at each reversal."""
        self.require_initialized()
        if (known := server.reversed) is not None:
            known.come_from(origin)
            known.replication.stop(self.now)
            known.replication.start(self.now)
            return known
        description = replace(
            server.description,
            id=f"s-{mock_random.get_random_hex(17)}",
            origin_region=region_name,
            replication=ReplicationDescription("INITIATING"),
        )
        target = self.register_source_server(description, origin)
        target.replication_direction = _OPPOSITE[server.replication_direction]
        server.reversed, target.reversed = target, server
        return target

    def stop_failback(self, recovery_instance_id: str) -> None:
        instance = self.recovery_instance(recovery_instance_id)
        if instance.failback.target:
            instance.failback.target.replication.stop(self.now)
        instance.failback = Failback()

    def get_failback_replication_configuration(
        self, recovery_instance_id: str
    ) -> FailbackReplicationConfiguration:
        return self.recovery_instance(recovery_instance_id).failback_configuration

    def update_failback_replication_configuration(
        self, recovery_instance_id: str, members: dict[str, Any]
    ) -> None:
        instance = self.recovery_instance(recovery_instance_id)
        instance.failback_configuration = instance.failback_configuration.changed(members)
