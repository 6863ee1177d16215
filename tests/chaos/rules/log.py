"""Whether the evidence itself is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.evidence import Evidence


def unlogged(evidence: Evidence) -> Iterator[str]:
    """Yield what makes the evidence itself incomplete."""
    logged = {start.get("jobID") for start in evidence.starts}
    known = {item["executionId"] for item in evidence.items if item["item"] == "EXECUTION"}
    of_runs = {execution["executionId"] for run in evidence.runs if (execution := evidence.execution(run))}
    for job in evidence.jobs:
        if job["type"] != "LAUNCH":
            continue
        if job["jobID"] not in logged:
            yield f"{job['jobID']} was made, but its StartRecovery is not in the log"
        if (mine := job.get("tags", {}).get("recovery:execution")) not in known & of_runs:
            yield f"{job['jobID']} belongs to execution {mine}, which no run is on record for"
    jobs = {job["jobID"] for job in evidence.jobs}
    for instance in evidence.instances:
        if instance["jobID"] not in jobs:
            yield f"{instance['recoveryInstanceID']} is of {instance['jobID']}, a job that DRS does not show"
    terminations = {call.get("jobID") for call in evidence.called("TerminateRecoveryInstances")}
    for job in evidence.jobs:
        if job["type"] == "TERMINATE" and job["jobID"] not in terminations:
            yield f"{job['jobID']} was made, but its TerminateRecoveryInstances is not in the log"
