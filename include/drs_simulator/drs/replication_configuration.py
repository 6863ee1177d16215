"""Replication configurations: how a source server replicates to DRS."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .exceptions import ConflictException
from .lookup import invalid
from .pit_policy import check_policy, policy
from .resources import Resources
from .settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from moto.ec2.models import EC2Backend


@dataclass(frozen=True, kw_only=True)
class ReplicationSettings(Settings):
    """What a replication configuration and a replication configuration template have in common."""

    staging_area_subnet_id: str | None = None
    associate_default_security_group: bool = True
    replication_servers_security_groups_ids: list[str] = field(
        default_factory=list,
        metadata={"name": "replicationServersSecurityGroupsIDs"},
    )
    replication_server_instance_type: str = "t3.small"
    use_dedicated_replication_server: bool = False
    default_large_staging_disk_type: str = "AUTO"
    ebs_encryption: str = "DEFAULT"
    ebs_encryption_key_arn: str | None = None
    bandwidth_throttling: int = 0
    data_plane_routing: str = "PRIVATE_IP"
    create_public_ip: bool = field(default=False, metadata={"name": "createPublicIP"})
    staging_area_tags: dict[str, str] = field(default_factory=dict)
    pit_policy: list[dict[str, Any]] = field(default_factory=policy)
    auto_replicate_new_disks: bool = True
    internet_protocol: str = "IPV4"


@dataclass(frozen=True, kw_only=True)
class ReplicationConfiguration(ReplicationSettings):
    """How a source server replicates."""

    name: str = ""
    replicated_disks: list[dict[str, Any]] = field(default_factory=list)


def replicated_disks(disks: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return how the disks of a server are replicated at first; it boots from the first one."""
    return [
        {
            "deviceName": disk["deviceName"],
            "isBootDisk": number == 0,
            "stagingDiskType": "AUTO",
            "iops": 0,
            "throughput": 0,
        }
        for number, disk in enumerate(disks)
    ]


class ReplicationConfigurationBackend(Resources):
    """The operations on replication configurations."""

    def get_replication_configuration(self, source_server_id: str) -> ReplicationConfiguration:
        """Return how a server replicates: through a default subnet, as long as nobody chose another."""
        configuration = self.source_server(source_server_id).replication_configuration
        if configuration.staging_area_subnet_id is None and (subnets := self.ec2.get_default_subnets()):
            return configuration.changed({"stagingAreaSubnetId": subnets[min(subnets)].id})
        return configuration

    def update_replication_configuration(
        self, source_server_id: str, members: dict[str, Any]
    ) -> ReplicationConfiguration:
        server = self.source_server(source_server_id)
        if server.replication.state(self.now) == "DISCONNECTED":
            message = f"Source Server {source_server_id} is disconnected."
            raise ConflictException(message, source_server_id, "SourceServer")
        wanted = server.replication_configuration.changed(members)
        check_replication(self.ec2, wanted)
        server.replication_configuration = wanted
        server.retention.change(self.now, wanted.pit_policy)
        return self.get_replication_configuration(source_server_id)


def check_replication(ec2: EC2Backend, wanted: ReplicationSettings) -> None:
    """Raise ValidationException for what EC2 does not have, and for a policy that there cannot be."""
    check_policy(wanted.pit_policy)
    groups, subnet_id = wanted.replication_servers_security_groups_ids, wanted.staging_area_subnet_id
    subnets = {s for zone in ec2.subnets.values() for s in zone}
    if subnet_id is not None and subnet_id not in subnets:
        raise invalid("stagingAreaSubnetId", f"stagingAreaSubnetId {subnet_id} does not exist.")
    for group in groups:
        if not ec2.get_security_group_from_id(group):
            place = "replicationServersSecurityGroupsIDs"
            raise invalid(place, f"{place} {group} does not exist.")
    if wanted.ebs_encryption == "CUSTOM" and wanted.ebs_encryption_key_arn is None:
        message = "ebsEncryptionKeyArn is required with ebsEncryption 'CUSTOM'."
        raise invalid("ebsEncryptionKeyArn", message)
