"""Source servers, and how they are launched."""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from moto.core.common_models import BaseModel

from .dates import iso, iso_at, iso_duration
from .launch_configuration import LaunchConfiguration
from .members import Complete, Parts, Written, written
from .replication import Replication
from .replication_configuration import ReplicationConfiguration, replicated_disks
from .snapshots import LaunchSnapshots, RecoverySnapshot, Retention
from .timeline import LaunchStatus
from .world import world

if TYPE_CHECKING:
    from datetime import datetime

    from moto.ec2.models.instances import Instance

    from .description import ServerDescription
    from .launch_actions import LaunchAction
    from .snapshots import LastJob

GIB = 1024**3
ARCHITECTURE = "x86_64"
PROCESSOR = "Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz"
_INSTANCE_TYPES = {2: "m5.large", 4: "m5.xlarge", 8: "m5.2xlarge"}
_NOT_EXTENDED = Written(written({"status": "NOT_EXTENDED"}))
_RESULTS = {LaunchStatus.LAUNCHED: "SUCCEEDED", LaunchStatus.FAILED: "FAILED"}


def address_of(source_server_id: str) -> str:
    """Return the private address of a server."""
    digest = sha256(source_server_id.encode()).digest()
    return f"172.31.{digest[0] % 16}.{digest[1] % 250 + 4}"


