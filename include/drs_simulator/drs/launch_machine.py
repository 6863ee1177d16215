"""What an instance is launched as: type, image, key, profile and disks, or why EC2 refuses them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS, INSTANCE_TYPES
from moto.iam.models import iam_backends

from . import ec2_refusals as refusals
from .launch_addresses import asked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.ec2.models import EC2Backend

    from .launch_template import Data
    from .source_server import SourceServer

MOST_TAGS = 50


def instance_type(server: SourceServer, data: Data) -> str:
    """Return the type that is launched, which must be able to run the server's image."""
    wanted: str = data.get("InstanceType") or server.instance_type
    if wanted not in INSTANCE_TYPES:
        raise refusals.unknown_type(wanted)
    check_architecture(server, wanted)
    return wanted


def check_architecture(server: SourceServer, wanted: str) -> None:
    """Raise what EC2 says of a type that cannot run the server's image."""
    architectures = INSTANCE_TYPES[wanted]["ProcessorInfo"]["SupportedArchitectures"]
    if server.architecture not in architectures:
        raise refusals.other_architecture(architectures[0], server.architecture)


def zones_of(server: SourceServer, wanted: str) -> frozenset[str]:
    """Return the zones of the server's Region that have an instance type; none where moto does not know."""
    offered = zones_by_type(server.region_name)
    zones = offered.get(wanted, frozenset())
    if offered and not zones and wanted != server.instance_type:
        raise refusals.type_not_in_region()
    return zones


@cache
def zones_by_type(region_name: str) -> Mapping[str, frozenset[str]]:
    """Return the zones by instance type, as moto knows them of a Region."""
    zones: dict[str, set[str]] = {}
    for offering in INSTANCE_TYPE_OFFERINGS["availability-zone"].get(region_name, ()):
        zones.setdefault(offering["InstanceType"], set()).add(offering["Location"])
    return {offered: frozenset(where) for offered, where in zones.items()}


def check_zone(wanted: str, zone: str, zones: frozenset[str]) -> None:
    """Raise what EC2 says of a subnet in a zone that does not have the type."""
    if zones and zone not in zones:
        raise refusals.type_not_in_zone(wanted, zone, zones)


def check_interfaces(wanted: str, data: Data) -> None:
    """Raise what EC2 says of more interfaces, or addresses of one, than a type has."""
    limits, interfaces = INSTANCE_TYPES[wanted]["NetworkInfo"], data.get("NetworkInterfaces") or []
    if len(interfaces) > limits["MaximumNetworkInterfaces"]:
        raise refusals.too_many_interfaces(len(interfaces), wanted)
    made = [asked(interface) for interface in interfaces if not interface.get("NetworkInterfaceId")]
    if any(its.size > limits["Ipv4AddressesPerInterface"] for its in made):
        raise refusals.too_many_addresses()
    if any(max(its.ipv6_count, len(its.ipv6)) > limits["Ipv6AddressesPerInterface"] for its in made):
        raise refusals.too_many_ipv6_addresses()


def check_names(ec2: EC2Backend, data: Data) -> None:
    """Raise what EC2 says of an image, a key pair, a profile or a placement group that there is not."""
    if image_id := data.get("ImageId"):
        ec2.describe_images(ami_ids=[image_id])
    if (key := data.get("KeyName")) and key not in ec2.key_pairs:
        raise refusals.unknown_key_pair(key)
    for member in ("GroupName", "GroupId"):
        if group := (data.get("Placement") or {}).get(member):  # moto has none
            raise refusals.unknown_placement_group(group)
    profiles = iam_backends[ec2.account_id][ec2.partition].instance_profiles.values()
    for member in ("name", "arn"):
        value = (data.get("IamInstanceProfile") or {}).get(member.capitalize())
        if value and value not in [getattr(profile, member) for profile in profiles]:
            raise refusals.unknown_profile(member, value)


def check_tags(*groups: Mapping[str, str]) -> None:
    """Raise what EC2 says of more tags than a resource can have."""
    if any(len(tags) > MOST_TAGS for tags in groups):
        raise refusals.too_many_tags()
