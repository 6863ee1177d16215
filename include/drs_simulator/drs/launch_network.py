"""Where in a network an instance is launched: subnet, security groups and addresses, or why EC2 refuses them.

moto takes addresses that EC2 does not, and fails on some with errors of its own: all is settled here, before
anything is launched.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address
from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import InvalidInputError, InvalidSecurityGroupNotFoundError, VPCIdNotSpecifiedError

from . import ec2_refusals as refusals

if TYPE_CHECKING:
    from collections.abc import Collection

    from moto.ec2.models import EC2Backend
    from moto.ec2.models.elastic_network_interfaces import NetworkInterface
    from moto.ec2.models.subnets import Subnet

    from .launch_template import Data

RESERVED = (0, 1, 2, 3, -1)
"""Places in a subnet's range whose addresses are AWS's own."""


@dataclass(frozen=True)
class Network:
    """The subnet of an instance, and its interfaces as moto takes them, the primary one first."""

    subnet: Subnet
    interfaces: list[Data]
    more_addresses: dict[int, list[str]]
    """Secondary addresses by device index."""


_BESIDE_ID = ("SubnetId", "Groups", "PrivateIpAddress", "PrivateIpAddresses", "DeleteOnTermination")
"""What EC2 does not take beside the id of an interface that there is."""


def plan_network(ec2: EC2Backend, data: Data, zones: Collection[str]) -> Network:
    """Return where a launch template's version launches; ``zones`` are those that have the instance type."""
    wanted = _by_index(data)
    primary = wanted.pop(0)
    subnet = _primary_subnet(ec2, data, primary, zones)
    interfaces = [_interface(ec2, 0, primary, subnet, _top_groups(ec2, data))]
    for index in sorted(wanted):
        its_subnet = _named_subnet(ec2, wanted[index]) or subnet
        if its_subnet.availability_zone != subnet.availability_zone:
            raise refusals.interfaces_in_zones((subnet.availability_zone, its_subnet.availability_zone))
        interfaces.append(_interface(ec2, index, wanted[index], its_subnet, []))
    interfaces[0]["AssociatePublicIpAddress"] = _is_public(primary, subnet, alone=not wanted)
    more = {index: _addresses(described)[1:] for index, described in {0: primary, **wanted}.items()}
    _check_room(ec2, subnet, sum("NetworkInterfaceId" not in i for i in interfaces))
    return Network(subnet, interfaces, {index: others for index, others in more.items() if others})


def _by_index(data: Data) -> dict[int, Data]:
    """Return the interfaces by device index; DRS sees to the primary one, also where a version lacks it."""
    described: list[Data] = data.get("NetworkInterfaces") or []
    if described and (data.get("SecurityGroupIds") or data.get("SecurityGroups")):
        raise refusals.groups_beside_interfaces()
    by_index = {int(interface.get("DeviceIndex") or 0): interface for interface in described}
    if len(by_index) < len(described):
        raise refusals.repeated_device_index()
    return {0: {}, **by_index}


def _primary_subnet(ec2: EC2Backend, data: Data, primary: Data, zones: Collection[str]) -> Subnet:
    zone: str | None = (data.get("Placement") or {}).get("AvailabilityZone")
    subnet = _named_subnet(ec2, primary) or _default_subnet(ec2, zone, zones)
    if zone and subnet.availability_zone != zone:
        raise refusals.zone_of_another_subnet(zone, subnet.id, subnet.availability_zone)
    return subnet


def _named_subnet(ec2: EC2Backend, described: Data) -> Subnet | None:
    if interface_id := described.get("NetworkInterfaceId"):
        subnet: Subnet = ec2.get_network_interface(interface_id).subnet
        return subnet
    return ec2.get_subnet(subnet_id) if (subnet_id := described.get("SubnetId")) else None


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


