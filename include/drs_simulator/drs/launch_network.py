"""Where in a network an instance is launched: subnet, security groups and addresses, or why EC2 refuses them.

moto takes addresses that EC2 does not, and fails on some with errors of its own: all is settled here, before
anything is launched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import InvalidInputError, InvalidSecurityGroupNotFoundError, VPCIdNotSpecifiedError

from . import ec2_refusals as refusals
from .launch_addresses import Asked, asked, check_addresses

if TYPE_CHECKING:
    from collections.abc import Collection

    from moto.ec2.models import EC2Backend
    from moto.ec2.models.elastic_network_interfaces import NetworkInterface
    from moto.ec2.models.instances import Instance
    from moto.ec2.models.subnets import Subnet

    from .launch_template import Data


@dataclass(frozen=True)
class Network:
    """The subnet of an instance, and its interfaces as moto takes them, the primary one first."""

    subnet: Subnet
    interfaces: list[Data]
    addresses: dict[int, Asked]
    """What the interfaces that are made ask for, by device index."""

    def complete(self, ec2: EC2Backend, instance: Instance) -> None:
        """Give the interfaces of an instance what moto does not give them at the launch."""
        for spec in self.interfaces:
            if "Description" in spec:
                instance.nics[spec["DeviceIndex"]].description = spec["Description"]
        for index, its in self.addresses.items():
            interface_id = instance.nics[index].id
            if its.others or its.secondary:
                ec2.assign_private_ip_addresses(interface_id, its.others, its.secondary)
            if its.ipv6 or its.ipv6_count:
                ec2.assign_ipv6_addresses(interface_id, its.ipv6, its.ipv6_count)


_OWN = (
    "SubnetId",
    "Groups",
    "PrivateIpAddress",
    "PrivateIpAddresses",
    "SecondaryPrivateIpAddressCount",
    "Ipv6Addresses",
    "Ipv6AddressCount",
    "AssociatePublicIpAddress",
    "DeleteOnTermination",
)
"""What EC2 does not take beside the id of an interface that there is."""


def plan_network(ec2: EC2Backend, data: Data, zones: Collection[str]) -> Network:
    """Return where a launch template's version launches; ``zones`` are those that have the instance type."""
    wanted = _by_index(data)
    subnet = _primary_subnet(ec2, data, wanted[0], zones)
    subnets = {index: _named_subnet(ec2, spec) or subnet for index, spec in wanted.items()}
    _check_place(subnet, subnets.values())
    made = {index: asked(d) for index, d in wanted.items() if not d.get("NetworkInterfaceId")}
    check_addresses([(subnets[index], its) for index, its in made.items()])
    groups = {0: _top_groups(ec2, data)}
    interfaces = [
        _interface(ec2, index, spec, subnets[index], groups.get(index, [])) for index, spec in wanted.items()
    ]
    interfaces[0]["AssociatePublicIpAddress"] = _is_public(wanted, subnet)
    return Network(subnet, interfaces, made)


def _by_index(data: Data) -> dict[int, Data]:
    """Return the interfaces by device index, in this order; one of defaults where a version has none."""
    specs: list[Data] = data.get("NetworkInterfaces") or []
    if specs and (data.get("SecurityGroupIds") or data.get("SecurityGroups")):
        raise refusals.groups_beside_interfaces()
    if any(interface.get("DeviceIndex") is None for interface in specs):
        raise refusals.no_device_index()
    by_index = {int(interface["DeviceIndex"]): interface for interface in specs or [{"DeviceIndex": 0}]}
    if len(by_index) < len(specs):
        raise refusals.repeated_device_index()
    if 0 not in by_index:
        raise refusals.no_primary_interface()
    ids = [i["NetworkInterfaceId"] for i in specs if i.get("NetworkInterfaceId")]
    if repeated := next((interface_id for interface_id in ids if ids.count(interface_id) > 1), None):
        raise refusals.interface_in_use(repeated)
    return dict(sorted(by_index.items()))


def _check_place(subnet: Subnet, others: Collection[Subnet]) -> None:
    """Raise what EC2 says of interfaces that are not all in one zone and one network."""
    for other in others:
        if other.availability_zone != subnet.availability_zone:
            raise refusals.interfaces_in_zones((subnet.availability_zone, other.availability_zone))
        if other.vpc_id != subnet.vpc_id:
            raise refusals.interfaces_in_networks((subnet.vpc_id, other.vpc_id))


def _primary_subnet(ec2: EC2Backend, data: Data, primary: Data, zones: Collection[str]) -> Subnet:
    zone = _zone(ec2, data.get("Placement") or {})
    subnet = _named_subnet(ec2, primary) or _default_subnet(ec2, zone, zones)
    if zone and subnet.availability_zone != zone:
        raise refusals.zone_of_another_subnet(zone, subnet.id, subnet.availability_zone)
    return subnet


