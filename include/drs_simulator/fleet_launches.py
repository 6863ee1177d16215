"""What a fleet says of launches: networks to launch into, and what differs in how servers are launched."""

from __future__ import annotations

from collections import Counter
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Annotated, Literal, Protocol

from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend
from moto.ec2.models.instance_types import INSTANCE_TYPES
from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from drs_simulator.descriptions import Strict, contradicted
from drs_simulator.drs.launch_addresses import RESERVED
from drs_simulator.drs.launch_machine import zones_by_type
from drs_simulator.drs.source_server import ARCHITECTURE, address_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from drs_simulator.descriptions import Problem

LARGEST, SMALLEST = 16, 28
"""Lengths of the prefixes that VPCs and subnets have."""


def _block(text: str) -> str:
    try:
        network = IPv4Network(text)
    except ValueError as error:
        raise ValueError("allowed is an IPv4 block, as in 10.0.1.0/24") from error
    if not LARGEST <= network.prefixlen <= SMALLEST:
        raise ValueError(f"allowed are blocks from /{LARGEST} to /{SMALLEST}")
    return text


def _address(text: str) -> str:
    try:
        IPv4Address(text)
    except ValueError as error:
        raise ValueError("allowed is an IPv4 address") from error
    return text


Name = Annotated[str, Field(pattern=r"^[\w.-]{1,128}$")]
Block = Annotated[str, AfterValidator(_block)]


class SubnetDescription(Strict):
    """A subnet, which has its name as the tag Name."""

    name: Name
    cidr: Block
    zone: str


class NetworkDescription(Strict):
    """A VPC, which has its name as the tag Name; it has a group ``default`` beside those that are named.

    ``ids`` are those of its subnets and groups, by name, that plans name; any other id is drawn.
    """

    name: Name
    cidr: Block
    ids: dict[Name, Annotated[str, Field(pattern=r"^(subnet|sg)-[0-9a-f]{17}$")]] = Field(default={})
    security_groups: tuple[Name, ...] = ()
    subnets: tuple[SubnetDescription, ...] = Field(min_length=1)

    @field_validator("subnets")
    @classmethod
    def _within(
        cls, subnets: tuple[SubnetDescription, ...], info: ValidationInfo
    ) -> tuple[SubnetDescription, ...]:
        if "cidr" in info.data:
            contradicted(_misfits(subnets, IPv4Network(info.data["cidr"])))
        return subnets

    @property
    def groups(self) -> set[str]:
        """Names of all its groups."""
        return {"default", *self.security_groups}


class LaunchConfigurationDescription(Strict):
    """What differs in a server's launch configuration."""

    launch_disposition: Literal["STARTED", "STOPPED"] | None = None
    target_instance_type_right_sizing_method: Literal["NONE", "BASIC", "IN_AWS"] | None = None
    recovery_mode: Literal["FAST", "OPTIMAL"] | None = None
    copy_private_ip: bool | None = None
    copy_tags: bool | None = None


class LaunchTemplateDescription(Strict):
    """What differs in a server's EC2 launch template; the instance profile is made where IAM lacks it."""

    subnet: str | None = None
    security_groups: tuple[str, ...] = ()
    private_ip: Annotated[str, AfterValidator(_address)] | None = None
    instance_type: str | None = None
    instance_profile: Name | None = None


def check_networks(region: str, networks: tuple[NetworkDescription, ...]) -> Iterator[Problem]:
    """Yield what contradicts itself: names that are there twice, and zones of another Region."""
    zones = [zone.name for zone in RegionsAndZonesBackend.zones.get(region, ())]
    names = Counter([n.name for n in networks] + [s.name for n in networks for s in n.subnets])
    for number, network in enumerate(networks):
        known = {*network.security_groups, *(subnet.name for subnet in network.subnets)}
        for name in sorted(network.ids.keys() - known):
            allowed = f"allowed are its groups and subnets: {', '.join(sorted(known))}"
            yield (number, "ids", name), network.ids[name], allowed
        if names[network.name] > 1:
            yield (number, "name"), network.name, "allowed is each name of a network or subnet once"
        for position, subnet in enumerate(network.subnets):
            path = (number, "subnets", position)
            if names[subnet.name] > 1:
                yield (*path, "name"), subnet.name, "allowed is each name of a network or subnet once"
            if subnet.zone not in zones:
                yield (*path, "zone"), subnet.zone, f"allowed are the zones of {region}: {', '.join(zones)}"


class LaunchedServer(Protocol):
    """What counts here of a server that a fleet describes, or of as many alike as its count."""

    @property
    def id(self) -> str: ...

    @property
    def count(self) -> int | None: ...

    @property
    def launch_configuration(self) -> LaunchConfigurationDescription: ...

    @property
    def launch_template(self) -> LaunchTemplateDescription: ...

    def each(self) -> Iterator[LaunchedServer]:
        """Yield the servers one by one."""


