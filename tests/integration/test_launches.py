"""What is launched and what is refused, on the real stack."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.airflow_rest import HOLD, LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.running_stack import World

pytestmark = pytest.mark.stack

BROKEN_DISK = "Volume vol-0123 could not be attached"


def test_p2_one_failed_server_is_judged_after_its_job_ended(world: World) -> None:
    """The other server is LAUNCHED, the wave and the execution are FAILED, and so is the run."""
    world.control.fail_server("s-00000000000fil001", phase="LAUNCH", raw_error=BROKEN_DISK)
    run = world.start("one_wave")
    assert run.wait_for_end() == "failed", run.record.get("outcome")
    assert (run.record["status"], run.statuses) == ("FAILED", ["FAILED"])
    assert {server["sourceServerID"]: server["launchStatus"] for server in run.servers} == {
        "s-00000000000fil001": "FAILED",
        "s-00000000000pay001": "LAUNCHED",
    }
    assert BROKEN_DISK in run.record["waves"][0]["failure"]
    (job,) = world.client("drs").describe_jobs(filters={"jobIDs": run.record["waves"][0]["jobIds"]})["items"]
    assert job["status"] == "COMPLETED"


def test_r07_a_wave_without_any_launch_says_why(world: World) -> None:
    """0 launched is FAILED, with rawError in the record."""
    for server in ("s-00000000000fil001", "s-00000000000pay001"):
        world.control.fail_server(
            server, phase="CONVERSION", raw_error="UnauthorizedOperation: ec2:RunInstances"
        )
    run = world.start("one_wave")
    assert run.wait_for_end() == "failed", run.record.get("outcome")
    assert run.record["status"] == "FAILED"
    assert "none of its 2 servers launched" in run.record["outcome"]
    assert "UnauthorizedOperation: ec2:RunInstances" in run.record["outcome"]


def test_waves_side_by_side_run_together_and_the_next_waits_for_both(world: World) -> None:
    """O-2: what a plan says of dependencies, the run does."""
    run = world.start("side_by_side")
    assert run.wait_for_end() == "success", run.record.get("outcome")
    assert run.record["status"] == "COMPLETED"
    assert len(run.starts) == 3
    ends = {wave["waveName"]: wave["endTime"] for wave in run.record["waves"]}
    starts = {wave["waveName"]: wave["startTime"] for wave in run.record["waves"]}
    assert starts["After both"] > max(ends["Left"], ends["Right"])


def test_a_wave_that_drs_has_no_room_for_waits_in_the_queue_and_starts_when_there_is_some(
    world: World,
) -> None:
    """DRS refuses it once at most; its trigger wakes it, and nothing of the queue is left."""
    world.control.set_quotas(concurrentJobs=1)
    world.control.set_speed(30)
    try:
        run = world.start("short_of_room")
        assert run.wait_for_end() == "success", run.record.get("outcome")
    finally:
        world.control.set_quotas()
    assert run.statuses == ["COMPLETED", "COMPLETED"]
    (waiting,) = [event for event in run.events if event["type"] == "START_WAITING"]
    assert "1st in eu-west-1" in waiting["detail"]
    assert run.record["waves"][int(waiting["waveNumber"])]["waitedSeconds"] > 0
    assert len(run.starts) <= 3
    assert run.record["tier"] == 1
    queue = {"executionId": {"S": "QUEUE#123456789012#eu-west-1"}}
    condition = {"executionId": {"ComparisonOperator": "EQ", "AttributeValueList": [*queue.values()]}}
    items = world.client("dynamodb").query(TableName="recovery-executions", KeyConditions=condition)["Items"]
    assert items == []


def test_a_server_that_is_deleted_at_the_gate_keeps_no_other_from_being_launched(world: World) -> None:
    """PARTIAL, as its wave does not need it; record and `show` name it and why."""
    gone = "s-0000000000gone001"
    world.control.add_server(gone, "gone-1.corp.example", replication={"state": "CONTINUOUS"})
    run = world.start("one_gone")
    run.wait_for("only.approve", "deferred")
    drs = world.client("drs")
    drs.disconnect_source_server(sourceServerID=gone)
    drs.delete_source_server(sourceServerID=gone)
    time.sleep(HOLD)
    assert world.user("alice").answer(*run.gate("only"), "Approve", "go on").status_code == 200
    assert run.wait_for_end() == "success", run.record.get("outcome")
    assert (run.record["status"], run.statuses) == ("PARTIAL", ["PARTIAL"])
    (start,) = run.starts
    assert start["parameters"]["sourceServers"] == [{"sourceServerID": "s-00000000000web001"}]
    (missing,) = [server for server in run.servers if server["sourceServerID"] == gone]
    assert "launchStatus" not in missing
    assert "DRS knows no such source server" in missing["error"]
    shown = subprocess.run(
        [sys.executable, "-m", "drs_recovery", "show", run.record["executionId"]],
        env=world.stack.env_of("alice") | {"COLUMNS": "400"},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    ).stdout
    assert "gone-1.corp.example" in shown
    assert "DRS knows no such source server" in shown
    world.terminate_all()


def test_a_drill_of_servers_that_drs_does_not_know_is_refused(world: World) -> None:
    """A typo is shown before anything starts: CANCELLED, with what was looked for."""
    run = world.start("unknown_server")
    assert run.wait_for_end() == "failed", run.record.get("outcome")
    assert run.record["status"] == "CANCELLED"
    assert "DRS knows no source server s-99999999999999999" in run.record["outcome"]
    assert run.starts == []


@pytest.mark.parametrize(
    ("plan", "texts"),
    [
        ("no_such_tag", ["Tier", "cache"]),
        ("uninitialised", ["UninitializedAccountException"]),
    ],
)
def test_servers_that_cannot_be_resolved_fail_the_execution(
    world: World, plan: str, texts: list[str]
) -> None:
    """R-39, R-67: FAILED, with what was looked for and what DRS said; nothing is started."""
    run = world.start(plan)
    assert run.wait_for_end() == "failed", run.record.get("outcome")
    assert run.record["status"] == "FAILED"
    for word in texts:
        assert word in run.record["failure"]["message"]
        assert word in run.record["outcome"]
    assert run.starts == []


class TestRecovery:
    """RECOVERY is asked for, confirmed, and never done twice by accident."""

    @pytest.fixture(autouse=True)
    def _terminate(self, world: World) -> Iterator[None]:
        yield
        world.terminate_all()

    @pytest.mark.parametrize("conf", [{}, {"confirm": "two_tiers"}], ids=["missing", "another plan's"])
    def test_without_its_confirmation_nothing_is_launched(self, world: World, conf: dict[str, str]) -> None:
        """CANCELLED with the reason, and on record."""
        run = world.start("one_wave", execution_type="RECOVERY", **conf)
        assert run.wait_for_end() == "failed", run.record.get("outcome")
        assert run.record["status"] == "CANCELLED"
        assert run.record["executionType"] == "RECOVERY"
        assert "confirm" in run.record["failure"]["message"]
        assert run.starts == []

    def test_r14_what_was_recovered_is_neither_drilled_nor_recovered_again(self, world: World) -> None:
        """RECOVERY, COMPLETED; then RECOVERY and DRILL are refused, and the first instances live."""
        sure = {"execution_type": "RECOVERY", "confirm": "one_wave", "reason": "Region down"}
        first = world.start("one_wave", **sure)
        assert first.wait_for_end() == "success", first.record.get("outcome")
        assert first.record["status"] == "COMPLETED"
        instances = {server["recoveryInstanceId"] for server in first.servers}

        for conf in (sure, {}):
            again = world.start("one_wave", **conf)
            assert again.wait_for_end() == "failed", again.record.get("outcome")
            assert again.starts == []
            assert any(instance in again.record["outcome"] for instance in instances), again.record["outcome"]
        alive = world.client("ec2").describe_instances(InstanceIds=sorted(instances))["Reservations"]
        assert {i["State"]["Name"] for r in alive for i in r["Instances"]} == {"running"}

        replaced = world.start("one_wave", replace_recovered="one_wave", **sure)
        assert replaced.wait_for_end() == "success", replaced.record.get("outcome")

    def test_a_backfill_is_refused_by_airflow_itself(self, world: World) -> None:
        """No backfill of a plan, whatever its params."""
        body = {
            "dag_id": "one_wave",
            "from_date": "2026-01-01T00:00:00Z",
            "to_date": "2026-02-01T00:00:00Z",
            "dag_run_conf": {"execution_type": "RECOVERY", "confirm": "one_wave"},
        }
        answer = world.admin.call("POST", "/backfills", json=body)
        assert 400 <= answer.status_code < 500, answer.text

    def test_a_recovery_starts_while_the_default_pool_is_full(self, world: World) -> None:
        """Other work cannot keep a recovery waiting: the tasks have a pool of their own."""
        blocker = world.start("pool_hog")
        blocker.wait_for("hog", "running")
        try:
            run = world.start("one_wave", execution_type="RECOVERY", confirm="one_wave")
            assert run.wait_for_end() == "success", run.record.get("outcome")
            assert blocker.state == "running"
        finally:
            world.admin.set_run(*blocker.key, "failed")


@pytest.mark.parametrize(
    "conf",
    [{"execution_type": "REHEARSAL"}, {"approvals": True}, {"reason": 7}],
    ids=["enum", "type", "reason"],
)
def test_params_of_the_wrong_type_are_refused_by_the_api(world: World, conf: dict[str, object]) -> None:
    """4xx, and no run."""
    answer = world.user("alice").trigger("one_wave", **conf)
    assert 400 <= answer.status_code < 500, answer.text


def test_an_unknown_param_starts_nothing(world: World) -> None:
    """A misspelt key must not become a drill by default: refused, on record."""
    run = world.start("one_wave", execution_typ="RECOVERY")
    assert run.wait_for_end() == "failed", run.record.get("outcome")
    assert run.record["status"] == "CANCELLED"
    assert "execution_typ" in run.record["outcome"]
    assert run.starts == []


def test_a_second_execution_of_a_plan_is_refused_with_who_holds_it(world: World) -> None:
    """One active execution per plan; the refused one does not touch the holder's lock."""
    first = world.start("two_tiers")
    first.wait_for("application.approve", "deferred")
    second = world.start("two_tiers")
    assert second.wait_for_end() == "failed", second.record.get("outcome")
    assert second.record["status"] == "CANCELLED"
    assert first.record["executionId"] in second.record["failure"]["message"]
    lock = world.records.lock("two_tiers")
    assert lock is not None
    assert lock["lockedBy" if "lockedBy" in lock else "holder"] == first.record["executionId"]
    world.user("alice").set_run(*first.key, "failed")
    first.wait_for_end()


def test_a_recovery_goes_before_a_drill_that_waits(world: World) -> None:
    """The drill is superseded and ends by itself, its gate answered by nobody; the recovery completes."""
    drill = world.start("two_tiers")
    drill.wait_for("application.approve", "deferred")
    sure = {"execution_type": "RECOVERY", "confirm": "two_tiers", "reason": "the Region is down"}
    real = world.start("two_tiers", **sure)
    real.wait_for("application.approve", "deferred")
    assert drill.record["supersededBy"] == real.record["executionId"]
    assert drill.wait_for_end() == "failed"
    assert drill.record["status"] == "CANCELLED"
    assert "Superseded" in drill.record["outcome"]
    assert "approval" not in drill.record["waves"][1]
    assert "superseded by execution" in drill.log("application.approve")
    assert len(drill.starts) == 1
    time.sleep(HOLD)
    assert world.user("alice").answer(*real.gate("application"), "Approve", "go on").status_code == 200
    assert real.wait_for_end() == "success", real.record.get("outcome")
    world.terminate_all()
