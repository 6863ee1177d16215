"""Source servers, and how they are launched."""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from moto.core.common_models import BaseModel

from .dates import iso, iso_at, iso_duration
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
PROCESSOR = "Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz"
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
        now = world.clock.now()
        self.replication = Replication(description, region_name, now)
        self.added, self._updated = self.replication.began, now
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

    @property
    def mac_address(self) -> str:
        """Hardware address at the source: always the same, in the range that EC2 gives its own from."""
        digest = sha256(self.source_server_id.encode()).hexdigest()[-10:]
        return ":".join(("0a", *(digest[at : at + 2] for at in range(0, 10, 2))))

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
        cycle = self._contact(now) | {"elapsedReplicationDuration": self._elapsed(now)}
        if self.last_job is None:
            return cycle | {"lastLaunch": {"initiated": {}}}
        initiated = {
            "apiCallDateTime": iso(self.last_job.creation_date),
            "jobID": self.last_job.job_id,
            "type": "DRILL" if self.last_job.is_drill else "RECOVERY",
        }
        status = self.last_job.launch_status(self.source_server_id, now)
        return cycle | {"lastLaunch": {"initiated": initiated, "status": status}}

    def _elapsed(self, now: float) -> str | None:
        """Return for how long data have come, by the dates that are told."""
        if (first := self.replication.first_byte(now)) is None:
            return None
        dated = world.clock.date
        elapsed = dated(self.replication.last_byte(now)) - dated(first)
        return iso_duration(elapsed.total_seconds())

    def _contact(self, now: float) -> dict[str, Any]:
        seen, first_byte = self.replication.last_seen(now), self.replication.first_byte(now)
        if self._seen[0] != seen or first_byte is None:
            self._seen = (
                seen,
                {
                    "addedToServiceDateTime": iso_at(self.added),
                    "firstByteDateTime": None if first_byte is None else iso_at(first_byte),
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
            "lastUpdatedDateTime": iso_at(self._updated),
            "recommendedInstanceType": self.instance_type,
            "identificationHints": {"fqdn": self.description.hostname, "hostname": self.description.hostname},
            "networkInterfaces": [self._interface()],
            "disks": self.disks(),
            "supportsNitroInstances": True,
            "architecture": "x86_64",
        }

    def _interface(self) -> dict[str, Any]:
        return {"macAddress": self.mac_address, "ips": [self.private_ip], "isPrimary": True}

    def hardware(self) -> dict[str, Any]:
        """Return what a source server and its recovery instance have alike."""
        return {
            "cpus": [{"cores": self.description.cores, "modelName": PROCESSOR}],
            "ramBytes": self.description.ram_gib * GIB,
            "os": {"fullString": self.description.os},
        }

    def disks(self) -> list[dict[str, Any]]:
        sizes = enumerate(self.description.disks_gib)
        return [{"deviceName": f"/dev/nvme{number}n1", "bytes": size * GIB} for number, size in sizes]
