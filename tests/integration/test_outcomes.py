"""What a plan says of failures, the run does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.running_stack import World

pytestmark = pytest.mark.stack

FULL = "no capacity for m5.large"
CARRIED = ("execution", "wave", "attempt", "job")


def test_o2_waves_go_on_as_their_plan_says_and_nothing_is_hidden(world: World) -> None:
    """An optional server fails: PARTIAL. One that says continue fails: the next runs, the run is red."""
    for server in ("s-000000000000db002", "s-00000000000app001"):
        world.control.fail_server(server, phase="LAUNCH", raw_error=FULL)
    run = world.start("outcomes")
    assert run.wait_for_end() == "failed", run.record.get("outcome")
    assert (run.record["status"], run.statuses) == ("FAILED", ["PARTIAL", "FAILED", "COMPLETED"])
    assert len(run.starts) == 3
    states = world.admin.tasks(*run.key)
    assert states["database.wait_for_recovery"] == "success"
    assert states["application.wait_for_recovery"] == "failed"
    assert states["web.approve"] == states["web.wait_for_recovery"] == "success"
    assert states["complete_execution"] == "failed"
    for texts in ("Database PARTIAL", "Application FAILED (on_failure: continue)", "Finished: Database, Web"):
        assert texts in run.record["outcome"]
    assert run.record["outcome"].count(FULL) == 2


def test_an_execution_of_which_a_wave_is_partial_is_a_success(world: World) -> None:
    """Invariant 7: PARTIAL is green."""
    world.control.fail_server("s-000000000000db002", phase="LAUNCH", raw_error=FULL)
    run = world.start("outcomes")
    assert run.wait_for_end() == "success", run.record.get("outcome")
    assert (run.record["status"], run.statuses) == ("PARTIAL", ["PARTIAL", "COMPLETED", "COMPLETED"])
    # what tasks and triggers said of a job is in Airflow's log with whose it is
    for call, wave in zip(run.starts, ("database", "application", "web"), strict=True):
        carried = run.record["executionId"], wave, 1, call["jobID"]
        for task in ("start_recovery", "wait_for_recovery"):
            lines = json.loads(run.log(f"{wave}.{task}"))["content"]
            about = [line for line in lines if line.get("job")]
            assert {tuple(line.get(name) for name in CARRIED) for line in about} == {carried}, task
