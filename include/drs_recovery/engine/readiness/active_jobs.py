"""Whether DRS jobs that run hold the source servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.engine.jobs import job_text, servers_of
from drs_recovery.engine.readiness.facts import Finding, Unknown
from drs_recovery.text.lists import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.engine.readiness.facts import Facts
    from drs_recovery.plan import Plan


def check(_: Plan, facts: Facts) -> Iterator[Finding]:
    """Yield the jobs that run and hold a source server: its own would be a Conflict until they end (R-02)."""
    if isinstance(facts.jobs, Unknown):
        yield facts.jobs.finding
        return
    for job in facts.jobs:
        ids = servers_of(job)
        if held := [server for server in facts.all_servers if server.server.source_server_id in ids]:
            yield Finding(f"{job_text(job)} runs, and holds {listed(str(each.server) for each in held)}")
