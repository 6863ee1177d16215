"""Recovery instances: EC2 instances that DRS launched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.core.common_models import BaseModel
from moto.ec2.utils import random_ami_id

from .dates import iso_at

if TYPE_CHECKING:
    from moto.ec2.models import EC2Backend
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

    def to_dict(self) -> dict[str, Any]:
        return {
            "recoveryInstanceID": self.recovery_instance_id,
            "ec2InstanceID": self.recovery_instance_id,
            "ec2InstanceState": self.ec2_instance_state,
            "sourceServerID": self.source_server.source_server_id,
            "jobID": self.job.job_id,
            "arn": self.arn,
            "tags": self.tags,
            "isDrill": self.job.is_drill,
            "pointInTimeSnapshotDateTime": iso_at(self.recovery_point),
            "failback": {"state": "FAILBACK_NOT_STARTED"},
            "dataReplicationInfo": {"dataReplicationState": "NOT_STARTED"},
            "recoveryInstanceProperties": self._properties(),
            "originEnvironment": "ON_PREMISES",
            "agentVersion": "5.4.0",
        }

    def _properties(self) -> dict[str, Any]:
        hostname = self.source_server.description.hostname
        hints = {"fqdn": hostname, "hostname": hostname, "awsInstanceID": self.recovery_instance_id}
        disks = (
            {"internalDeviceName": disk["deviceName"], "bytes": disk["bytes"]}
            for disk in self.source_server.disks()
        )
        return self.source_server.hardware() | {
            "lastUpdatedDateTime": iso_at(self.launched),
            "identificationHints": hints,
            "networkInterfaces": [{"ips": [self.instance.private_ip], "isPrimary": True}],
            "disks": list(disks),
        }


def launch_instance(ec2: EC2Backend, server: SourceServer) -> Instance:
    """Run an EC2 instance for a source server as its launch configuration says."""
    tags = {
        "Name": server.launch_configuration.name,
        "AWSElasticDisasterRecoveryManaged": "drs.amazonaws.com",
        "AWSElasticDisasterRecoverySourceServerID": server.source_server_id,
    }
    if server.launch_configuration.copy_tags:
        tags = server.tags | tags
    subnet = ec2.get_default_subnets().get(f"{server.region_name}a")
    reservation = ec2.run_instances(
        random_ami_id(),
        1,
        None,
        [],
        instance_type=server.instance_type,
        is_instance_type_default=False,
        region_name=server.region_name,
        subnet_id=subnet.id if subnet else None,
        tags={"instance": tags},
    )
    instance: Instance = reservation.instances[0]
    if server.launch_configuration.launch_disposition == "STOPPED":
        ec2.stop_instances([instance.id])
    return instance
