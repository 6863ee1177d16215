"""The addresses of an instance's interfaces: those that are named, and room for those that EC2 chooses."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, NamedTuple

from . import ec2_refusals as refusals

if TYPE_CHECKING:
    from moto.ec2.models.subnets import Subnet

    from .launch_template import Data

RESERVED = (0, 1, 2, 3, -1)
"""Places in a subnet's range whose addresses are AWS's own."""


class Asked(NamedTuple):
    """The addresses that an interface asks for; EC2 chooses so many ``secondary`` ones."""

    primary: str | None
    others: list[str]
    secondary: int
    ipv6: list[str]
    ipv6_count: int

    @property
    def named(self) -> list[str]:
        """Return the addresses that are named."""
        return [*([self.primary] if self.primary else []), *self.others]

    @property
    def chosen(self) -> int:
        """Return how many addresses EC2 chooses."""
        return self.secondary + (self.primary is None)

    @property
    def size(self) -> int:
        """Return how many addresses the interface is to have."""
        return len(self.named) + self.chosen


def asked(spec: Data) -> Asked:
    """Return what an interface asks for; RunInstances refuses what contradicts itself."""
    listed: list[Data] = spec.get("PrivateIpAddresses") or []
    primaries = [a["PrivateIpAddress"] for a in listed if a.get("Primary")]
    if (single := spec.get("PrivateIpAddress")) and primaries:
        raise refusals.primary_beside_primary()
    if len(primaries) > 1:
        raise refusals.several_primary_addresses()
    others = [a["PrivateIpAddress"] for a in listed if not a.get("Primary")]
    count = int(spec.get("SecondaryPrivateIpAddressCount") or 0)
    if count and listed:
        raise refusals.addresses_beside_count()
    if count < 0:
        raise refusals.invalid_value(
            f"Value ({count}) for parameter secondaryPrivateIpAddressCount is invalid."
        )
    if not single and not primaries and others:
        primaries, others = others[:1], others[1:]
    ipv6 = [a["Ipv6Address"] for a in spec.get("Ipv6Addresses") or []]
    ipv6_count = int(spec.get("Ipv6AddressCount") or 0)
    if ipv6 and ipv6_count:
        raise refusals.ipv6_addresses_beside_count()
    return Asked(single or next(iter(primaries), None), others, count, ipv6, ipv6_count)


def check_addresses(wanted: list[tuple[Subnet, Asked]]) -> None:
    """Raise what EC2 says of addresses that cannot be had, or for which a subnet has no room."""
    named: set[str] = set()
    needed: dict[str, int] = {}
    for subnet, its in wanted:
        _check_ipv6(subnet, its)
        for address in its.named:
            _check_address(subnet, address)
            if address in named:
                raise refusals.address_in_use(address)
            named.add(address)
        needed[subnet.id] = needed.get(subnet.id, 0) + its.size
        if needed[subnet.id] > _room(subnet, needed[subnet.id]):
            raise refusals.no_free_address(subnet.id)


def _check_address(subnet: Subnet, text: str) -> None:
    try:
        address = ip_address(text)
    except ValueError:
        raise refusals.no_address(text) from None
    if not isinstance(address, IPv4Address) or address not in subnet.cidr:
        raise refusals.address_outside(text)
    prefixes = (r.cidr for r in subnet._cidr_reservations if r.reservation_type == "prefix")  # noqa: SLF001
    if address in {subnet.cidr[place] for place in RESERVED} or any(address in cidr for cidr in prefixes):
        raise refusals.address_reserved(text)
    if _is_taken(subnet, text):
        raise refusals.address_in_use(text)


def _check_ipv6(subnet: Subnet, its: Asked) -> None:
    if not its.ipv6 and not its.ipv6_count:
        return
    blocks = [a["ipv6CidrBlock"] for a in subnet.ipv6_cidr_block_association_set]
    if not blocks:
        raise refusals.no_ipv6_block(subnet.id)
    for text in its.ipv6:
        try:
            address = ip_address(text)
        except ValueError:
            raise refusals.no_address(text) from None
        if not isinstance(address, IPv6Address) or not any(address in ip_network(b) for b in blocks):
            raise refusals.address_outside(text)


def _is_taken(subnet: Subnet, text: str) -> bool:
    """Return whether somebody has an address; moto keeps those of terminated instances, which are let go."""
    held = subnet._subnet_ips  # noqa: SLF001 - moto offers no other look
    if getattr(held.get(text), "state", None) == "terminated":
        subnet.del_subnet_ip(text)
    return text in held


def _room(subnet: Subnet, needed: int) -> int:
    """Return how many addresses are free; who has one still is looked at where it matters."""
    if (free := _free(subnet)) < needed:
        subnet.release_terminated_ips()  # type: ignore[attr-defined] # mended: ec2/addresses.py
        free = _free(subnet)
    return free


def _free(subnet: Subnet) -> int:
    held, capacity = subnet._subnet_ips, subnet._available_ip_addresses  # noqa: SLF001
    explicit = [r.cidr for r in subnet._cidr_reservations if r.reservation_type == "explicit"]  # noqa: SLF001
    if not explicit:
        return int(capacity) - len(held)
    others = sum(not any(ip_address(text) in cidr for cidr in explicit) for text in held)
    return int(capacity) - sum(cidr.num_addresses for cidr in explicit) - others
