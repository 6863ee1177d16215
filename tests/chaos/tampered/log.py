"""What the log of requests must hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos.tampered.tampering import breaks

if TYPE_CHECKING:
    from tests.chaos.evidence import Evidence


@breaks("log of requests", "job-1 was made, but its StartRecovery is not in the log")
def start_not_in_the_log(evidence: Evidence) -> None:
    evidence.starts.pop()


@breaks("log of requests", "job-1 belongs to execution e-2, which no run is on record for")
def job_of_no_execution(evidence: Evidence) -> None:
    evidence.jobs[1]["tags"] = evidence.starts[1]["parameters"]["tags"] | {"recovery:execution": "e-2"}


@breaks("log of requests", "i-0 is of job-9, a job that DRS does not show")
def instance_of_no_job(evidence: Evidence) -> None:
    unknown = {"recoveryInstanceID": "i-0", "jobID": "job-9", "ec2InstanceState": "RUNNING"}
    evidence.instances.append(unknown)


@breaks("log of requests", "job-t was made, but its TerminateRecoveryInstances is not in the log")
def termination_not_in_the_log(evidence: Evidence) -> None:
    evidence.calls.clear()
