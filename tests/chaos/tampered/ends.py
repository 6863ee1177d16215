"""Ends that must not be."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.chaos.tampered.honest import BEGIN, at, cleared, event, unfinished
from tests.chaos.tampered.tampering import breaks

if TYPE_CHECKING:
    from tests.chaos.evidence import Evidence


@breaks("no final status too early", "COMPLETED with 2 of 2 waves, running: Wave1 POLLING")
def completed_while_a_wave_runs(evidence: Evidence) -> None:
    evidence.runs[0].seen[0][1]["waves"][1]["status"] = "POLLING"


@breaks("no final status too early", "COMPLETED with 1 of 2 waves, running: none")
def completed_without_a_wave(evidence: Evidence) -> None:
    evidence.items[0]["waves"].pop()


@breaks("no final status too early", "COMPLETED, but DRS did not launch s-1")
def completed_though_drs_did_not_launch(evidence: Evidence) -> None:
    evidence.jobs[1]["participatingServers"][0]["launchStatus"] = "FAILED"


@breaks("no final status too early", "POLLING with endTime 2026-01-01T12:01:30.000000Z")
def end_time_before_the_end(evidence: Evidence) -> None:
    unfinished(evidence)
    evidence.items[0]["endTime"] = at(90)


@breaks("no final status too early", "its final record was changed later: outcome: None -> something else")
def final_record_changed(evidence: Evidence) -> None:
    evidence.items[0]["outcome"] = "something else"


@breaks("no final status too early", "its DAG run is success, its record FAILED")
def run_succeeds_with_a_failed_record(evidence: Evidence) -> None:
    for item in (evidence.items[0], evidence.runs[0].seen[0][1]):
        item["status"] = item["waves"][1]["status"] = "FAILED"


@breaks("no final status too early", "its DAG run is failed, its record COMPLETED")
def run_fails_with_a_completed_record(evidence: Evidence) -> None:
    evidence.runs[0].state = "failed"


@breaks("none missing when its time is over", "its DAG run is success, and it has no record")
def no_record(evidence: Evidence) -> None:
    evidence.items.clear()
    evidence.runs[0].seen.clear()


@breaks("none missing when its time is over", "COMPLETED 901 s after it was asked for, or cleared")
def late(evidence: Evidence) -> None:
    evidence.items[0]["endTime"] = at(901)


@breaks("no final status too early", "it ended twice, and no attempt opened it between")
def ended_twice(evidence: Evidence) -> None:
    evidence.items.append(event(7, "EXECUTION_ENDED", 181))


@breaks("no final status too early", "it ended twice, and no attempt opened it between")
def opened_again_by_nobody(evidence: Evidence) -> None:
    cleared(evidence)
    evidence.items[:] = [item for item in evidence.items if item.get("type") != "ATTEMPT_OPENED"]


@breaks("none missing when its time is over", "COMPLETED 905 s after it was asked for, or cleared")
def late_after_a_clear(evidence: Evidence) -> None:
    cleared(evidence)
    evidence.items[0]["endTime"] = at(1040)


@breaks("none missing when its time is over", "POLLING 1000 s after it was asked for, or cleared")
def goes_on_for_ever(evidence: Evidence) -> None:
    unfinished(evidence)


@breaks("no final status too early", "its final record was changed later: outcome: None -> something else")
def final_record_changed_before_it_was_opened_again(evidence: Evidence) -> None:
    cleared(evidence)
    _, before = evidence.runs[0].seen[0]
    later = BEGIN + timedelta(seconds=133)
    evidence.runs[0].seen.insert(1, (later, before | {"outcome": "something else"}))
