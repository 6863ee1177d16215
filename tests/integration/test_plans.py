"""Plan files and their DAGs on the real stack: broken ones hurt no others, new ones are there soon."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from drs_recovery.names import dag_id_of
from tests.airflow_rest import until

if TYPE_CHECKING:
    from tests.integration.running_stack import World

pytestmark = pytest.mark.stack

INVALID = Path(__file__).parents[1] / "plans" / "invalid"

NEW = """
name: New
description: Written while everything runs.
owner: tests
region: eu-west-1
waves:
  - name: Files
    servers: [s-00000000000fil001]
"""


def test_nothing_has_run_by_schedule_on_a_fresh_stack(world: World) -> None:
    """Though plans have schedules whose last slot has passed: no drill is late that nobody has missed."""
    details = world.admin.call("GET", "/dags/web_shop/details").raise_for_status().json()
    assert details["timetable_summary"] == "0 6 1 * *"
    runs = world.admin.call("GET", "/dags/~/dagRuns", params={"run_type": "scheduled", "limit": 500})
    ours = {run["dag_id"] for run in runs.raise_for_status().json()["dag_runs"]}
    assert ours <= {"recovery_maintenance"}


def test_a_plan_that_was_not_read_again_runs_as_it_was_read(world: World) -> None:
    """Only the file of a changed plan is read; runs of others are pinned to an earlier snapshot."""
    before = world.start("one_wave")
    assert before.wait_for_end() == "success", before.record.get("outcome")
    (world.stack.plans / "unrelated.yaml").write_text(NEW)
    until("the DAG of another plan", lambda: world.admin.call("GET", "/dags/unrelated").is_success)
    run = world.start("one_wave")
    assert run.wait_for_end() == "success", run.record.get("outcome")
    versions = [world.admin.run(*one.key)["bundle_version"] for one in (before, run)]
    assert versions[0] == versions[1]
    assert world.start("unrelated").wait_for_end() == "success"


def test_broken_plans_stand_beside_good_ones_which_run(world: World) -> None:
    """Each broken plan is a DAG tagged `invalid`, none is an import error, and a good plan completes."""
    broken = {path.stem for path in INVALID.iterdir() if path.suffix in {".yaml", ".yml"}}
    dags = {dag["dag_id"]: dag for dag in world.dags()}
    shown = {dag_id for dag_id, dag in dags.items() if "invalid" in {tag["name"] for tag in dag["tags"]}}
    assert shown == {dag_id_of(stem) for stem in broken}
    assert world.admin.call("GET", "/importErrors").json()["total_entries"] == 0
    run = world.start("one_wave")
    assert run.wait_for_end() == "success", run.record.get("outcome")


def test_an_invalid_plan_starts_nothing_and_says_why(world: World) -> None:
    """Its one task fails with the problem and its place."""
    run = world.start("bad_region")
    assert run.wait_for_end() == "failed"
    assert world.admin.tasks(*run.key) == {"invalid_plan": "failed"}
    assert "bad_region.yaml:" in run.log("invalid_plan")


def test_a_new_plan_file_can_be_triggered_and_completes(world: World) -> None:
    """Without anybody's doing anything but writing the file."""
    (world.stack.plans / "written_now.yaml").write_text(NEW)
    until("the new plan's DAG", lambda: world.admin.call("GET", "/dags/written_now").status_code == 200)
    run = world.start("written_now")
    assert run.wait_for_end() == "success", run.record.get("outcome")


def test_c2_every_gate_of_a_run_can_be_asked_for(world: World) -> None:
    """`approvals: every_wave` makes the first wave wait too; its gate shows what comes."""
    run = world.start("one_wave", approvals="every_wave")
    run.wait_for("files.approve", "deferred")
    assert run.record["status"] == "PAUSED"
    assert run.starts == []
    body = world.admin.gate(*run.gate("files"))["body"]
    assert "s-00000000000fil001" in body
    world.user("alice").set_run(*run.key, "failed")
    assert run.wait_for_end() == "failed"


def test_a_recovery_goes_before_drills(world: World) -> None:
    """Its tasks weigh more, so that they are first when slots are few; once it is confirmed."""
    weights = {}
    for kind, confirm in (("DRILL", None), ("RECOVERY", "two_tiers")):
        run = world.start("two_tiers", execution_type=kind, confirm=confirm)
        run.wait_for("open_execution", "success", "failed")
        weights[kind] = {ti["priority_weight"] for ti in world.admin.task_instances(*run.key)}
        world.user("alice").set_run(*run.key, "failed")
        run.wait_for_end()
    world.terminate_all()
    assert min(weights["RECOVERY"]) > max(weights["DRILL"])


def test_the_maintenance_runs_by_itself(world: World) -> None:
    """Every minute, with nothing to end: its run is a success."""

    def last_run() -> str | None:
        runs = world.admin.call(
            "GET", "/dags/recovery_maintenance/dagRuns", params={"order_by": "-run_after"}
        )
        ended = [run["state"] for run in runs.raise_for_status().json()["dag_runs"] if run["end_date"]]
        return ended[0] if ended else None

    assert until("a run of the maintenance", last_run) == "success"
