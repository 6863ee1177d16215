"""Drills clean up after themselves, on the real stack."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.airflow_rest import HOLD, until

if TYPE_CHECKING:
    from tests.integration.running_stack import Run, World

pytestmark = pytest.mark.stack

OURS = {"cleanup", "cleanupDue"}


def others(record: dict[str, Any]) -> dict[str, Any]:
    """Return what no clean-up may touch."""
    return {name: value for name, value in record.items() if name not in OURS}


def cleanup(run: Run, *statuses: str) -> dict[str, Any]:
    """Return the clean-up of a drill once it is one of these."""

    def found() -> dict[str, Any] | None:
        known: dict[str, Any] = run.record.get("cleanup", {})
        return known if known.get("status") in statuses else None

    return until(f"the clean-up to be {statuses}", found)


def instances(world: World, run: Run) -> list[str]:
    """Return the recovery instances of a drill that DRS lists."""
    jobs = [job for wave in run.record["waves"] for job in wave["jobIds"]]
    items = world.client("drs").describe_recovery_instances()["items"]
    return [item["recoveryInstanceID"] for item in items if item["jobID"] in jobs]


def test_r48_a_drill_cleans_up_after_itself(world: World) -> None:
    """COMPLETED; within two minutes its instances are gone and the record says so; nothing else changes."""
    run = world.start("cleans_up")
    assert run.wait_for_end() == "success", run.record.get("outcome")
    ended = run.record
    assert ended["status"] == "COMPLETED"
    done = cleanup(run, "DONE")
    assert (int(done["terminated"]), instances(world, run)) == (1, [])
    assert others(run.record) == others(ended)
    assert "cleanupDue" not in run.record
    assert run.state == "success"
    types = [event["type"] for event in run.events]
    assert types[-3:] == ["CLEANUP_STARTED", "CLEANUP_JOB_STARTED", "CLEANUP_DONE"]


def test_r47_a_clean_up_by_hand_asks_the_approvers_of_the_drill(world: World) -> None:
    """Started by REST, before its time; nothing is terminated until alice, and nobody else, says so."""
    run = world.start("asks_to_clean_up")
    assert run.wait_for_end() == "success", run.record.get("outcome")
    by_hand = world.start("recovery_clean_up", execution_id=run.record["executionId"])
    by_hand.wait_for("approve", "awaiting_input")
    assert cleanup(run, "WAITING")["dagRunId"] == by_hand.run_id
    gate = by_hand.task("approve")
    (instance,) = instances(world, run)
    assert instance in world.admin.gate(*gate)["body"]
    assert world.user("bob").answer(*gate).status_code == 403
    time.sleep(HOLD)
    assert world.user("alice").answer(*gate, "Approve", "seen enough").status_code == 200
    assert by_hand.wait_for_end() == "success"
    done = cleanup(run, "DONE")
    assert (done["approval"]["by"], done["approval"]["reason"]) == ("alice", "seen enough")
    assert instances(world, run) == []
