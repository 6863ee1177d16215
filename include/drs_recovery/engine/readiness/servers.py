"""Whether there is something to launch: DRS knows the source servers, and has data of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.engine.readiness.facts import WITHOUT_DATA, Finding, Unknown, by_state, named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.engine.readiness.facts import Facts
    from drs_recovery.plan import Plan


def check(_: Plan, facts: Facts) -> Iterator[Finding]:
    """Yield source servers that DRS does not know, those without data, and policies that fit no servers.

    Servers only warn where their waves meet their policies without them.
    """
    if isinstance(facts.fleet, Unknown):
        yield facts.fleet.finding
        return
    there = f"it knows {facts.fleet} in this account and Region"
    for servers, spared in facts.by_need(server for server in facts.all_servers if not server.known):
        yield Finding(f"DRS knows no source server {named(servers)}; {there}", warns=spared)
    for state, found in by_state(server for server in facts.known_servers if not server.has_data):
        why = f"replication is {state}" + ("" if state in WITHOUT_DATA else ", and DRS gives no lag")
        for servers, spared in facts.by_need(found):
            yield Finding(f"no data to launch, {why}: {named(servers)}", warns=spared)
    for misfit in facts.misfits:
        yield Finding(misfit)
