"""What EC2 has of the networks that launch settings name: subnets, groups, routes, types and addresses."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network, ip_network
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from drs_recovery.aws.hooks.launch_settings import LaunchSettingsHook

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mypy_boto3_ec2 import EC2Client

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.plan.launch import ServerLaunch

MOST_VALUES = 200
"""EC2 takes so many values in one filter."""


class Subnet(NamedTuple):
    """A subnet; ``routes`` are the targets of its routes that lead out of it, and are no endpoints."""

    vpc: str
    zone: str
    cidr: IPv4Network
    free: int
    routes: tuple[str, ...]


@dataclass(frozen=True)
class Networks:
    """What there is of what launch settings name.

    ``groups`` are the VPCs of security groups; ``offered`` the instance types of each zone, of those that are
    named; ``taken`` the instances that have addresses, by subnet and address: none where it is not known.
    """

    subnets: Mapping[str, Subnet] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    offered: Mapping[str, frozenset[str]] = field(default_factory=dict)
    taken: Mapping[tuple[str, str], str | None] = field(default_factory=dict)


def find_networks(drs: DrsHook, launches: Iterable[ServerLaunch]) -> Networks:
    """Return what EC2 has of what these settings name, in a call for each kind of thing, or a few."""
    said, ec2 = list(launches), LaunchSettingsHook(drs).ec2
    subnets = _subnets(ec2, {one.subnet for one in said if one.subnet})
    zones = {subnet.zone for subnet in subnets.values()}
    return Networks(
        subnets=subnets,
        groups={
            group["GroupId"]: group["VpcId"]
            for group in _all(ec2, "describe_security_groups", "SecurityGroups", {"group-id": _groups(said)})
        },
        offered=_offered(ec2, {one.instance_type for one in said if one.instance_type}, zones),
        taken=_taken(ec2, {str(one.private_ip) for one in said if one.private_ip}),
    )


def _groups(said: Iterable[ServerLaunch]) -> set[str]:
    return {group for one in said for group in one.security_groups or ()}


def _subnets(ec2: EC2Client, ids: set[str]) -> dict[str, Subnet]:
    found = list(_all(ec2, "describe_subnets", "Subnets", {"subnet-id": ids}))
    networks = {one["VpcId"] for one in found}
    tables = list(_all(ec2, "describe_route_tables", "RouteTables", {"vpc-id": networks}))
    return {
        one["SubnetId"]: Subnet(
            one["VpcId"],
            one["AvailabilityZone"],
            cast("IPv4Network", ip_network(one["CidrBlock"])),
            one["AvailableIpAddressCount"],
            tuple(_ways_out(tables, one["SubnetId"], one["VpcId"])),
        )
        for one in found
    }


def _ways_out(tables: list[dict[str, Any]], subnet: str, vpc: str) -> Iterator[str]:
    """Yield the targets of the routes of a subnet that are neither local nor an endpoint.

    A subnet without a route table of its own has the main one of its VPC.
    """
    own = [one for one in tables if any(a.get("SubnetId") == subnet for a in one.get("Associations", []))]
    main = [
        one
        for one in tables
        if one["VpcId"] == vpc and any(a.get("Main") for a in one.get("Associations", []))
    ]
    for table in own or main:
        for route in table.get("Routes", []):
            targets = [value for key, value in route.items() if key in _TARGETS]
            yield from (one for one in targets if one != "local" and not one.startswith("vpce-"))


_TARGETS = frozenset(
    {
        "CarrierGatewayId",
        "CoreNetworkArn",
        "EgressOnlyInternetGatewayId",
        "GatewayId",
        "InstanceId",
        "LocalGatewayId",
        "NatGatewayId",
        "NetworkInterfaceId",
        "OdbNetworkArn",
        "TransitGatewayId",
        "VpcPeeringConnectionId",
    }
)
"""Members of a route that say where it leads, by the service model of EC2."""


def _offered(ec2: EC2Client, types: set[str], zones: set[str]) -> dict[str, frozenset[str]]:
    if not types or not zones:
        return {}
    filters = {"instance-type": types, "location": zones}
    there: dict[str, set[str]] = {zone: set() for zone in zones}
    for one in _all(
        ec2,
        "describe_instance_type_offerings",
        "InstanceTypeOfferings",
        filters,
        LocationType="availability-zone",
    ):
        there[one["Location"]].add(one["InstanceType"])
    return {zone: frozenset(offered) for zone, offered in there.items()}


def _taken(ec2: EC2Client, addresses: set[str]) -> dict[tuple[str, str], str | None]:
    interfaces = _all(
        ec2, "describe_network_interfaces", "NetworkInterfaces", {"addresses.private-ip-address": addresses}
    )
    return {
        (one["SubnetId"], address["PrivateIpAddress"]): one.get("Attachment", {}).get("InstanceId")
        for one in interfaces
        for address in one["PrivateIpAddresses"]
    }


def _all(
    ec2: EC2Client, operation: Any, member: str, filters: Mapping[str, set[str]], **more: Any
) -> Iterator[dict[str, Any]]:
    """Yield what there is of what filters name: nothing where they name nothing, which would be all."""
    if not all(filters.values()):
        return
    first, *others = filters.items()
    fixed = [{"Name": name, "Values": sorted(values)} for name, values in others]
    values = sorted(first[1])
    for start in range(0, len(values), MOST_VALUES):
        chosen = [{"Name": first[0], "Values": values[start : start + MOST_VALUES]}, *fixed]
        for page in ec2.get_paginator(operation).paginate(Filters=chosen, **more):
            yield from page[member]
