"""Whether there is a recovery snapshot of each server whose latest data are not wanted, and how old it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.engine.readiness.facts import Finding, named
from drs_recovery.text.durations import compact
from drs_recovery.text.lists import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.engine.readiness.facts import Facts
    from drs_recovery.plan import Plan


def check(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Yield servers without such a snapshot, snapshots of servers of no wave, and data older than the RPO.

    Servers only warn where their waves meet their policies without them; that data are old, which somebody
    wants, always only warns.
    """
    if facts.points_of_others:
        others = listed(facts.points_of_others)
        yield Finding(f"recovery_points names what no wave of this plan launches: {others}")
    lacking = [one for one in facts.known_servers if one.point and one.point.snapshot is None]
    error = next((one.point.error for one in lacking if one.point and one.point.error), None)
    for servers, spared in facts.by_need(lacking):
        points = [one.point for one in servers if one.point]
        remarks = [f"{point.problem} (wanted: {point.wanted})" for point in points]
        message = f"no recovery snapshot that is wanted, and no other is launched: {named(servers, remarks)}"
        yield Finding(message, error, warns=spared)
    ages = [(one, one.point.age) for one in facts.known_servers if one.point and one.point.age]
    if plan.rpo and (old := [(one, age) for one, age in ages if age > plan.rpo]):
        message = named((one for one, _ in old), [f"{compact(age)} old" for _, age in old])
        yield Finding(f"the chosen data are above the RPO of {compact(plan.rpo)}: {message}", warns=True)
