"""The checks before a start: each a function of a plan and of facts, all their problems reported at once.

The facts are of one place, an account and a Region; each check looks at every place that the plan leads to.

What a check finds blocks the execution or warns, as the plan says. A new check is a module here, a line in
``CHECKS`` and its key in the plan's ``preflight``. That no StartRecovery names a server with a real recovery
instance is no check: it is looked up right before each call, and always holds
(``drs_recovery.engine.real_instances``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from drs_recovery.engine.readiness import (
    active_jobs,
    connection,
    direction,
    drill_network,
    lag,
    launch,
    overlap,
    quotas,
    recovery_instances,
    recovery_points,
    replication,
    rights,
    servers,
)
from drs_recovery.record.parts import Lag, PreflightWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from drs_recovery.engine.readiness.facts import Facts, Finding
    from drs_recovery.plan import Plan

CHECKS: Mapping[str, Callable[[Plan, Facts], Iterator[Finding]]] = {
    "servers": servers.check,
    "replication": replication.check,
    "direction": direction.check,
    "recovery_points": recovery_points.check,
    "lag": lag.check,
    "active_jobs": active_jobs.check,
    "recovery_instances": recovery_instances.check,
    "quotas": quotas.check,
    "launch": launch.check,
    "drill_network": drill_network.check,
    "overlap": overlap.check,
    "rights": rights.check,
    "connection": connection.check,
}
"""The checks by their keys in a plan's ``preflight``, in the order in which their problems are reported."""


class Problem(NamedTuple):
    """What a check found; ``error`` is why it could not look: such a check does not pass either (A-3)."""

    check: str
    message: str
    error: Exception | None = None

    def __str__(self) -> str:
        return f"{self.check}: {self.message}"


@dataclass(frozen=True)
class Report:
    """What the checks found: problems that keep the execution from starting, and those that only warn."""

    blocking: tuple[Problem, ...]
    warning: tuple[Problem, ...]
    lag: Lag

    @property
    def warnings(self) -> tuple[PreflightWarning, ...]:
        """The warnings, as the record holds them."""
        return tuple(PreflightWarning(check=one.check, message=one.message) for one in self.warning)

    def __str__(self) -> str:
        found = [f"blocked: {problem}" for problem in self.blocking]
        found += [f"warned: {problem}" for problem in self.warning]
        return "\n".join(found) or "no check found a problem"


def report(plan: Plan, places: Sequence[Facts], *, drill: bool) -> Report:
    """Return what the checks find in each place, as the plan takes it for a DRILL or a RECOVERY."""
    blocking: list[Problem] = []
    warning: list[Problem] = []
    for name, check in CHECKS.items():
        blocks = plan.preflight.blocks(name, drill=drill)
        for facts in places:
            where = f"{facts}: " if len(places) > 1 else ""
            for finding in check(plan, facts):
                problems = blocking if blocks and not finding.warns else warning
                problems.append(Problem(name, f"{where}{finding.message}", finding.error))
    return Report(tuple(blocking), tuple(warning), lag.worst(places))