def check_launches(
    region: str, networks: Iterable[NetworkDescription], servers: Iterable[LaunchedServer]
) -> Iterator[Problem]:
    """Yield what contradicts itself, or the network, in how servers are to be launched."""
    subnets = {subnet.name: (network, subnet) for network in networks for subnet in network.subnets}
    addresses: set[str] = set()
    for number, server in enumerate(servers):
        template = server.launch_template
        if template.subnet is None or template.subnet in subnets:
            where = subnets.get(template.subnet or "")
            found = [*_of_subnet(server, where, addresses), *_of_type(region, server, where)]
        else:
            known = ", ".join(sorted(subnets)) or "none"
            found = [
                (("launch_template", "subnet"), template.subnet, f"allowed are the subnets here: {known}")
            ]
        yield from (((number, *path), value, message) for path, value, message in found)


Where = tuple[NetworkDescription, SubnetDescription]


def _misfits(subnets: Iterable[SubnetDescription], network: IPv4Network) -> Iterator[Problem]:
    """Yield the blocks that are not in the network's, or overlap with one before."""
    before: list[SubnetDescription] = []
    for number, subnet in enumerate(subnets):
        block = IPv4Network(subnet.cidr)
        if not block.subnet_of(network):
            yield (number, "cidr"), subnet.cidr, f"allowed are blocks in {network}"
        if other := next((b for b in before if block.overlaps(IPv4Network(b.cidr))), None):
            yield (
                (number, "cidr"),
                subnet.cidr,
                f"allowed is what does not overlap {other.name}: {other.cidr}",
            )
        before.append(subnet)


def _of_subnet(server: LaunchedServer, where: Where | None, addresses: set[str]) -> Iterator[Problem]:
    """Yield groups and addresses that the subnet does not allow; ``addresses`` are those that are taken."""
    template, wanted = server.launch_template, server.launch_template.private_ip
    if where is None:
        for key in ("security_groups", "private_ip"):
            if value := getattr(template, key):
                shown = list(value) if isinstance(value, tuple) else value
                yield ("launch_template", key), shown, "allowed with a subnet"
        return
    network, subnet = where
    for position, group in enumerate(template.security_groups):
        if group not in network.groups:
            allowed = f"allowed are those of {network.name}, where the subnet {subnet.name} is"
            place = ("launch_template", "security_groups", position)
            yield place, group, f"{allowed}: {', '.join(sorted(network.groups))}"
    if wanted is not None and (why := _unfit(server, wanted, subnet, addresses)):
        yield ("launch_template", "private_ip"), wanted, why
    addresses.update([wanted] if wanted else [])
    if server.launch_configuration.copy_private_ip:
        copied = ((one.id, address_of(one.id)) for one in server.each())
        outside = next(
            ((own, a) for own, a in copied if IPv4Address(a) not in IPv4Network(subnet.cidr)), None
        )
        if outside:
            why = f"allowed with a subnet that has the address of {outside[0]}: {outside[1]}"
            yield ("launch_configuration", "copy_private_ip"), True, f"{why}, not with {subnet.cidr}"


def _unfit(server: LaunchedServer, wanted: str, subnet: SubnetDescription, addresses: set[str]) -> str | None:
    """Return why an address cannot be had."""
    block = IPv4Network(subnet.cidr)
    if server.launch_configuration.copy_private_ip:
        return "allowed without copy_private_ip, by which DRS overwrites it"
    if (server.count or 1) > 1 or wanted in addresses:
        return "allowed for one server"
    if IPv4Address(wanted) not in block or IPv4Address(wanted) in {block[place] for place in RESERVED}:
        return f"allowed in {subnet.name} is {block[4]} to {block[-2]}"
    return None


def _of_type(region: str, server: LaunchedServer, where: Where | None) -> Iterator[Problem]:
    """Yield an instance type that is not there, or that DRS would not launch."""
    if (wanted := server.launch_template.instance_type) is None:
        return
    place = ("launch_template", "instance_type")
    known = INSTANCE_TYPES.get(wanted)
    zones = zones_by_type(region).get(wanted, frozenset())
    if known is None or (zones_by_type(region) and not zones):
        yield place, wanted, f"allowed are instance types that there are in {region}"
    elif ARCHITECTURE not in known["ProcessorInfo"]["SupportedArchitectures"]:
        yield place, wanted, f"allowed are instance types for {ARCHITECTURE}, as the server is"
    elif where and zones and where[1].zone not in zones:
        yield place, wanted, f"allowed with a subnet in {', '.join(sorted(zones))}, not in {where[1].zone}"
    elif server.launch_configuration.target_instance_type_right_sizing_method != "NONE":
        needed = "launch_configuration: {target_instance_type_right_sizing_method: NONE}"
        yield place, wanted, f"allowed with {needed}: DRS overwrites it otherwise"
