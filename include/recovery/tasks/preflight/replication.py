"""Checks of the source servers themselves: whether there is something to launch, and how old it is."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from recovery.tasks.preflight.facts import Problem
from recovery.tasks.preflight.words import named
from recovery.text.durations import brief

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import timedelta

    from recovery.tasks.preflight.facts import Facts, ServerFacts

WITHOUT_DATA = frozenset({"STOPPED", "INITIATING", "INITIAL_SYNC"})
"""States in which DRS has no recovery point: none yet, or deleted when the replication was stopped."""

OLD_DATA = frozenset({"CREATING_SNAPSHOT", "PAUSED", "STALLED", "DISCONNECTED"})
"""States before the first recovery point or long after it: only a lag shows that there are data."""

READY = "CONTINUOUS"


def check_servers(facts: Facts) -> Iterator[Problem]:
    """Yield source servers that DRS can launch from nothing."""
    for state, servers in _by_state(server for server in facts.all_servers if not _has_data(server)):
        lost = state not in WITHOUT_DATA
        why = f"replication is {state}" + (", and DRS tells no lag" if lost else "")
        yield Problem("servers", f"no data to launch, {why}: {named(servers)}")


def check_replication(facts: Facts) -> Iterator[Problem]:
    """Yield source servers whose data are not as good as now, be it that DRS does not say."""
    late = (server for server in facts.all_servers if server.state != READY and _has_data(server))
    for state, servers in _by_state(late):
        yield Problem(
            "replication", f"replication is {state or 'in no state that DRS tells'}: {named(servers)}"
        )


def check_direction(facts: Facts) -> Iterator[Problem]:
    """Yield source servers that replicate back; a direction that DRS does not tell is the usual one."""
    back = [server for server in facts.all_servers if server.direction not in {None, "FAILOVER"}]
    if back:
        way = " and ".join(sorted({str(server.direction) for server in back}))
        yield Problem("direction", f"replicates in the direction {way}, not FAILOVER: {named(back)}")


def check_lag(facts: Facts, rpo: timedelta | None) -> Iterator[Problem]:
    """Yield source servers that miss the RPO, and those of which nobody knows; without an RPO none."""
    if rpo is None:
        return
    lags = [(server, server.lag) for server in facts.all_servers if server.lag is not None]
    if late := [(server, lag) for server, lag in lags if lag > rpo]:
        told = named((server for server, _ in late), [f"lags {brief(lag)}" for _, lag in late])
        yield Problem("lag", f"above the RPO of {brief(rpo)}: {told}")
    if untold := [server for server in facts.all_servers if server.lag is None]:
        told = f"nobody knows whether the RPO of {brief(rpo)} is met"
        yield Problem("lag", f"DRS tells no lag, {told}: {named(untold)}")


def _has_data(server: ServerFacts) -> bool:
    if server.state in WITHOUT_DATA:
        return False
    return server.state not in OLD_DATA or server.lag is not None


def _by_state(servers: Iterable[ServerFacts]) -> list[tuple[str | None, list[ServerFacts]]]:
    states: dict[str | None, list[ServerFacts]] = defaultdict(list)
    for server in servers:
        states[server.state].append(server)
    return list(states.items())
