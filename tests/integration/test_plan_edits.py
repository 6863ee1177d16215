"""In flight, the plan is frozen: files edited, broken and deleted on the real stack while a gate waits."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.airflow_rest import HOLD, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.running_stack import Run, World

pytestmark = pytest.mark.stack

PLAN = """
name: In flight
description: Two waves with a gate between them.
owner: tests
region: eu-west-1
waves:
  - name: Database
    servers: [s-000000000000db001]
  - name: Application
    pause_before_wave: true
    servers: [s-00000000000app001]
"""
EDITED = PLAN.replace("Application", "Frontends").replace("app001", "web001")
BROKEN = PLAN.replace("region:", "regoin:")


@pytest.fixture
def in_flight(world: World) -> Callable[[str], tuple[Path, Run]]:
    """Return a function that writes a plan, and gives its file and a drill whose gate waits."""

    def start(stem: str) -> tuple[Path, Run]:
        file = world.stack.plans / f"{stem}.yaml"
        file.write_text(PLAN)
        until(f"the DAG {stem}", lambda: world.admin.call("GET", f"/dags/{stem}").is_success)
        run = world.start(stem)
        run.wait_for("application.approve", "deferred")
        return file, run

    return start


def seen(world: World, path: str, word: str) -> None:
    """Wait until Airflow tells something of a DAG: the edit has come through."""
    until(f"{word} in {path}", lambda: word in world.admin.call("GET", path).text)


def is_stale(world: World, dag_id: str) -> bool:
    """Whether Airflow holds that a DAG is gone."""
    return bool(world.admin.call("GET", f"/dags/{dag_id}/details").raise_for_status().json()["is_stale"])


def wave_names(run: Run) -> list[str]:
    """Return the names of the waves on record."""
    return [wave["waveName"] for wave in run.record["waves"]]


def finish(run: Run, wave: str) -> None:
    """Approve a gate that has waited long enough, and see the run complete."""
    time.sleep(HOLD)
    assert run.world.user("alice").answer(*run.gate(wave)).status_code == 200
    assert run.wait_for_end() == "success", run.record.get("outcome")
    assert run.statuses == ["COMPLETED", "COMPLETED"]


def test_an_edited_plan_changes_nothing_in_flight(
    world: World, in_flight: Callable[[str], tuple[Path, Run]]
) -> None:
    """The run ends with the waves and servers it was opened with; a new run has those of the edit."""
    file, run = in_flight("edited_in_flight")
    file.write_text(EDITED)
    seen(world, "/dags/edited_in_flight/tasks", "frontends.approve")
    finish(run, "application")
    assert wave_names(run) == ["Database", "Application"]
    assert [start["parameters"]["sourceServers"][0]["sourceServerID"] for start in run.starts] == [
        "s-000000000000db001",
        "s-00000000000app001",
    ]
    assert "frontends.approve" not in world.admin.tasks(*run.key)
    new = world.start("edited_in_flight", approvals="none")
    assert new.wait_for_end() == "success", new.record.get("outcome")
    assert wave_names(new) == ["Database", "Frontends"]


def test_a_broken_plan_changes_nothing_in_flight_and_can_still_be_recovered(
    world: World, in_flight: Callable[[str], tuple[Path, Run]]
) -> None:
    """The run completes; a new one runs the last good version, and its trail says so."""
    file, run = in_flight("broken_in_flight")
    file.write_text(BROKEN)
    seen(world, "/dags/broken_in_flight", "outdated")
    details = world.admin.call("GET", "/dags/broken_in_flight/details").json()
    assert "plans/broken_in_flight.yaml:5:1" in details["doc_md"]
    assert details["dag_display_name"] == "In flight (outdated)"
    finish(run, "application")
    new = world.start("broken_in_flight", execution_type="RECOVERY", confirm="broken_in_flight")
    new.wait_for("application.approve", "deferred")
    assert "its last good version runs" in next(
        event["detail"] for event in new.events if event["type"] == "OPENED"
    )
    assert new.record["planHash"] == run.record["planHash"]
    world.user("alice").set_run(*new.key, "failed")
    new.wait_for_end()
    world.terminate_all()


def test_a_deleted_plan_cancels_its_execution(
    world: World, in_flight: Callable[[str], tuple[Path, Run]]
) -> None:
    """Though Airflow holds the run; when the file comes back the run ends, and the record stays."""
    file, run = in_flight("deleted_in_flight")
    file.unlink()
    ended = until("the end on record", lambda: run.record if "endTime" in run.record else None)
    assert (ended["status"], run.statuses) == ("CANCELLED", ["COMPLETED", "CANCELLED"])
    assert "its plan deleted_in_flight was deleted" in ended["outcome"]
    assert run.servers[0]["recoveryInstanceId"] in ended["outcome"]
    assert run.state == "running"
    until("the DAG counts no more", lambda: is_stale(world, "deleted_in_flight"))
    file.write_text(PLAN)
    until("the DAG is there again", lambda: not is_stale(world, "deleted_in_flight"))
    assert world.user("alice").answer(*run.gate("application")).status_code == 200
    assert run.wait_for_end() == "failed"
    assert run.record == ended
    assert len(run.starts) == 1
