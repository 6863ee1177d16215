"""Whether a drill is launched into a network of its own, from which nothing leads out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.engine.readiness.facts import Finding, Unknown
from drs_recovery.text.lists import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.engine.readiness.facts import Facts
    from drs_recovery.plan import Plan


def check(_: Plan, facts: Facts) -> Iterator[Finding]:
    """Yield subnets of a drill that a recovery is launched into as well, and routes that lead out of them.

    Of a plan that names no subnet nothing is known. What cannot be asked for, the check `launch` reports.
    """
    if not facts.drill or isinstance(facts.networks, Unknown):
        return
    servers = [one for one in facts.known_servers if one.launch and one.launch.subnet]
    shared = {one.launch.subnet for one in servers if one.launch and one.launch.subnet == one.recovery_subnet}
    for subnet in sorted(filter(None, shared)):
        yield Finding(f"a drill is launched into {subnet}, the subnet of a recovery")
    for subnet in sorted({one.launch.subnet for one in servers if one.launch and one.launch.subnet} - shared):
        if subnet in facts.networks.subnets and (ways := facts.networks.subnets[subnet].routes):
            yield Finding(f"routes lead out of {subnet}, into which a drill is launched: {listed(ways)}")
