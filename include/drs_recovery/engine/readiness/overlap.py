"""Whether other plans, or two groups, have the same source servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.engine.readiness.facts import Finding, Unknown
from drs_recovery.text.lists import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.engine.readiness.facts import Facts, ServerFacts
    from drs_recovery.plan import Plan


def check(_: Plan, facts: Facts) -> Iterator[Finding]:
    """Yield each other plan that launches servers of this one too, and the groups that share some of them."""
    if isinstance(facts.claimed, Unknown):
        yield facts.claimed.finding
        return
    groups: dict[tuple[str, ...], list[ServerFacts]] = {}
    for server in facts.all_servers:
        holders = [one.who for one in facts.claimed if one.of_group and _has(one.servers, server)]
        if len(holders) > 1:
            groups.setdefault(tuple(holders), []).append(server)
    for one in facts.claimed:
        if not one.of_group and (shared := [each for each in facts.all_servers if _has(one.servers, each)]):
            yield Finding(f"{one.who} launches these too: {listed(str(each.server) for each in shared)}")
    for names, servers in groups.items():
        yield Finding(f"{' and '.join(names)} both have {listed(str(each.server) for each in servers)}")


def _has(servers: frozenset[str], server: ServerFacts) -> bool:
    return server.server.source_server_id in servers
