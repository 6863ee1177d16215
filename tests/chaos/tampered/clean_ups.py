"""Clean-ups that must not be."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.chaos.tampered.honest import BEGIN, at, cleared, termination
from tests.chaos.tampered.tampering import breaks

if TYPE_CHECKING:
    from tests.chaos.evidence import Evidence


@breaks("clean-ups take their own", "job-t terminated i-0, i-1, of a RECOVERY")
def recovery_cleaned_up(evidence: Evidence) -> None:
    evidence.items[0]["executionType"] = "RECOVERY"


@breaks("clean-ups take their own", "job-t terminated i-0, i-1 together with i-9, which are not this drill's")
def foreign_instance_cleaned_up(evidence: Evidence) -> None:
    evidence.calls[0] = termination(0, 1, 9)


@breaks(
    "clean-ups take their own",
    "job-t terminated i-0, i-1 before its execution had ended, or after it was opened again",
)
def cleaned_up_before_the_end(evidence: Evidence) -> None:
    evidence.calls[0]["time"] = at(179)


@breaks(
    "clean-ups take their own",
    "job-t terminated i-0, i-1, and its approver said yes at 2026-01-01 12:03:11+00:00",
)
def cleaned_up_before_the_approval(evidence: Evidence) -> None:
    evidence.runs[0].clean_up_approved = BEGIN + timedelta(seconds=191)


@breaks("clean-ups take their own", "job-t terminated i-0, i-1, and the trail has no approval before")
def clean_up_approved_off_the_trail(evidence: Evidence) -> None:
    evidence.items.pop()


@breaks("clean-ups take their own", "job-t terminated i-0, i-1, which nobody asked for")
def cleaned_up_though_nobody_asked(evidence: Evidence) -> None:
    evidence.runs[0].clean_up = "never"


@breaks("clean-ups come to an end", "a RECOVERY has a clean-up: {'status': 'DONE'}")
def recovery_with_a_clean_up(evidence: Evidence) -> None:
    evidence.items[0]["executionType"] = "RECOVERY"


@breaks("clean-ups come to an end", "its clean-up is TERMINATING 910 s after it was due")
def clean_up_never_ends(evidence: Evidence) -> None:
    evidence.items[0]["cleanup"]["status"] = "TERMINATING"
    evidence.items[0]["endTime"] = evidence.runs[0].seen[0][1]["endTime"] = at(90)


@breaks("clean-ups come to an end", "its clean-up is FAILED, and no word on why")
def clean_up_failed_without_a_word(evidence: Evidence) -> None:
    evidence.items[0]["cleanup"]["status"] = "FAILED"


@breaks("clean-ups come to an end", "its clean-up is DONE, and EC2 still has i-0")
def cleaned_up_with_an_instance_left(evidence: Evidence) -> None:
    left = {"recoveryInstanceID": "i-0", "jobID": "job-0", "ec2InstanceState": "STOPPED"}
    evidence.instances.append(left)


@breaks(
    "clean-ups take their own",
    "job-t terminated i-0, i-1 before its execution had ended, or after it was opened again",
)
def cleaned_up_while_it_was_open_again(evidence: Evidence) -> None:
    cleared(evidence)
    evidence.calls[0]["time"] = at(150)


@breaks(
    "clean-ups take their own",
    "job-t terminated i-0, i-1, and its approver said yes at 2026-01-01 12:02:12+00:00",
)
def cleaned_up_by_the_approval_of_an_earlier_end(evidence: Evidence) -> None:
    cleared(evidence)
    evidence.runs[0].clean_up_approved = BEGIN + timedelta(seconds=132)


@breaks("clean-ups take their own", "job-t terminated i-0, i-1, and the trail has no approval before")
def approval_in_the_trail_is_of_an_earlier_end(evidence: Evidence) -> None:
    cleared(evidence)
    evidence.items[5]["time"] = at(133)


@breaks("clean-ups take their own", "job-t terminated i-0, i-1, which nobody asked for")
def asked_for_after_an_earlier_end(evidence: Evidence) -> None:
    cleared(evidence)
    evidence.runs[0].clean_up = "never"
    evidence.runs[0].clean_up_asked = BEGIN + timedelta(seconds=132)
