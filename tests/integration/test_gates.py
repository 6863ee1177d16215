"""Gates on the real stack: no answer, no start, and no way around the record."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.airflow_rest import HOLD
from tests.integration.records import statuses

if TYPE_CHECKING:
    from tests.integration.running_stack import Run, World

pytestmark = pytest.mark.stack


@pytest.fixture
def at_gate(world: World) -> Run:
    """A drill of two waves whose first has completed and whose gate waits."""
    run = world.start("two_tiers")
    run.wait_for("application.approve", "deferred")
    assert run.statuses == ["COMPLETED", "PAUSED"]
    return run


def test_a_rejected_gate_cancels_and_the_finished_wave_is_reported(world: World, at_gate: Run) -> None:
    """CANCELLED, the later wave never started, the run failed; R-47: the outcome names the finished wave."""
    time.sleep(HOLD)
    assert world.user("bob").answer(*at_gate.gate("application"), "Reject", "not tonight").status_code == 200
    assert at_gate.wait_for_end() == "failed", at_gate.record.get("outcome")
    record = at_gate.record
    assert (record["status"], statuses(record)) == ("CANCELLED", ["COMPLETED", "CANCELLED"])
    assert record["waves"][1]["approval"]["decision"] == "REJECTED"
    assert record["waves"][1]["approval"]["by"] == "bob"
    assert "Database" in record["outcome"]
    assert "not tonight" in record["outcome"]
    assert len(at_gate.starts) == 1


def test_a_gate_shows_what_the_checks_warn_of(world: World) -> None:
    """Replication that has stopped keeps nothing from starting, and whoever approves is shown of it."""
    world.control.stall_server("s-00000000000app001", seconds=7200)
    run = world.start("two_tiers")
    run.wait_for("application.approve", "deferred")
    body = world.user("alice").gate(*run.gate("application"))["body"]
    assert "### Warnings at the start" in body
    assert "replication is STALLED: s-00000000000app001 (app-1.shop.example, shop-app-1)" in body
    assert "replication" in [warning["check"] for warning in run.record["warnings"]]
    assert [event["type"] for event in run.events].count("PREFLIGHT") == 1
    time.sleep(HOLD)
    world.user("bob").answer(*run.gate("application"), "Reject", "seen enough").raise_for_status()
    assert run.wait_for_end() == "failed", run.record.get("outcome")


def test_a_gate_that_nobody_answers_cancels(world: World) -> None:
    """A time-out never approves: CANCELLED, the later wave never started."""
    run = world.start("short_gate")
    assert run.wait_for_end() == "failed", run.record.get("outcome")
    assert (run.record["status"], run.statuses) == ("CANCELLED", ["COMPLETED", "CANCELLED"])
    assert run.record["waves"][1]["approval"]["decision"] == "TIMED_OUT"
    assert "by" not in run.record["waves"][1]["approval"]
    assert "First" in run.record["outcome"]
    assert len(run.starts) == 1


def test_a4_who_is_no_approver_cannot_answer_and_cannot_get_around(world: World, at_gate: Run) -> None:
    """Eve gets 403, nobody 401; the gate she marks success opens nothing, and the reason is shown."""
    path = "/dags/{}/dagRuns/{}/taskInstances/{}/-1/hitlDetails".format(*at_gate.gate("application"))
    answer = httpx.patch(f"{world.stack.airflow_url}/api/v2{path}", json={"chosen_options": ["Approve"]})
    assert answer.status_code == 401
    eve = world.user("eve")
    assert eve.answer(*at_gate.gate("application")).status_code == 403
    time.sleep(HOLD)
    assert eve.set_task(*at_gate.task("application.approve"), "success").status_code == 200
    assert at_gate.wait_for_end() == "failed", at_gate.record.get("outcome")
    assert at_gate.record["status"] == "CANCELLED"
    assert len(at_gate.starts) == 1
    assert "approval" not in at_gate.record["waves"][1]
    refusals = [event["detail"] for event in at_gate.events if event["type"] == "REFUSED"]
    assert any("holds no approval" in detail for detail in refusals), refusals
    assert "holds no approval" in at_gate.log("application.start_recovery")


def test_a_sensor_marked_success_starts_nothing(world: World) -> None:
    """The next wave looks at the record, where the first is not COMPLETED."""
    world.control.set_speed(60)
    run = world.start("two_tiers")
    run.wait_for("database.wait_for_recovery", "deferred")
    world.user("eve").set_task(*run.task("database.wait_for_recovery"), "success").raise_for_status()
    assert run.wait_for_end() == "failed", run.record.get("outcome")
    assert run.record["status"] == "CANCELLED"
    assert len(run.starts) == 1
    assert run.record["waves"][0]["jobIds"][0] in run.record["outcome"]
    assert any(event["type"] == "REFUSED" and "Database" in event["detail"] for event in run.events)


def test_a_start_cleared_out_of_order_starts_nothing(world: World, at_gate: Run) -> None:
    """Clearing the start of a wave that waits at its gate, or of one that is done, launches nothing again."""
    world.user("eve").clear(*at_gate.key, "database.start_recovery", downstream=False).raise_for_status()
    at_gate.wait_for("database.start_recovery", "failed", "success")
    assert len(at_gate.starts) == 1
    world.user("alice").set_task(*at_gate.task("application.approve"), "failed").raise_for_status()
    assert at_gate.wait_for_end() == "failed", at_gate.record.get("outcome")
    assert (at_gate.record["status"], len(at_gate.starts)) == ("CANCELLED", 1)


@pytest.mark.parametrize("state", ["failed", "success"])
def test_c1_a_forced_run_ends_cancelled(world: World, state: str) -> None:
    """Whoever marks the run, complete_execution ends the execution as CANCELLED."""
    run = world.start("three_tiers")
    run.wait_for("application.approve", "deferred")
    time.sleep(2)
    world.user("eve").set_run(*run.key, state).raise_for_status()
    assert run.wait_for_end() == "failed", run.record.get("outcome")
    assert (run.record["status"], run.statuses) == ("CANCELLED", ["COMPLETED", "CANCELLED", "SKIPPED"])
    assert "Database" in run.record["outcome"]
    assert len(run.starts) == 1
    assert world.records.lock("three_tiers") is None
