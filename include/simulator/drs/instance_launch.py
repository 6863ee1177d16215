"""Launching the EC2 instance of a source server as its launch configuration and launch template say."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from moto.ec2.utils import random_ami_id

from .launch_template import (
    Data,
    find_instance,
    instance_tags,
    interface,
    marks,
    security_groups,
    settled,
    subnet,
)

if TYPE_CHECKING:
    from moto.ec2.models import EC2Backend
    from moto.ec2.models.instances import Instance
    from moto.ec2.models.subnets import Subnet

    from .source_server import SourceServer


def launch_instance(ec2: EC2Backend, server: SourceServer) -> Instance:
    """Run an EC2 instance for a source server, or take the one that it is to be launched into."""
    data = settled(ec2, server)
    instance = _target(ec2, server) or _run(ec2, server, data)
    instance.add_tags(_tags(server, data))
    if server.launch_configuration.launch_disposition == "STOPPED":
        ec2.stop_instances([instance.id])
    return instance


def _target(ec2: EC2Backend, server: SourceServer) -> Instance | None:
    """Return the instance to launch into, started, where it still exists."""
    if (target := server.launch_configuration.launch_into) is None:
        return None
    instance = find_instance(ec2, target)
    if instance is not None and instance.state != "terminated":
        ec2.start_instances([instance.id])
        return instance
    return None


def _run(ec2: EC2Backend, server: SourceServer, data: Data) -> Instance:
    where = subnet(ec2, data, server.region_name)
    reservation = ec2.run_instances(
        random_ami_id(),
        1,
        None,
        [],
        instance_type=data.get("InstanceType") or server.instance_type,
        is_instance_type_default=False,
        region_name=server.region_name,
        subnet_id=where.id if where else None,
        private_ip=_private_ip(server, data, where),
        security_group_ids=security_groups(ec2, data),
    )
    run: Instance = reservation.instances[0]
    return run


def _private_ip(server: SourceServer, data: Data, where: Subnet | None) -> str | None:
    """Return the address that is wanted, where the subnet has it and it is free; EC2 chooses otherwise."""
    copied = server.launch_configuration.copy_private_ip
    wanted: str | None = server.private_ip if copied else interface(data).get("PrivateIpAddress")
    if where is None or wanted is None or not _lies_in(wanted, where):
        return None
    return None if wanted in where._subnet_ips else wanted  # noqa: SLF001 - moto offers no other look


def _lies_in(address: str, where: Subnet) -> bool:
    try:
        return ip_address(address) in where.cidr
    except ValueError:  # EC2's launch templates take anything
        return False


def _tags(server: SourceServer, data: Data) -> dict[str, str]:
    copied = server.tags if server.launch_configuration.copy_tags else {}
    return copied | {"Name": server.launch_configuration.name} | instance_tags(data) | marks(server)
