"""Checks of the source servers themselves: whether there is something to launch, and how old it is."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from drs_recovery.engine.launchable import replicates_back
from drs_recovery.tasks.preflight.facts import Problem
from drs_recovery.tasks.preflight.words import named
from drs_recovery.text.durations import compact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import timedelta

    from drs_recovery.tasks.preflight.facts import Facts, ServerFacts

WITHOUT_DATA = frozenset({"STOPPED", "INITIATING", "INITIAL_SYNC"})
"""States in which DRS has no recovery point: none yet, or deleted when the replication was stopped."""

OLD_DATA = frozenset({"CREATING_SNAPSHOT", "PAUSED", "STALLED", "DISCONNECTED"})
"""States before the first recovery point or long after it: only a lag shows that there are data."""

READY = "CONTINUOUS"


def check_servers(facts: Facts) -> Iterator[Problem]:
    """Yield source servers that DRS can launch from nothing, and those that it does not know.

    They only warn where their waves meet their policies without them.
    """
    spared = _spared(facts)
    unknown = [server for server in facts.all_servers if not server.server.known]
    for servers, warns in _parted(unknown, spared):
        there = f"it knows {facts.fleet} in this account and Region"
        yield Problem("servers", f"DRS knows no source server {named(servers)}; {there}", warns=warns)
    without = (server for server in facts.all_servers if server.server.known and not _has_data(server))
    for state, found in _by_state(without):
        lost = state not in WITHOUT_DATA
        why = f"replication is {state}" + (", and DRS tells no lag" if lost else "")
        for servers, warns in _parted(found, spared):
            yield Problem("servers", f"no data to launch, {why}: {named(servers)}", warns=warns)
    for misfit in facts.misfits:
        yield Problem("servers", misfit)


def check_replication(facts: Facts) -> Iterator[Problem]:
    """Yield source servers whose data are not as good as now, be it that DRS does not say."""
    known = (server for server in facts.all_servers if server.server.known)
    late = (server for server in known if server.state != READY and _has_data(server))
    for state, servers in _by_state(late):
        yield Problem(
            "replication", f"replication is {state or 'in no state that DRS tells'}: {named(servers)}"
        )


def check_direction(facts: Facts) -> Iterator[Problem]:
    """Yield source servers that replicate back: no start ever names them.

    They only warn where their waves meet their policies without them.
    """
    spared = _spared(facts)
    for back, warns in _parted((one for one in facts.all_servers if replicates_back(one.direction)), spared):
        way = " and ".join(sorted({str(server.direction) for server in back}))
        text = f"replicates in the direction {way}, not FAILOVER: {named(back)}"
        yield Problem("direction", text, warns=warns)


def check_lag(facts: Facts, rpo: timedelta | None) -> Iterator[Problem]:
    """Yield source servers that miss the RPO, and those of which nobody knows; without an RPO none."""
    if rpo is None:
        return
    lags = [(server, server.lag) for server in facts.all_servers if server.lag is not None]
    if late := [(server, lag) for server, lag in lags if lag > rpo]:
        message = named((server for server, _ in late), [f"lags {compact(lag)}" for _, lag in late])
        yield Problem("lag", f"above the RPO of {compact(rpo)}: {message}")
    if unwritten := [server for server in facts.all_servers if server.server.known and server.lag is None]:
        message = f"nobody knows whether the RPO of {compact(rpo)} is met"
        yield Problem("lag", f"DRS tells no lag, {message}: {named(unwritten)}")


def _has_data(server: ServerFacts) -> bool:
    if server.state in WITHOUT_DATA:
        return False
    return server.state not in OLD_DATA or server.lag is not None


def _can_launch(server: ServerFacts) -> bool:
    return server.server.known and _has_data(server) and not replicates_back(server.direction)


def _spared(facts: Facts) -> set[str]:
    """Return the servers of waves that meet their policies with those that can be launched."""
    spared: set[str] = set()
    for servers, policy in facts.waves:
        ids = {server.server.source_server_id for server in servers}
        if policy.met_by(ids, {one.server.source_server_id for one in servers if _can_launch(one)}):
            spared |= ids
    return spared


def _parted(servers: Iterable[ServerFacts], spared: set[str]) -> list[tuple[list[ServerFacts], bool]]:
    """Return servers that are needed, then those that are not, each part with whether it only warns."""
    known = list(servers)
    parts = [
        ([one for one in known if (one.server.source_server_id in spared) is w], w) for w in (False, True)
    ]
    return [(part, warns) for part, warns in parts if part]


def _by_state(servers: Iterable[ServerFacts]) -> list[tuple[str | None, list[ServerFacts]]]:
    states: dict[str | None, list[ServerFacts]] = defaultdict(list)
    for server in servers:
        states[server.state].append(server)
    return list(states.items())
