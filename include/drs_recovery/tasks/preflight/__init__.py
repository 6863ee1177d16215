"""The checks before anything is launched: pure functions of a plan and of facts, all problems told at once.

What a check finds blocks the execution or warns, as the plan says. That no StartRecovery names a server with
a real recovery instance is none of them: it is asked right before each call, and always holds
(``drs_recovery.engine.real_instances``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from drs_recovery.record.models import Lag, PreflightWarning
from drs_recovery.tasks.preflight.connection import check_connection
from drs_recovery.tasks.preflight.existing import check_active_jobs, check_recovery_instances
from drs_recovery.tasks.preflight.quotas import check_quotas
from drs_recovery.tasks.preflight.replication import (
    check_direction,
    check_lag,
    check_replication,
    check_servers,
)
from drs_recovery.tasks.preflight.rights import check_rights

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.plan import Plan
    from drs_recovery.tasks.preflight.facts import Facts, Problem


@dataclass(frozen=True)
class Report:
    """What the checks found: problems that keep the execution from starting, and those that only warn."""

    blocking: tuple[Problem, ...]
    warning: tuple[Problem, ...]
    lag: Lag

    @property
    def warnings(self) -> tuple[PreflightWarning, ...]:
        """The warnings, as the record holds them."""
        return tuple(
            PreflightWarning(check=problem.check, message=problem.message) for problem in self.warning
        )

    def __str__(self) -> str:
        found = [f"blocked: {problem}" for problem in self.blocking]
        found += [f"warned: {problem}" for problem in self.warning]
        return "\n".join(found) or "no check found a problem"


def report(plan: Plan, facts: Facts, *, drill: bool) -> Report:
    """Return what the checks find, as the plan takes it for a DRILL or a RECOVERY."""
    problems = list(_problems(plan, facts))
    blocks = [not problem.warns and plan.preflight.blocks(problem.check, drill=drill) for problem in problems]
    return Report(
        blocking=tuple(problem for problem, block in zip(problems, blocks, strict=True) if block),
        warning=tuple(problem for problem, block in zip(problems, blocks, strict=True) if not block),
        lag=_lag(facts),
    )


def _problems(plan: Plan, facts: Facts) -> Iterator[Problem]:
    yield from check_servers(facts)
    yield from check_replication(facts)
    yield from check_direction(facts)
    yield from check_lag(facts, plan.rpo)
    yield from check_active_jobs(facts)
    yield from check_recovery_instances(facts)
    yield from check_quotas(plan, facts)
    yield from check_rights(facts)
    yield from check_connection(facts.connection)


def _lag(facts: Facts) -> Lag:
    """Return how old the data are: the worst lag that DRS tells, in whole seconds, rounded up."""
    there = [server for server in facts.all_servers if server.server.known]
    known = [server.lag for server in there if server.lag is not None]
    worst = max(known, default=None)
    return Lag(
        seconds=None if worst is None else -(-worst // timedelta(seconds=1)),
        unknown=sum(server.lag is None for server in there),
    )
