"""Whether what the launch settings name is there: types in their zones, subnets, groups and addresses."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from drs_recovery.engine.readiness.facts import Finding, Unknown
from drs_recovery.text.lists import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.engine.readiness.facts import Facts, ServerFacts
    from drs_recovery.engine.readiness.networks import Networks, Subnet
    from drs_recovery.plan import Plan
    from drs_recovery.plan.launch import ServerLaunch

RESERVED = (0, 1, 2, 3, -1)
"""Places in a subnet's range whose addresses are AWS's own."""


def check(_: Plan, facts: Facts) -> Iterator[Finding]:
    """Yield, for each server, what EC2 does not have; and subnets with fewer free addresses than servers."""
    networks = facts.networks
    if isinstance(networks, Unknown):
        yield networks.finding
        return
    problems: dict[str, list[ServerFacts]] = {}
    for one in facts.known_servers:
        for problem in _problems(one, networks, facts):
            problems.setdefault(problem, []).append(one)
    for problem, found in problems.items():
        yield Finding(f"{problem}: {listed(str(each.server) for each in found)}")
    yield from _rooms(networks, facts)


def _rooms(networks: Networks, facts: Facts) -> Iterator[Finding]:
    wanted = Counter(one.launch.subnet for one in facts.known_servers if one.launch and one.launch.subnet)
    for subnet, count in wanted.items():
        if subnet in networks.subnets and (free := networks.subnets[subnet].free) < count:
            yield Finding(f"{subnet} has {free} free addresses, and {count} servers are launched into it")


def _problems(server: ServerFacts, networks: Networks, facts: Facts) -> Iterator[str]:
    if (launch := server.launch) is None:
        return
    subnet = networks.subnets.get(launch.subnet) if launch.subnet else None
    if launch.subnet and subnet is None:
        yield f"there is no subnet {launch.subnet} in this account and Region"
    for group in launch.security_groups or ():
        if (vpc := networks.groups.get(group)) is None:
            yield f"there is no security group {group} in this account and Region"
        elif subnet and vpc != subnet.vpc:
            yield f"{group} is a security group of {vpc}, and {launch.subnet} is in {subnet.vpc}"
    if subnet is None:
        return
    if launch.instance_type and launch.instance_type not in networks.offered.get(subnet.zone, ()):
        yield f"EC2 does not offer {launch.instance_type} in {subnet.zone}, the zone of {launch.subnet}"
    if launch.private_ip and (problem := _of_address(server, launch, subnet, networks, facts)):
        yield problem


def _of_address(
    server: ServerFacts, launch: ServerLaunch, subnet: Subnet, networks: Networks, facts: Facts
) -> str | None:
    address, place = launch.private_ip, f"{launch.subnet} ({subnet.cidr})"
    if address not in subnet.cidr:
        return f"{address} is outside {place}"
    if address in {subnet.cidr[number] for number in RESERVED}:
        return f"{address} is one of AWS's own in {place}"
    key = (str(launch.subnet), str(address))
    if key not in networks.taken or networks.taken[key] in facts.instances_of(server):
        return None
    return f"{address} of {place} is taken by {networks.taken[key] or 'an interface'}"
