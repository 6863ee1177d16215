"""Launches that nobody tells, and losses that must not be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos.tampered.honest import at, failed, recovered_before, terminated_in_ec2
from tests.chaos.tampered.tampering import breaks

if TYPE_CHECKING:
    from tests.chaos.evidence import Evidence


@breaks("every instance on record", "job-1 of Wave1 is not on record")
def job_off_the_record(evidence: Evidence) -> None:
    evidence.items[0]["waves"][1]["jobIds"] = []


@breaks("every instance on record", "s-1 is i-1, on record is ('LAUNCHED', None)")
def instance_off_the_record(evidence: Evidence) -> None:
    del evidence.items[3]["recoveryInstanceId"]


@breaks("every instance on record", "s-1 was launched by job-1, on record is job-0")
def another_jobs_instance(evidence: Evidence) -> None:
    evidence.items[3]["jobId"] = "job-0"


@breaks("launched, or says why", "Wave0 is COMPLETED with 1 of 2 servers launched and well")
def completed_wave_without_a_server(evidence: Evidence) -> None:
    evidence.runs[0].waves[0]["servers"].append("s-5")


@breaks("launched, or says why", "Wave0 is PARTIAL with 1 of 3 servers launched and well, 2 are demanded")
def partial_below_the_minimum(evidence: Evidence) -> None:
    evidence.items[0]["status"] = evidence.items[0]["waves"][0]["status"] = "PARTIAL"
    evidence.runs[0].waves[0] |= {"servers": ["s-0", "s-5", "s-6"], "minimum": 2}


@breaks("launched, or says why", "Wave0 is PARTIAL with 1 of 1 servers launched and well, 1 are demanded")
def partial_with_all_servers(evidence: Evidence) -> None:
    evidence.items[0]["status"] = evidence.items[0]["waves"][0]["status"] = "PARTIAL"


@breaks(
    "launched, or says why",
    "Wave0 is FAILED with 1 of 1 servers launched and well, 1 are demanded, and no word on why",
)
def failed_with_enough_servers(evidence: Evidence) -> None:
    evidence.items[0]["status"] = evidence.items[0]["waves"][0]["status"] = "FAILED"


@breaks("launched, or says why", "s-1 of Wave1 was not launched: FAILED is on record, and no reason")
def not_launched_without_a_word(evidence: Evidence) -> None:
    failed(evidence)


@breaks("launched, or says why", "s-5 of Wave1 never started, because s-1 is gone from DRS")
def left_behind_by_a_deleted_server(evidence: Evidence) -> None:
    failed(evidence, error="it is gone")
    evidence.items[0]["waves"][1]["failure"] = "ValidationException: s-1"
    evidence.runs[0].waves[1]["servers"].append("s-5")
    deletion = {"operation": "DeleteSourceServer", "parameters": {"sourceServerID": "s-1"}}
    evidence.calls.append(deletion | {"time": at(102)})


@breaks("launched, or says why", "s-5 of Wave0 never started, because s-0 has i-real")
def left_behind_by_a_real_instance(evidence: Evidence) -> None:
    recovered_before(evidence)
    evidence.runs[0].probe = True
    evidence.runs[0].waves[0]["servers"].append("s-5")
    evidence.items[0]["status"] = evidence.items[0]["waves"][0]["status"] = "FAILED"
    evidence.items[0]["waves"][0]["failure"] = "none of its 2 servers launched: real ones"
    own = evidence.items[0]["executionId"]
    tags = [(start, start["parameters"]["tags"]) for start in evidence.starts]
    evidence.starts = [start for start, tag in tags if tag["recovery:execution"] != own]


@breaks("no real instance lost", "job-0 replaced i-real, the real recovery instance of s-0")
def drill_over_a_real_instance(evidence: Evidence) -> None:
    recovered_before(evidence)


@breaks("no real instance lost", "job-0 replaced i-real, the real recovery instance of s-0")
def drill_over_a_real_instance_that_was_terminated_later(evidence: Evidence) -> None:
    recovered_before(evidence)
    terminated_in_ec2(evidence, seconds=20)