class SourceServer(BaseModel):
    """A server that replicates to DRS."""

    architecture = ARCHITECTURE

    def __init__(self, arn: str, region_name: str, description: ServerDescription) -> None:
        self.source_server_id = description.id
        self.arn = arn
        self.region_name = region_name
        self.description = description
        self.tags = dict(description.tags)
        now = world.clock.now()
        self.replication = Replication(description, region_name, now)
        self.added, self._updated = self.replication.began, self.replication.last_seen(now)
        self._seen: tuple[Any, dict[str, Any]] = (None, {})
        self._first_byte: datetime | None = None
        self.launches = 0
        self.last_job: LastJob | None = None
        self.recovery_instance_id: str | None = None
        self.recovery_job_id: str | None = None
        name = self.tags.get("Name", description.hostname)
        self.launch_configuration = LaunchConfiguration(name=name)
        self.launch_actions: list[LaunchAction] = []
        disks = replicated_disks(self.disks())
        self.replication_configuration = ReplicationConfiguration(name=name, replicated_disks=disks)
        self.retention = Retention(self.source_server_id, self.replication_configuration.pit_policy)
        self.replication_direction = "FAILOVER"
        self.reversed: SourceServer | None = None
        self.lost_snapshots: set[str] = set()
        self.launch_snapshots = LaunchSnapshots(self)
        digest = sha256(self.source_server_id.encode()).digest()
        self.private_ip = address_of(self.source_server_id)
        self.mac_address = "0a" + "".join(f":{byte:02x}" for byte in digest[-5:])
        self.origin_instance_id: str | None = None
        self.origin_zone: str | None = None

    def come_from(self, instance: Instance) -> None:
        """Be the EC2 instance on which the agent is, from now on."""
        self.origin_instance_id, self.origin_zone = instance.id, instance.placement.zone
        interface = instance.nics[0]
        self.private_ip, self.mac_address = str(interface.private_ip_address), interface.mac_address
        self.__dict__.pop("properties", None)

    def staging_volume(self, disk: int) -> str:
        """Return the id of the volume to which a disk replicates."""
        return f"vol-{sha256(f'{self.source_server_id}:{disk}'.encode()).hexdigest()[:17]}"

    def replicate_as(self, members: dict[str, Any]) -> None:
        """Replicate by other settings from the beginning on."""
        self.replication_configuration = self.replication_configuration.changed(members)
        self.retention = Retention(self.source_server_id, self.replication_configuration.pit_policy)

    @property
    def instance_type(self) -> str:
        return _INSTANCE_TYPES.get(self.description.cores, "m5.large")

    def to_dict(self, now: float) -> Parts:
        return Parts(
            sourceServerID=self.source_server_id,
            arn=self.arn,
            tags=self.tags,
            recoveryInstanceId=self.recovery_instance_id,
            lastLaunchResult=self._last_launch_result(now),
            dataReplicationInfo=self.replication.to_dict(now),
            lifeCycle=self._life_cycle(now),
            sourceProperties=self.properties,
            stagingArea=_NOT_EXTENDED,
            replicationDirection=self.replication_direction,
            reversedDirectionSourceServerArn=self.reversed.arn if self.reversed else None,
            sourceCloudProperties=self._origin(),
            agentVersion="5.4.0",
        )

    def _origin(self) -> dict[str, Any] | None:
        if (region := self.description.origin_region) is None:
            return None
        account = self.arn.split(":")[4]
        zone = self.origin_zone
        return {"originAccountID": account, "originRegion": region, "originAvailabilityZone": zone}

    def _last_launch_result(self, now: float) -> str:
        if self.last_job is None:
            return "NOT_STARTED"
        return _RESULTS.get(self.last_job.launch_status(self.source_server_id, now), "PENDING")

    def _life_cycle(self, now: float) -> dict[str, Any]:
        cycle = Complete(self._contact(now))
        if self._first_byte is not None:
            elapsed = world.clock.date(self.replication.last_byte(now)) - self._first_byte
            cycle["elapsedReplicationDuration"] = iso_duration(elapsed)
        cycle["lastLaunch"] = self._last_launch(now)
        return cycle

    def _last_launch(self, now: float) -> dict[str, Any]:
        if self.last_job is None:
            return {"initiated": {}}
        initiated = {
            "apiCallDateTime": iso(self.last_job.creation_date),
            "jobID": self.last_job.job_id,
            "type": "DRILL" if self.last_job.is_drill else "RECOVERY",
        }
        status = self.last_job.launch_status(self.source_server_id, now)
        return {"initiated": initiated, "status": status}

    def _contact(self, now: float) -> dict[str, Any]:
        """Return the dates that are the same between two signs of life of the agent."""
        seen, first = max(self.replication.last_seen(now), self._updated), self.replication.first_byte(now)
        if self._seen[0] != (seen, first):
            self._first_byte = None if first is None else world.clock.date(first)
            dates = {"addedToServiceDateTime": iso_at(self.added), "lastSeenByServiceDateTime": iso_at(seen)}
            if self._first_byte is not None:
                dates["firstByteDateTime"] = iso(self._first_byte)
            self._seen = (seen, first), dates
        return self._seen[1]

    @cached_property
    def properties(self) -> Written:
        """What the agent reported of the server, which no operation changes."""
        return Written(written(Complete(self._properties())))

    def _properties(self) -> dict[str, Any]:
        return self.hardware() | {
            "lastUpdatedDateTime": iso_at(self._updated),
            "recommendedInstanceType": self.instance_type,
            "identificationHints": self.identification(self.origin_instance_id),
            "networkInterfaces": [self._interface()],
            "disks": self.disks(),
            "supportsNitroInstances": True,
            "architecture": self.architecture,
        }

    def _interface(self) -> dict[str, Any]:
        return {"macAddress": self.mac_address, "ips": [self.private_ip], "isPrimary": True}

    def identification(self, instance_id: str | None) -> dict[str, Any]:
        """Return what tells the machine from others, at the source or recovered."""
        hostname = self.description.hostname
        hints = {"fqdn": hostname, "hostname": hostname}
        return hints | ({"awsInstanceID": instance_id} if instance_id else {})

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


def snapshots_of(server: SourceServer, now: float) -> list[RecoverySnapshot]:
    """Return the snapshots that are kept, oldest first, and the next one where one will be taken.

    They are taken while replication is CONTINUOUS, at whole intervals of the rules of the server's policy,
    and kept for as long as one of these says, whether replication is healthy still or not. Those that
    launches use are among them. One whose EBS snapshot somebody deleted is no more.
    """
    delay = server.retention.delay
    spans = server.replication.healthy_spans(now)
    moments = [m for m in server.retention.kept(now) if any(begin < m + delay <= end for begin, end in spans)]
    coming = server.retention.coming(now)
    if coming is not None and server.replication.state(now) == "CONTINUOUS":
        moments.append(coming)
    server_id, volumes = server.source_server_id, len(server.description.disks_gib)
    snapshots = [RecoverySnapshot(server_id, moment, moment + delay, volumes) for moment in moments]
    if launched := server.launch_snapshots.kept(now):
        snapshots = sorted({*snapshots, *launched}, key=attrgetter("expected", "taken"))
    if not (lost := server.lost_snapshots):
        return snapshots
    return [snapshot for snapshot in snapshots if snapshot.snapshot_id not in lost]
