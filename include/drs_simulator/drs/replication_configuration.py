"""Replication configurations: how a source server replicates to DRS."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.ec2.models.instance_types import INSTANCE_TYPES

from .lookup import invalid
from .pit_policy import check_policy, policy
from .settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from moto.ec2.models import EC2Backend


MOST_MBPS = 10_000
"""Most that bandwidth can be throttled to: AWS's DRS-Settings-Tool refuses more."""


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


def check_replication(ec2: EC2Backend, wanted: ReplicationSettings) -> None:
    """Raise ValidationException for what EC2 does not have, and for a policy that there cannot be."""
    check_policy(wanted.pit_policy)
    if wanted.replication_server_instance_type not in INSTANCE_TYPES:
        place = "replicationServerInstanceType"
        raise invalid(place, f"{place} {wanted.replication_server_instance_type} does not exist.")
    if wanted.bandwidth_throttling > MOST_MBPS:
        place = "bandwidthThrottling"
        raise invalid(place, f"{place} {wanted.bandwidth_throttling}: allowed is 0 to {MOST_MBPS}.")
    _check_network(ec2, wanted)
    if wanted.ebs_encryption == "CUSTOM" and wanted.ebs_encryption_key_arn is None:
        message = "ebsEncryptionKeyArn is required with ebsEncryption 'CUSTOM'."
        raise invalid("ebsEncryptionKeyArn", message)


def _check_network(ec2: EC2Backend, wanted: ReplicationSettings) -> None:
    """Raise ValidationException for a subnet or groups that there are not, or not in one network."""
    subnet_id = wanted.staging_area_subnet_id
    subnets = {s.id: s for zone in ec2.subnets.values() for s in zone.values()}
    if subnet_id is not None and subnet_id not in subnets:
        raise invalid("stagingAreaSubnetId", f"stagingAreaSubnetId {subnet_id} does not exist.")
    place = "replicationServersSecurityGroupsIDs"
    for group_id in wanted.replication_servers_security_groups_ids:
        if (group := ec2.get_security_group_from_id(group_id)) is None:
            raise invalid(place, f"{place} {group_id} does not exist.")
        if subnet_id is not None and group.vpc_id != subnets[subnet_id].vpc_id:
            raise invalid(place, f"{place} {group_id} is in another network than {subnet_id}.")