def _zone(ec2: EC2Backend, placement: Data) -> str | None:
    """Return the name of the zone that a version names, by its name or its id."""
    zone, zone_id = placement.get("AvailabilityZone"), placement.get("AvailabilityZoneId")
    if zone and zone_id:
        raise refusals.zone_twice()
    if not zone_id:
        return str(zone) if zone else None
    zones = {z.zone_id: z.name for z in ec2.describe_availability_zones()}
    if zone_id not in zones:
        raise refusals.invalid_value(f"Value ({zone_id}) for parameter availabilityZoneId is invalid.")
    return str(zones[zone_id])


def _named_subnet(ec2: EC2Backend, spec: Data) -> Subnet | None:
    if interface_id := spec.get("NetworkInterfaceId"):
        subnet: Subnet = ec2.get_network_interface(interface_id).subnet
        return subnet
    return ec2.get_subnet(subnet_id) if (subnet_id := spec.get("SubnetId")) else None


def _default_subnet(ec2: EC2Backend, zone: str | None, zones: Collection[str]) -> Subnet:
    """Return the default subnet of a zone, of any that has the instance type if there is one."""
    if (vpc := ec2.get_default_vpc()) is None:
        raise VPCIdNotSpecifiedError
    subnets = {name: s for name, s in sorted(ec2.get_default_subnets().items()) if s.vpc_id == vpc.id}
    if not subnets:
        raise refusals.no_default_subnet(vpc.id)
    if zone is not None and zone not in subnets:
        raise InvalidInputError(f"No default subnet for availability zone: '{zone}'.")
    return subnets[zone or next((name for name in subnets if name in zones), next(iter(subnets)))]


def _top_groups(ec2: EC2Backend, data: Data) -> list[str]:
    """Return the ids of the groups that a version names beside its interfaces."""
    groups = list(data.get("SecurityGroupIds") or [])
    for name in data.get("SecurityGroups") or []:
        if (found := ec2.get_security_group_by_name_or_id(name)) is None:
            raise InvalidSecurityGroupNotFoundError(name)
        groups.append(found.id)
    return groups


def _interface(ec2: EC2Backend, index: int, spec: Data, subnet: Subnet, groups: list[str]) -> Data:
    if spec.get("NetworkInterfaceId"):
        return _known_interface(ec2, index, spec)
    made: dict[str, Any] = {
        "DeviceIndex": index,
        "SubnetId": subnet.id,
        "Groups": _groups(ec2, [*(spec.get("Groups") or []), *groups], subnet),
        "DeleteOnTermination": spec.get("DeleteOnTermination", True),
        "Description": spec.get("Description"),
        "PrivateIpAddress": asked(spec).primary,
    }
    return {name: value for name, value in made.items() if value is not None}


def _known_interface(ec2: EC2Backend, index: int, spec: Data) -> Data:
    known = ec2.get_network_interface(spec["NetworkInterfaceId"])
    if more := next((member for member in _OWN if spec.get(member)), None):
        raise refusals.interface_with_more(more)
    if _is_alive(known) and known.instance is not None:
        raise refusals.interface_in_use(known.id)
    return {"DeviceIndex": index, "NetworkInterfaceId": known.id}


def _is_public(wanted: dict[int, Data], subnet: Subnet) -> bool:
    """Return whether an instance gets a public address: what the version says, else the subnet."""
    if len(wanted) > 1 and any(spec.get("AssociatePublicIpAddress") for spec in wanted.values()):
        raise refusals.public_among_interfaces()
    if len(wanted) > 1 or wanted[0].get("NetworkInterfaceId"):
        return False
    by_subnet = str(subnet.map_public_ip_on_launch).lower() == "true"
    return bool(wanted[0].get("AssociatePublicIpAddress", by_subnet))


def _groups(ec2: EC2Backend, wanted: list[str], subnet: Subnet) -> list[str]:
    """Return the ids of the wanted groups, or the default one of the subnet's network."""
    for group_id in wanted:
        if (group := ec2.get_security_group_from_id(group_id)) is None:
            raise InvalidSecurityGroupNotFoundError(group_id)
        if group.vpc_id != subnet.vpc_id:
            raise refusals.group_of_another_network(group_id, subnet.id)
    default = ec2.get_default_security_group(subnet.vpc_id)
    return wanted or ([default.id] if default else [])


def _is_alive(interface: NetworkInterface) -> bool:
    """Return whether an interface is more than what moto keeps of a terminated instance."""
    return interface.instance is None or interface.instance.state != "terminated"
