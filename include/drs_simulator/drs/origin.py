"""The EC2 instance that a source server is, in the Region that it comes from."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from moto.ec2.utils import random_ami_id

from .ec2_dates import date_launch

if TYPE_CHECKING:
    from moto.ec2.models import EC2Backend
    from moto.ec2.models.instances import Instance
    from moto.ec2.models.subnets import Subnet

    from .source_server import SourceServer

GIB = 1024**3


def run_origin(ec2: EC2Backend, server: SourceServer) -> Instance:
    """Run the instance on which the agent of a source server is: of its type, with its disks and address."""
    zone = f"{ec2.region_name}a"
    where = ec2.get_default_subnets().get(zone)
    reservation = ec2.run_instances(
        random_ami_id(),
        1,
        None,
        [],
        instance_type=server.instance_type,
        is_instance_type_default=False,
        region_name=ec2.region_name,
        subnet_id=where.id if where else None,
        private_ip=_free(server.private_ip, where),
        security_group_ids=[],
        block_device_mappings=[],
    )
    instance: Instance = reservation.instances[0]
    tags = server.description.origin_tags
    instance.add_tags(server.description.tags if tags is None else tags)
    for disk in server.disks():
        volume = ec2.create_volume(disk["bytes"] // GIB, zone, volume_type="gp3")
        ec2.attach_volume(volume.id, instance.id, disk["deviceName"], delete_on_termination=True)
    instance.root_device_name = next(iter(instance.block_device_mapping))
    date_launch(ec2, instance, server.added)
    return instance


def _free(address: str, where: Subnet | None) -> str | None:
    """Return an address where a subnet has it, and nobody else does: EC2 chooses another otherwise."""
    if where is None or ip_address(address) not in where.cidr:
        return None
    return None if address in where._subnet_ips else address  # noqa: SLF001 - moto offers no other look
