"""Whether the data are as new as the plan's RPO demands."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from drs_recovery.engine.readiness.facts import Finding, named
from drs_recovery.record.parts import Lag
from drs_recovery.text.durations import compact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from drs_recovery.engine.readiness.facts import Facts
    from drs_recovery.plan import Plan


def check(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Yield source servers that miss the RPO, and those whose lag nobody knows; without an RPO none.

    Those that are launched from a chosen recovery point do not depend on it.
    """
    if plan.rpo is None:
        return
    rpo = compact(plan.rpo)
    to_latest = [server for server in facts.known_servers if server.point is None]
    lags = [(server, server.lag) for server in to_latest if server.lag is not None]
    if late := [(server, lag) for server, lag in lags if lag > plan.rpo]:
        message = named((server for server, _ in late), [f"lags {compact(lag)}" for _, lag in late])
        yield Finding(f"above the RPO of {rpo}: {message}")
    if unknown := [server for server in to_latest if server.lag is None]:
        yield Finding(f"DRS gives no lag, nobody knows whether the RPO of {rpo} is met: {named(unknown)}")


def worst(places: Iterable[Facts]) -> Lag:
    """Return how old the data are: the worst lag that DRS gives, in whole seconds, rounded up.

    Of a chosen recovery point it is its age; a server without the one that is wanted is not launched.
    """
    known_servers = (one for facts in places for one in facts.known_servers)
    launched = [one for one in known_servers if one.point is None or one.point.snapshot]
    lags = [server.point.age if server.point else server.lag for server in launched]
    known = max((lag for lag in lags if lag is not None), default=None)
    return Lag(
        seconds=None if known is None else -(-known // timedelta(seconds=1)),
        unknown=lags.count(None),
    )
