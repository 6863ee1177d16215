"""Whether what may run together fits into the quotas of DRS, beside what runs already."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from drs_recovery.engine.jobs import servers_of
from drs_recovery.engine.parting import SERVERS_IN_JOB as IN_ONE_JOB
from drs_recovery.engine.parting import SERVERS_PER_JOB
from drs_recovery.engine.readiness.facts import Finding, Unknown
from drs_recovery.plan import heaviest_together
from drs_recovery.text.lists import listed, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from drs_recovery.engine.readiness.facts import Facts
    from drs_recovery.plan import Plan


class Quota(NamedTuple):
    """A quota of DRS, with the value that AWS publishes: none of these can be raised."""

    code: str
    name: str
    published: int


JOBS = Quota("L-D88FAC3A", "concurrent jobs in progress", 20)
SERVERS_IN_JOB = Quota(IN_ONE_JOB, "source servers in one job", 100)
SERVERS_IN_ALL_JOBS = Quota("L-05AFA8C6", "source servers in all jobs", 500)
QUOTAS = (JOBS, SERVERS_IN_JOB, SERVERS_IN_ALL_JOBS)


def check(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Yield what could not be asked, and quotas that the waves which may run together exceed (A-2)."""
    if isinstance(facts.quotas, Unknown):
        values = ", ".join(f"{quota.published} {quota.name}" for quota in QUOTAS)
        message = f"{facts.quotas}; taken are the values that AWS publishes: {values}"
        yield Finding(message, facts.quotas.error)
    if isinstance(facts.jobs, Unknown):
        yield Finding(f"how much runs already is not known: {facts.jobs}", facts.jobs.error)
    known = {} if isinstance(facts.quotas, Unknown) else facts.quotas
    counts = [sum(server.known for server in servers) for servers in facts.servers]
    running = () if isinstance(facts.jobs, Unknown) else facts.jobs
    yield from _one_job(plan, counts, known)
    jobs = [-(-count // SERVERS_PER_JOB) for count in counts]
    yield from _together(plan, JOBS, jobs, len(running), known)
    yield from _together(plan, SERVERS_IN_ALL_JOBS, counts, sum(map(len, map(servers_of, running))), known)


def _one_job(plan: Plan, counts: list[int], known: Mapping[str, float]) -> Iterator[Finding]:
    limit = _value(SERVERS_IN_JOB, known)
    large = [
        f"{quoted(wave.name)} {min(count, SERVERS_PER_JOB)}"
        for wave, count in zip(plan.waves, counts, strict=True)
        if min(count, SERVERS_PER_JOB) > limit
    ]
    if large:
        yield Finding(f"{_named(SERVERS_IN_JOB, limit, known)}; jobs of waves have {listed(large)}")


def _together(
    plan: Plan, quota: Quota, weights: list[int], running: int, known: Mapping[str, float]
) -> Iterator[Finding]:
    limit = _value(quota, known)
    waves = heaviest_together(plan.dependencies, weights)
    needed = sum(weights[number] for number in waves)
    if needed + running > limit:
        names = listed(quoted(plan.waves[number].name) for number in waves)
        message = (
            f"{names} may run together and need {needed}" if len(waves) > 1 else f"{names} needs {needed}"
        )
        beside = f", beside {running} now" if running else ""
        yield Finding(f"{_named(quota, limit, known)}; {message}{beside}")


def _value(quota: Quota, known: Mapping[str, float]) -> float:
    return known.get(quota.code, quota.published)


def _named(quota: Quota, limit: float, known: Mapping[str, float]) -> str:
    source = "" if quota.code in known else ", as AWS publishes it"
    return f"the quota of {quota.name} ({quota.code}{source}) is {limit:g}"
