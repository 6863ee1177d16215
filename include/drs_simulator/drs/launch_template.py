"""The EC2 launch template of a source server, which DRS makes and rewrites, and people edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.moto_api._internal import mock_random

from .world import world

if TYPE_CHECKING:
    from moto.ec2.models import EC2Backend
    from moto.ec2.models.instances import Instance
    from moto.ec2.models.launch_templates import LaunchTemplate

    from .source_server import SourceServer

Data = dict[str, Any]
GIB = 1024**3
OWNER = "AWSElasticDisasterRecoverySourceServerID"
"""Tag that tells for which server DRS made something."""

ALLOWED = ("AWSDRS", "AllowLaunchingIntoThisInstance")
"""Tag without which DRS launches into no existing instance."""


def launch_template(ec2: EC2Backend, server: SourceServer, at: float | None = None) -> LaunchTemplate:
    """Return the launch template of a server: made when it is added, and again when someone deleted it.

    ``at`` is the second at which it is needed, where that is not now.
    """
    known = server.launch_configuration.ec2_launch_template_id
    if known in ec2.launch_templates:
        return ec2.launch_templates[known]
    name = f"drs-{server.source_server_id}"
    if name in ec2.launch_template_name_to_ids:
        name += f"-{mock_random.get_random_hex(8)}"
    made = ec2.create_launch_template(name, "", _written(server, {}), {"launch-template": marks(server)})
    since = server.added if known is None else at
    if since is not None:
        made.create_time = made.default_version().create_time = world.clock.date(since)
    server.launch_configuration = server.launch_configuration.changed({"ec2LaunchTemplateID": made.id})
    return made


def rewrite(ec2: EC2Backend, server: SourceServer, *, uncopied: bool = False) -> None:
    """Write a new default version: the earlier one with what the launch configuration says.

    ``uncopied`` says that an address was copied to it that is to be copied no more.
    """
    template = launch_template(ec2, server)
    version = template.create_version(
        _written(server, template.default_version().data, uncopied=uncopied), ""
    )
    template.default_version_number = version.number


def effective(ec2: EC2Backend, server: SourceServer, at: float) -> Data:
    """Return what is launched at a second: the default version, rewritten where DRS decides otherwise."""
    template = launch_template(ec2, server, at)
    if not _is_as_decided(server, template.default_version().data):
        rewrite(ec2, server)
        template.default_version().create_time = world.clock.date(at)
    data: Data = template.default_version().data
    return data


def _is_as_decided(server: SourceServer, data: Data) -> bool:
    """Return whether a version has the instance type and the address that DRS chooses, where it does."""
    configuration = server.launch_configuration
    sized = not configuration.right_sized or data.get("InstanceType") == server.instance_type
    return sized and not (configuration.copy_private_ip and _address(data) != server.private_ip)


def forget(ec2: EC2Backend, server: SourceServer) -> None:
    """Delete the launch template of a server, if it has one still."""
    if (known := server.launch_configuration.ec2_launch_template_id) in ec2.launch_templates:
        ec2.delete_launch_template("", known)


def find_instance(ec2: EC2Backend, instance_id: str) -> Instance | None:
    """Return an EC2 instance, if there is one of this id."""
    found: Instance | None = ec2.get_instance_by_id(instance_id)
    return found


def template_tags(data: Data, resource_type: str) -> dict[str, str]:
    """Return the tags that a version gives to instances, or to volumes."""
    specifications = data.get("TagSpecifications") or []
    tags = [tag for s in specifications if s["ResourceType"] == resource_type for tag in s["Tags"]]
    return {tag["Key"]: tag["Value"] for tag in tags}


def _address(data: Data) -> str | None:
    """Return the address of a version's primary interface."""
    address: str | None = _primary(data).get("PrivateIpAddress")
    return address


def _primary(data: Data) -> Data:
    interfaces: list[Data] = data.get("NetworkInterfaces") or []
    return next((i for i in interfaces if not int(i.get("DeviceIndex") or 0)), {})


def _written(server: SourceServer, data: Data, *, uncopied: bool = False) -> Data:
    """Return a version's content as DRS writes it: other people's entries stay."""
    sized = server.launch_configuration.right_sized or not data.get("InstanceType")
    return data | {
        "InstanceType": server.instance_type if sized else data["InstanceType"],
        "NetworkInterfaces": _interfaces(server, data, uncopied=uncopied),
        "BlockDeviceMappings": data.get("BlockDeviceMappings") or _disks(server),
        "TagSpecifications": _tag_specifications(server, data),
    }


def _interfaces(server: SourceServer, data: Data, *, uncopied: bool) -> list[Data]:
    """Return the interfaces: the primary one, with the address of the source where that is copied, first."""
    primary = _primary(data)
    made = {} if primary.get("NetworkInterfaceId") else {"DeleteOnTermination": True}
    primary = {"DeviceIndex": 0, **made, **primary}
    copied = server.launch_configuration.copy_private_ip
    if copied or (uncopied and primary.get("PrivateIpAddress") == server.private_ip):
        primary = {k: v for k, v in primary.items() if k not in ("PrivateIpAddress", "PrivateIpAddresses")}
    if copied:
        primary["PrivateIpAddress"] = server.private_ip
    others = [i for i in data.get("NetworkInterfaces") or [] if int(i.get("DeviceIndex") or 0)]
    return [primary, *others]


def _disks(server: SourceServer) -> list[Data]:
    """Return a mapping per disk of the server, under its name there."""
    return [
        {
            "DeviceName": disk["deviceName"],
            "Ebs": {
                "VolumeSize": disk["bytes"] // GIB,
                "VolumeType": "gp3",
                "Iops": 3000,
                "Throughput": 125,
                "DeleteOnTermination": True,
            },
        }
        for disk in server.disks()
    ]


def _tag_specifications(server: SourceServer, data: Data) -> list[Data]:
    """Return the tags of instances and volumes, each with the server's name and DRS's marks."""
    own = {"Name": server.launch_configuration.name} | marks(server)
    written = [
        {
            "ResourceType": kind,
            "Tags": [{"Key": k, "Value": v} for k, v in (template_tags(data, kind) | own).items()],
        }
        for kind in ("instance", "volume")
    ]
    others = data.get("TagSpecifications") or []
    return [*written, *(s for s in others if s["ResourceType"] not in ("instance", "volume"))]


def marks(server: SourceServer) -> dict[str, str]:
    """Return the tags by which DRS knows what it made for a server."""
    return {
        "AWSElasticDisasterRecoveryManaged": "drs.amazonaws.com",
        OWNER: server.source_server_id,
    }