def _interface(ec2: EC2Backend, index: int, described: Data, subnet: Subnet, groups: list[str]) -> Data:
    if described.get("NetworkInterfaceId"):
        return _known_interface(ec2, index, described)
    ipv6 = described.get("Ipv6AddressCount") or described.get("Ipv6Addresses")
    if ipv6 and not subnet.ipv6_cidr_block_associations:
        raise refusals.no_ipv6_block(subnet.id)
    for address in _addresses(described):
        _check_address(ec2, subnet, address)
    made: dict[str, Any] = {
        "DeviceIndex": index,
        "SubnetId": subnet.id,
        "Groups": _groups(ec2, [*(described.get("Groups") or []), *groups], subnet),
        "DeleteOnTermination": described.get("DeleteOnTermination", True),
        "PrivateIpAddress": next(iter(_addresses(described)), None),
    }
    return {name: value for name, value in made.items() if value is not None}


def _known_interface(ec2: EC2Backend, index: int, described: Data) -> Data:
    known = ec2.get_network_interface(described["NetworkInterfaceId"])
    if more := next((member for member in _BESIDE_ID if described.get(member)), None):
        raise refusals.interface_with_more(more)
    if _is_alive(known) and known.instance is not None:
        raise refusals.interface_in_use(known.id)
    return {"DeviceIndex": index, "NetworkInterfaceId": known.id}


def _is_public(primary: Data, subnet: Subnet, *, alone: bool) -> bool:
    """Return whether an instance gets a public address: what the version says, else the subnet."""
    if not alone and primary.get("AssociatePublicIpAddress"):
        raise refusals.public_among_interfaces()
    by_subnet = str(subnet.map_public_ip_on_launch).lower() == "true"
    return alone and bool(primary.get("AssociatePublicIpAddress", by_subnet))


def _groups(ec2: EC2Backend, wanted: list[str], subnet: Subnet) -> list[str]:
    """Return the ids of the wanted groups, or the default one of the subnet's network."""
    for group_id in wanted:
        if (group := ec2.get_security_group_from_id(group_id)) is None:
            raise InvalidSecurityGroupNotFoundError(group_id)
        if group.vpc_id != subnet.vpc_id:
            raise refusals.group_of_another_network(group_id, subnet.id)
    default = ec2.get_default_security_group(subnet.vpc_id)
    return wanted or ([default.id] if default else [])


def _addresses(described: Data) -> list[str]:
    """Return the addresses that an interface asks for, the primary one first."""
    listed = described.get("PrivateIpAddresses") or []
    primary = [described["PrivateIpAddress"]] if described.get("PrivateIpAddress") else []
    primary = primary or [a["PrivateIpAddress"] for a in listed if a.get("Primary")]
    return primary + [a["PrivateIpAddress"] for a in listed if a["PrivateIpAddress"] not in primary]


def _check_address(ec2: EC2Backend, subnet: Subnet, text: str) -> None:
    try:
        address = ip_address(text)
    except ValueError:
        raise refusals.no_address(text) from None
    if not isinstance(address, IPv4Address) or address not in subnet.cidr:
        raise refusals.address_outside(text)
    prefixes = (r.cidr for r in subnet._cidr_reservations if r.reservation_type == "prefix")  # noqa: SLF001
    if address in {subnet.cidr[place] for place in RESERVED} or any(address in cidr for cidr in prefixes):
        raise refusals.address_reserved(text)
    if text in _taken(ec2, subnet):
        raise refusals.address_in_use(text)


def _check_room(ec2: EC2Backend, subnet: Subnet, needed: int) -> None:
    capacity: int = subnet._available_ip_addresses  # noqa: SLF001 - moto's own count walks through all interfaces
    if len(ec2.enis) + needed > capacity and len(_taken(ec2, subnet)) + needed > capacity:
        raise refusals.no_free_address(subnet.id)


def _taken(ec2: EC2Backend, subnet: Subnet) -> set[str]:
    """Return the addresses in use; moto keeps those of terminated instances, which are let go here."""
    held = subnet._subnet_ips  # noqa: SLF001 - moto offers no other look
    for address in [a for a, holder in held.items() if getattr(holder, "state", None) == "terminated"]:
        subnet.del_subnet_ip(address)
    of_interfaces = (
        address["PrivateIpAddress"]
        for interface in ec2.enis.values()
        if interface.subnet.id == subnet.id and _is_alive(interface)
        for address in interface.private_ip_addresses
    )
    return {*held, *of_interfaces}


def _is_alive(interface: NetworkInterface) -> bool:
    """Return whether an interface is more than what moto keeps of a terminated instance."""
    return interface.instance is None or interface.instance.state != "terminated"
