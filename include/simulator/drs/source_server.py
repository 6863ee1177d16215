"""Source servers, and how they are launched."""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from moto.core.common_models import BaseModel

from .dates import iso, iso_at
from .launch_configuration import LaunchConfiguration
from .members import Complete
from .replication import Replication
from .replication_configuration import ReplicationConfiguration, replicated_disks
from .snapshots import Retention
from .timeline import LaunchStatus
from .world import world

if TYPE_CHECKING:
    from .description import ServerDescription
    from .job import Job
    from .launch_actions import LaunchAction

GIB = 1024**3
_INSTANCE_TYPES = {2: "m5.large", 4: "m5.xlarge", 8: "m5.2xlarge"}
_RESULTS = {LaunchStatus.LAUNCHED: "SUCCEEDED", LaunchStatus.FAILED: "FAILED"}


class SourceServer(BaseModel):
    """A server that replicates to DRS."""

    def __init__(self, arn: str, region_name: str, description: ServerDescription) -> None:
        self.source_server_id = description.id
        self.arn = arn
        self.region_name = region_name
        self.description = description
        self.tags = dict(description.tags)
        self.added = world.clock.now()
        self.replication = Replication(description, region_name, self.added)
        self._seen: tuple[float, dict[str, Any]] = (-1, {})
        self.launches = 0
        self.last_job: Job | None = None
        self.recovery_instance_id: str | None = None
        name = self.tags.get("Name", description.hostname)
        self.launch_configuration = LaunchConfiguration(name=name)
        self.launch_actions: list[LaunchAction] = []
        disks = replicated_disks(self.disks())
        self.replication_configuration = ReplicationConfiguration(name=name, replicated_disks=disks)
        self.retention = Retention(self.replication_configuration.pit_policy)
        self.replication_direction = "FAILOVER"
        self.reversed: SourceServer | None = None

    def replicate_as(self, members: dict[str, Any]) -> None:
        """Replicate by other settings from the beginning on."""
        self.replication_configuration = self.replication_configuration.changed(members)
        self.retention = Retention(self.replication_configuration.pit_policy)

    @property
    def instance_type(self) -> str:
        return _INSTANCE_TYPES.get(self.description.cores, "m5.large")

    def to_dict(self, now: float) -> dict[str, Any]:
        return {
            "sourceServerID": self.source_server_id,
            "arn": self.arn,
            "tags": self.tags,
            "recoveryInstanceId": self.recovery_instance_id,
            "lastLaunchResult": self._last_launch_result(now),
            "dataReplicationInfo": self.replication.to_dict(now),
            "lifeCycle": self._life_cycle(now),
            "sourceProperties": self.properties,
            "stagingArea": {"status": "NOT_EXTENDED"},
            "replicationDirection": self.replication_direction,
            "reversedDirectionSourceServerArn": self.reversed.arn if self.reversed else None,
            "sourceCloudProperties": self._origin(),
            "agentVersion": "5.4.0",
        }

    @property
    def private_ip(self) -> str:
        """Address at the source: always the same, in the address range of a default subnet."""
        digest = sha256(self.source_server_id.encode()).digest()
        return f"172.31.{digest[0] % 16}.{digest[1] % 250 + 4}"

    def _origin(self) -> dict[str, Any] | None:
        if (region := self.description.origin_region) is None:
            return None
        account = self.arn.split(":")[4]
        return {"originAccountID": account, "originRegion": region, "originAvailabilityZone": f"{region}a"}

    def _last_launch_result(self, now: float) -> str:
        if self.last_job is None:
            return "NOT_STARTED"
        return _RESULTS.get(self.last_job.launch_status(self.source_server_id, now), "PENDING")

    def _life_cycle(self, now: float) -> dict[str, Any]:
        cycle = self._contact(now)
        if self.last_job is None:
            return cycle
        initiated = {
            "apiCallDateTime": iso(self.last_job.creation_date),
            "jobID": self.last_job.job_id,
            "type": "DRILL" if self.last_job.is_drill else "RECOVERY",
        }
        status = self.last_job.launch_status(self.source_server_id, now)
        return cycle | {"lastLaunch": {"initiated": initiated, "status": status}}

    def _contact(self, now: float) -> dict[str, Any]:
        seen = max(self.replication.last_seen(now), self.added)
        if self._seen[0] != seen:
            added = iso_at(self.added)
            self._seen = (
                seen,
                {
                    "addedToServiceDateTime": added,
                    "firstByteDateTime": added,
                    "lastSeenByServiceDateTime": iso_at(seen),
                },
            )
        return self._seen[1]

    @cached_property
    def properties(self) -> dict[str, Any]:
        """What the agent told of the server, which no operation changes."""
        return Complete(self._properties())

    def _properties(self) -> dict[str, Any]:
        return self.hardware() | {
            "lastUpdatedDateTime": iso_at(self.added),
            "recommendedInstanceType": self.instance_type,
            "identificationHints": {"fqdn": self.description.hostname, "hostname": self.description.hostname},
            "networkInterfaces": [{"ips": [self.private_ip], "isPrimary": True}],
            "disks": self.disks(),
            "supportsNitroInstances": True,
            "architecture": "x86_64",
        }

    def hardware(self) -> dict[str, Any]:
        """Return what a source server and its recovery instance have alike."""
        return {
            "cpus": [{"cores": self.description.cores, "modelName": "Intel(R) Xeon(R) Platinum 8259CL"}],
            "ramBytes": self.description.ram_gib * GIB,
            "os": {"fullString": self.description.os},
        }

    def disks(self) -> list[dict[str, Any]]:
        sizes = enumerate(self.description.disks_gib)
        return [{"deviceName": f"/dev/nvme{number}n1", "bytes": size * GIB} for number, size in sizes]
