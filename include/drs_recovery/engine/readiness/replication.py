"""Whether the data of the source servers are as good as now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.engine.readiness.facts import Finding, by_state, named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.engine.readiness.facts import Facts
    from drs_recovery.plan import Plan

READY = "CONTINUOUS"


def check(_: Plan, facts: Facts) -> Iterator[Finding]:
    """Yield source servers with data whose replication is not CONTINUOUS, or in no state that DRS gives."""
    late = (server for server in facts.known_servers if server.state != READY and server.has_data)
    for state, servers in by_state(late):
        yield Finding(f"replication is {state or 'in no state that DRS gives'}: {named(servers)}")
