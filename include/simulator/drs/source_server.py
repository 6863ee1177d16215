"""Source servers, and how they are launched."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from moto.core.common_models import BaseModel
from moto.moto_api._internal import mock_random

from simulator.clock import clock

from .dates import iso, iso_at
from .members import Complete
from .replication import Replication
from .timeline import LaunchStatus

if TYPE_CHECKING:
    from simulator.fleet import ServerDescription

    from .job import Job

GIB = 1024**3
_INSTANCE_TYPES = {2: "m5.large", 4: "m5.xlarge", 8: "m5.2xlarge"}
_RESULTS = {LaunchStatus.LAUNCHED: "SUCCEEDED", LaunchStatus.FAILED: "FAILED"}


@dataclass
class LaunchConfiguration(BaseModel):
    """How a source server is launched."""

    name: str
    launch_disposition: str = "STARTED"
    target_instance_type_right_sizing_method: str = "BASIC"
    copy_private_ip: bool = False
    copy_tags: bool = False
    recovery_mode: str = "OPTIMAL"
    ec2_launch_template_id: str = field(default_factory=lambda: f"lt-{mock_random.get_random_hex(17)}")

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "ec2LaunchTemplateID": self.ec2_launch_template_id,
            "launchDisposition": self.launch_disposition,
            "targetInstanceTypeRightSizingMethod": self.target_instance_type_right_sizing_method,
            "copyPrivateIp": self.copy_private_ip,
            "copyTags": self.copy_tags,
            "licensing": {"osByol": False},
            "postLaunchEnabled": False,
            "recoveryMode": self.recovery_mode,
        }


class SourceServer(BaseModel):
    """A server that replicates to DRS."""

    def __init__(self, arn: str, region_name: str, description: ServerDescription) -> None:
        self.source_server_id = description.id
        self.arn = arn
        self.region_name = region_name
        self.description = description
        self.tags = dict(description.tags)
        self.added = clock.now()
        self.replication = Replication(description, region_name, self.added)
        self._seen: tuple[float, dict[str, Any]] = (-1, {})
        self.launches = 0
        self.last_job: Job | None = None
        self.recovery_instance_id: str | None = None
        self.launch_configuration = LaunchConfiguration(self.tags.get("Name", description.hostname))

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
            "replicationDirection": "FAILOVER",
            "agentVersion": "5.4.0",
        }

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
