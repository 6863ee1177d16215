"""Starts that must not be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos.tampered.honest import approved_by_two, at, cleared, job, start
from tests.chaos.tampered.tampering import breaks

if TYPE_CHECKING:
    from tests.chaos.evidence import Evidence


@breaks("no second start", "Wave1, attempt 1, batch 0 was started 2 times: job-1, job-9")
def second_job(evidence: Evidence) -> None:
    evidence.starts.append(start(1, job="job-9"))


@breaks("no second start", "s-1 is in 2 jobs of attempt 1")
def server_in_two_batches(evidence: Evidence) -> None:
    evidence.starts.append(start(1, job="job-9", batch="1"))


@breaks(
    "no start before its gate",
    "Wave1, attempt 1, was started at 2026-01-01 12:01:43+00:00; "
    "1 must approve, and did: alice at 2026-01-01 12:01:44+00:00",
)
def started_before_approval(evidence: Evidence) -> None:
    evidence.starts[1]["time"] = at(103)


@breaks(
    "no start before its gate",
    "Wave1, attempt 1, was started at 2026-01-01 12:01:50+00:00, and the trail has no approval before",
)
def no_approval_in_the_trail(evidence: Evidence) -> None:
    evidence.items.pop(1)


@breaks(
    "no start before its gate",
    "Wave1, attempt 1, was started at 2026-01-01 12:01:50+00:00; 1 must approve, and did: nobody",
)
def approval_of_nobody(evidence: Evidence) -> None:
    evidence.runs[0].approved.clear()


@breaks("no start before its gate", "Wave1 was started without an approval on record: None")
def no_approval_in_the_record(evidence: Evidence) -> None:
    del evidence.items[0]["waves"][1]["approval"]


@breaks(
    "no start before its gate",
    "Wave1 was started at 2026-01-01 12:01:50+00:00, "
    "but Wave0, which it depends on, is COMPLETED at 2026-01-01T12:01:55.000000Z",
)
def started_before_the_wave_it_depends_on(evidence: Evidence) -> None:
    for item in (evidence.items[0], evidence.runs[0].seen[0][1]):
        item["waves"][0]["endTime"] = at(115)


@breaks(
    "no start before its gate",
    "Wave1 was started at 2026-01-01 12:01:50+00:00, "
    "but Wave0, which it depends on, is FAILED at 2026-01-01T12:01:00.000000Z",
)
def started_after_a_failed_wave(evidence: Evidence) -> None:
    for item in (evidence.items[0], evidence.runs[0].seen[0][1]):
        item["status"] = item["waves"][0]["status"] = "FAILED"


@breaks("no second start", "job-2 starts s-1, which job-1 had launched")
def launched_server_in_the_next_attempt(evidence: Evidence) -> None:
    cleared(evidence)
    evidence.jobs[1] = job(1)


@breaks(
    "no start before its gate",
    "Wave1, attempt 2, was started at 2026-01-01 12:02:22+00:00; "
    "1 must approve, and did: alice at 2026-01-01 12:01:44+00:00",
)
def second_attempt_on_the_first_approval(evidence: Evidence) -> None:
    cleared(evidence)
    evidence.runs[0].approved["Wave1"].pop()


@breaks(
    "no start before its gate",
    "Wave1, attempt 2, was started at 2026-01-01 12:02:22+00:00, and the trail has no approval before",
)
def second_attempt_without_an_approval_in_the_trail(evidence: Evidence) -> None:
    cleared(evidence)
    evidence.items.pop()


@breaks(
    "no start before its gate",
    "Wave1, attempt 1, was started at 2026-01-01 12:01:50+00:00; "
    "2 must approve, and did: alice at 2026-01-01 12:01:44+00:00",
)
def approval_of_one_where_two_must(evidence: Evidence) -> None:
    evidence.runs[0].waves[1]["people"] = 2


@breaks("no start before its gate", "Wave1, attempt 1, was started; on record as approvers: alice")
def second_approval_not_on_record(evidence: Evidence) -> None:
    approved_by_two(evidence)
    evidence.items.pop()
