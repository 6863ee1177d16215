"""A wave that failed is tried again, on the real stack, by clearing its tasks over REST."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.airflow_rest import HOLD

if TYPE_CHECKING:
    from tests.integration.running_stack import Run, World

pytestmark = pytest.mark.stack

FAILING = "s-00000000000app002"
APP = {f"s-00000000000app00{number}" for number in (1, 2, 3)}


def approve(world: World, run: Run, wave: str, user: str) -> None:
    """Approve a gate as soon as it may be answered."""
    run.wait_for(f"{wave}.approve", "deferred")
    time.sleep(HOLD)
    answer = world.user(user).answer(*run.gate(wave), "Approve", f"{user} looked at it")
    assert answer.status_code == 200, answer.text


def test_a_cleared_wave_launches_only_what_is_missing_and_the_execution_completes(world: World) -> None:
    """The failed server alone is in the second StartRecovery; run and record end well; the trail tells it."""
    world.control.fail_server(FAILING, phase="LAUNCH", raw_error="no capacity for m5.large")
    run = world.start("web_shop")
    approve(world, run, "appwave2", "alice")
    assert run.wait_for_end() == "failed", run.record.get("outcome")
    assert (run.record["status"], run.statuses) == ("FAILED", ["COMPLETED", "FAILED", "SKIPPED"])
    world.control.clear_faults()

    tasks = ("appwave2.approve", "appwave2.start_recovery")
    cleared = world.user("alice").clear(*run.key, *tasks)
    assert cleared.status_code == 200, cleared.text
    approve(world, run, "appwave2", "bob")
    approve(world, run, "webwave3", "alice")
    assert run.wait_for_end() == "success", run.record.get("outcome")

    record = run.record
    assert (record["status"], run.statuses) == ("COMPLETED", ["COMPLETED"] * 3)
    assert (record["waves"][1]["attempt"], record["waves"][1]["approval"]["by"]) == (2, "bob")
    started = [{s["sourceServerID"] for s in call["parameters"]["sourceServers"]} for call in run.starts]
    assert (started[1], started[2]) == (APP, {FAILING})
    assert len(started) == 4
    assert {server["launchStatus"] for server in run.servers} == {"LAUNCHED"}
    assert world.records.lock("web_shop") is None
    trail = [(event["type"], event.get("detail", "")) for event in run.events]
    ends = [detail.split(":")[0] for type_, detail in trail if type_ == "EXECUTION_ENDED"]
    assert ends == ["FAILED", "COMPLETED"]
    (opened,) = [detail for type_, detail in trail if type_ == "ATTEMPT_OPENED"]
    for texts in ("Attempt 2 of AppWave2", "no capacity", "The execution was FAILED and is open again"):
        assert texts in opened
