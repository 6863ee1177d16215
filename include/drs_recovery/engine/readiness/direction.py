"""Whether the source servers replicate to the plan's Region, and not back to where they came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.engine.launchable import replicates_back
from drs_recovery.engine.readiness.facts import Finding, named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.engine.readiness.facts import Facts
    from drs_recovery.plan import Plan


def check(_: Plan, facts: Facts) -> Iterator[Finding]:
    """Yield source servers that replicate back: no start ever names them.

    They only warn where their waves meet their policies without them.
    """
    back = (server for server in facts.all_servers if replicates_back(server.direction))
    for servers, spared in facts.by_need(back):
        way = " and ".join(sorted({str(server.direction) for server in servers}))
        yield Finding(f"replicates in the direction {way}, not FAILOVER: {named(servers)}", warns=spared)
