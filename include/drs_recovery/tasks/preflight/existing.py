"""Checks of what is there already: jobs that hold the servers, and instances that a launch would replace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.aws.utils.drs import is_gone
from drs_recovery.engine.jobs import job_text, servers_of
from drs_recovery.tasks.preflight.facts import Problem, Unknown
from drs_recovery.text.lists import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_drs.type_defs import RecoveryInstanceTypeDef

    from drs_recovery.plan import SourceServer
    from drs_recovery.tasks.preflight.facts import Facts


def check_active_jobs(facts: Facts) -> Iterator[Problem]:
    """Yield the jobs that run and hold a source server: its own would be a Conflict until they end (R-02)."""
    if isinstance(facts.jobs, Unknown):
        yield Problem("active_jobs", str(facts.jobs), facts.jobs.error)
        return
    for job in facts.jobs:
        ids = servers_of(job)
        if held := [facts.server for facts in facts.all_servers if facts.server.source_server_id in ids]:
            yield Problem("active_jobs", f"{job_text(job)} runs, and holds {listed(map(str, held))}")


def check_recovery_instances(facts: Facts) -> Iterator[Problem]:
    """Yield the recovery instances that a launch replaces (R-14), and those over which there is none."""
    if isinstance(facts.instances, Unknown):
        yield Problem("recovery_instances", str(facts.instances), facts.instances.error)
        return
    there = [item for item in facts.instances if not is_gone(item)]
    names = {known.server.source_server_id: known.server for known in facts.all_servers}
    if drills := [item for item in there if item.get("isDrill") is True]:
        yield Problem("recovery_instances", f"a launch replaces these of drills: {_message(drills, names)}")
    if real := [item for item in there if item.get("isDrill") is not True]:
        says = "real ones, over which nothing is launched unless `replace_recovered` says so"
        yield Problem("recovery_instances", f"{says}: {_message(real, names)}")
    if gone := [item for item in facts.instances if item.get("isDrill") is not True and is_gone(item)]:
        says = "DRS still lists real ones that EC2 has terminated; they are in nobody's way"
        yield Problem("recovery_instances", f"{says}: {_message(gone, names)}", warns=True)


def _message(instances: Iterable[RecoveryInstanceTypeDef], names: dict[str, SourceServer]) -> str:
    return listed(
        f"{item.get('recoveryInstanceID', 'one without id')} of {names.get(of, of)}"
        for item in instances
        for of in [item.get("sourceServerID", "an unknown server")]
    )
