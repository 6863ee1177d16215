"""Recovery instances: EC2 instances that DRS launched."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.core.common_models import BaseModel

from .dates import iso_at
from .failback import Failback, FailbackReplicationConfiguration
from .lookup import invalid
from .members import Kept, Parts

if TYPE_CHECKING:
    from moto.ec2.models.instances import Instance

    from .job import Job
    from .source_server import SourceServer


@dataclass
class RecoveryInstance(BaseModel):
    """What a job launched from a source server; ``recovery_point`` and ``launched`` are simulated seconds."""

    arn: str
    source_server: SourceServer
    job: Job
    instance: Instance
    recovery_point: float
    launched: float
    tags: dict[str, str]
    failback: Failback = field(default_factory=Failback)
    failback_configuration: FailbackReplicationConfiguration = field(
        default_factory=FailbackReplicationConfiguration
    )
    disconnected: bool = False
    _kept: Kept = field(default_factory=Kept, init=False)

    @property
    def recovery_instance_id(self) -> str:
        return str(self.instance.id)

    @property
    def position(self) -> str:
        """Place in the order of launching."""
        return f"{self.job.number:08}/{self.source_server.source_server_id}"

    @property
    def ec2_instance_state(self) -> str:
        return str(self.instance.state).upper()

    def standing(self, now: float) -> str:
        """Return the state of the failback, or why there can be none."""
        if self.disconnected:
            return "DISCONNECTED"
        if self.ec2_instance_state == "TERMINATED":
            return "TERMINATED"
        return self.failback.state(self.source_server.source_server_id, now)

    def require_ready_for_failback(self, now: float) -> None:
        """Raise ValidationException unless the data is back, and the launch may begin."""
        if (state := self.standing(now)) != "FAILBACK_READY_FOR_LAUNCH":
            place = "recoveryInstanceIDs"
            message = f"{place} {self.recovery_instance_id} is {state}: allowed is FAILBACK_READY_FOR_LAUNCH."
            raise invalid(place, message)

    def to_dict(self, now: float) -> Parts:
        return Parts(
            recoveryInstanceID=self.recovery_instance_id,
            ec2InstanceID=self.recovery_instance_id,
            ec2InstanceState=self.ec2_instance_state,
            sourceServerID=self.source_server.source_server_id,
            jobID=self.job.job_id,
            arn=self.arn,
            tags=self.tags,
            isDrill=self.job.is_drill,
            pointInTimeSnapshotDateTime=iso_at(self.recovery_point),
            failback=self.failback.to_dict(self.source_server.source_server_id, now),
            dataReplicationInfo=self._replication(now),
            recoveryInstanceProperties=self._kept.of(self._properties()),
            originEnvironment="AWS" if self.source_server.origin_instance_id else "ON_PREMISES",
            originAvailabilityZone=self.source_server.origin_zone,
            agentVersion="5.4.0",
        )

    def _replication(self, now: float) -> dict[str, Any]:
        if not self.disconnected:
            return {"dataReplicationState": self.failback.replication_state(now)}
        disks = ({"deviceName": d["deviceName"], "totalStorageBytes": 0} for d in self.source_server.disks())
        return {"dataReplicationState": "DISCONNECTED", "replicatedDisks": list(disks)}

    def _properties(self) -> dict[str, Any]:
        disks = (
            {"internalDeviceName": disk["deviceName"], "bytes": disk["bytes"]}
            for disk in self.source_server.disks()
        )
        return self.source_server.hardware() | {
            "lastUpdatedDateTime": iso_at(self.launched),
            "identificationHints": self.source_server.identification(self.recovery_instance_id),
            "networkInterfaces": [self._interface()],
            "disks": list(disks),
        }

    def _interface(self) -> dict[str, Any]:
        mac_address = self.instance.nics[0].mac_address
        return {"macAddress": mac_address, "ips": [self.instance.private_ip], "isPrimary": True}
