"""The checker of chaos notices each thing that it is there to notice."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.chaos.checker import RULES, check
from tests.chaos.evidence import Evidence
from tests.chaos.tampered import TAMPERINGS
from tests.chaos.tampered.honest import (
    BEGIN,
    acting,
    approved_by_two,
    at,
    checked,
    cleared,
    failed,
    honest,
    invocation,
    recovered_before,
    terminated_in_ec2,
    unfinished,
    with_settings,
)

if TYPE_CHECKING:
    from tests.chaos.tampered.tampering import Tampering

ROOT = Path(__file__).parents[2]


@pytest.fixture
def evidence() -> Evidence:
    """Give an honest run, to be tampered with."""
    return honest()


def found(evidence: Evidence, seconds: float = 1000) -> list[tuple[str, str]]:
    """Return rule and words of every violation, as of so many seconds after the run was asked for."""
    return [(v.rule, v.texts) for v in check(evidence, BEGIN + timedelta(seconds=seconds))]


def test_nothing_is_wrong_with_an_honest_run(evidence: Evidence) -> None:
    """Or every run would be reported."""
    assert found(evidence) == []


def test_every_rule_has_tampered_records() -> None:
    """A rule that is never seen to fail proves nothing."""
    assert {tampering.rule for tampering in TAMPERINGS} == {*RULES, "log of requests"}


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda tampering: tampering.alter.__name__)
def test_a_tampered_record_is_found_out(evidence: Evidence, tampering: Tampering) -> None:
    """By the rule that it breaks, and in words that say how."""
    tampering.alter(evidence)
    assert (tampering.rule, tampering.texts) in found(evidence)


def test_a_run_that_goes_on_has_time(evidence: Evidence) -> None:
    """Before it is over nothing is wrong."""
    unfinished(evidence)
    assert found(evidence, seconds=899) == []


def test_a_run_that_never_began_needs_no_record(evidence: Evidence) -> None:
    """Airflow has it queued, or never heard of it."""
    nothing = Evidence(runs=evidence.runs, items=[], starts=[], jobs=[], instances=[], calls=[])
    nothing.runs[0].seen.clear()
    nothing.runs[0].state = "queued"
    assert found(nothing) == []


def test_a_gate_may_need_two_people(evidence: Evidence) -> None:
    """Each of them on record, one in an item of their own."""
    approved_by_two(evidence)
    assert found(evidence) == []


def test_actions_are_done_where_they_stand(evidence: Evidence) -> None:
    """Each once, or once more where a person says so."""
    acting(evidence)
    evidence.calls.append(invocation("promote", 175))
    again = {"executionId": "e-1", "item": "EVENT#9", "type": "TASK_AGAIN", "time": at(172)}
    evidence.items.append(again | {"detail": "promote: it was not seen to end"})
    assert found(evidence) == []


def test_servers_that_passed_and_settings_that_were_put_back_are_honest(evidence: Evidence) -> None:
    """Or every drill of such a plan would be reported."""
    checked(evidence)
    with_settings(evidence)
    assert found(evidence) == []


def test_a_wave_that_was_cleared_is_judged_by_attempts(evidence: Evidence) -> None:
    """Its second attempt has an approval, a job and an end of its own."""
    cleared(evidence)
    assert found(evidence) == []


def test_a_failed_wave_with_a_word_on_its_server_is_an_honest_one(evidence: Evidence) -> None:
    """DRS's own word is on record."""
    failed(evidence, error="no capacity")
    assert found(evidence) == []


@pytest.mark.parametrize("way", ["replaced", "terminated"])
def test_a_real_instance_may_go_when_somebody_says_so(evidence: Evidence, way: str) -> None:
    """The run itself, or whoever terminated it in EC2 before."""
    recovered_before(evidence)
    if way == "replaced":
        evidence.runs[0].conf["replace_recovered"] = "plan"
    else:
        terminated_in_ec2(evidence, seconds=-10)
    assert found(evidence) == []


@pytest.mark.parametrize("lost", [True, False])
def test_a_checked_server_that_somebody_terminated_in_ec2_may_be_unwell(
    evidence: Evidence, lost: bool
) -> None:
    """Its wave is PARTIAL then, and not otherwise."""
    checked(evidence)
    for item in (evidence.items[0], evidence.runs[0].seen[-1][1]):
        item["status"] = item["waves"][1]["status"] = "PARTIAL"
    if lost:
        terminated_in_ec2(evidence, seconds=150, instance="i-1")
    told = [] if lost else ["Wave1 is PARTIAL with 1 of 1 servers launched and well, 1 are demanded"]
    assert [texts for rule, texts in found(evidence) if rule == "launched, or says why"] == told


def test_an_instance_that_ec2_has_ended_may_still_be_listed(evidence: Evidence) -> None:
    """DRS forgets what was terminated behind its back only when somebody deletes it there."""
    listed = {"recoveryInstanceID": "i-0", "jobID": "job-0", "ec2InstanceState": "TERMINATED"}
    evidence.instances.append(listed)
    assert found(evidence) == []


def test_a_cancelled_wave_may_leave_its_job_running(evidence: Evidence) -> None:
    """What it launched later is on record by its job."""
    for item in (evidence.items[0], evidence.runs[0].seen[0][1]):
        item["status"] = item["waves"][1]["status"] = "CANCELLED"
    evidence.runs[0].state = "failed"
    evidence.items[3] = {"executionId": "e-1", "item": "SERVER#001#s-1", "sourceServerID": "s-1"}
    assert found(evidence) == []


def test_the_checker_shares_no_code_with_the_product() -> None:
    """It is imported where the product cannot be."""
    code = (
        "import sys, tests.chaos.checker, tests.integration.records\n"
        "sys.exit(any(name.split('.')[0] in {'drs_recovery', 'airflow'} for name in sys.modules))"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, check=False)
    assert done.returncode == 0
