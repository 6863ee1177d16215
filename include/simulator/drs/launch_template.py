"""The EC2 launch template of a source server, which DRS makes and rewrites, and people edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import InvalidSubnetIdError
from moto.moto_api._internal import mock_random

if TYPE_CHECKING:
    from moto.ec2.models import EC2Backend
    from moto.ec2.models.instances import Instance
    from moto.ec2.models.launch_templates import LaunchTemplate
    from moto.ec2.models.subnets import Subnet

    from .source_server import SourceServer

Data = dict[str, Any]


def launch_template(ec2: EC2Backend, server: SourceServer) -> LaunchTemplate:
    """Return the launch template of a server: made on first need, and again when someone deleted it."""
    known = server.launch_configuration.ec2_launch_template_id
    if known in ec2.launch_templates:
        return ec2.launch_templates[known]
    name = f"drs-{server.source_server_id}"
    if name in ec2.launch_template_name_to_ids:
        name += f"-{mock_random.get_random_hex(8)}"
    made = ec2.create_launch_template(name, "", _written(server, {}), {"launch-template": marks(server)})
    server.launch_configuration = server.launch_configuration.changed({"ec2LaunchTemplateID": made.id})
    return made


def rewrite(ec2: EC2Backend, server: SourceServer) -> None:
    """Write a new default version: the earlier one with what the launch configuration says."""
    template = launch_template(ec2, server)
    version = template.create_version(_written(server, template.default_version().data), "")
    template.default_version_number = version.number


def settled(ec2: EC2Backend, server: SourceServer) -> Data:
    """Return what is launched: the default version, rewritten first where right-sizing disagrees with it."""
    template = launch_template(ec2, server)
    wrong = template.default_version().instance_type != server.instance_type
    if wrong and server.launch_configuration.right_sized:
        rewrite(ec2, server)
    data: Data = template.default_version().data
    return data


def forget(ec2: EC2Backend, server: SourceServer) -> None:
    """Delete the launch template of a server, if it has one still."""
    if (known := server.launch_configuration.ec2_launch_template_id) in ec2.launch_templates:
        ec2.delete_launch_template("", known)


def find_instance(ec2: EC2Backend, instance_id: str) -> Instance | None:
    """Return an EC2 instance, if there is one of this id."""
    instances = (i for reservation in ec2.reservations.values() for i in reservation.instances)
    return next((instance for instance in instances if instance.id == instance_id), None)


def interface(data: Data) -> Data:
    """Return the first network interface of a version."""
    interfaces: list[Data] = data.get("NetworkInterfaces") or [{}]
    return interfaces[0]


def subnet(ec2: EC2Backend, data: Data, region_name: str) -> Subnet | None:
    """Return the version's subnet where it exists, else the default one of the first zone, if any."""
    try:
        return ec2.get_subnet(interface(data).get("SubnetId", ""))
    except InvalidSubnetIdError:
        return ec2.get_default_subnets().get(f"{region_name}a")


def security_groups(ec2: EC2Backend, data: Data) -> list[str]:
    """Return the ids of the version's security groups that exist."""
    wanted = data.get("SecurityGroupIds") or interface(data).get("Groups") or []
    return [group for group in wanted if ec2.get_security_group_from_id(group)]


def instance_tags(data: Data) -> dict[str, str]:
    """Return the tags that a version gives to instances."""
    specifications = data.get("TagSpecifications") or []
    tags = [tag for s in specifications if s["ResourceType"] == "instance" for tag in s["Tags"]]
    return {tag["Key"]: tag["Value"] for tag in tags}


def _written(server: SourceServer, data: Data) -> Data:
    """Return a version's content as DRS writes it: other people's entries stay."""
    tags = instance_tags(data) | {"Name": server.launch_configuration.name} | marks(server)
    others = [s for s in data.get("TagSpecifications") or [] if s["ResourceType"] != "instance"]
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    sized = server.launch_configuration.right_sized or not data.get("InstanceType")
    return (
        data
        | {"TagSpecifications": [*others, {"ResourceType": "instance", "Tags": listed}]}
        | ({"InstanceType": server.instance_type} if sized else {})
    )


def marks(server: SourceServer) -> dict[str, str]:
    """Return the tags by which DRS knows what it made for a server."""
    return {
        "AWSElasticDisasterRecoveryManaged": "drs.amazonaws.com",
        "AWSElasticDisasterRecoverySourceServerID": server.source_server_id,
    }
