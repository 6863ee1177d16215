"""What people of each role, and whoever may write one item, try on the real stack, and do not get."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from boto3.dynamodb.types import TypeSerializer

from tests.airflow_rest import HOLD, until
from tests.integration.records import TABLE
from tests.integration.running_stack import Run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.running_stack import World

pytestmark = pytest.mark.stack

MAINTENANCE, CLEAN_UP = "recovery_maintenance", "recovery_clean_up"
START = "start_clean_ups"
REAL = {"execution_type": "RECOVERY", "confirm": "one_wave", "reason": "region down"}


def template(file: Path) -> str:
    """Return a text that makes a file where it is rendered as a template."""
    return "{{ cycler.__init__.__globals__.os.popen('touch " + str(file) + "').read() }}"


def item(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return attributes as DynamoDB takes them."""
    return {name: TypeSerializer().serialize(value) for name, value in attributes.items()}


def sweep(world: World, user: str) -> Run:
    """Let the maintenance look at once: clear its task of a run that has ended; return that run."""
    path = f"/dags/{MAINTENANCE}/dagRuns"
    params = {"order_by": "-run_after", "limit": 5, "state": ["success", "failed"]}

    def ended() -> Any:
        return world.admin.call("GET", path, params=params).raise_for_status().json()["dag_runs"]

    run = Run(world, MAINTENANCE, until("a run of the maintenance", ended)[0]["dag_run_id"])
    tries = tries_of(world, run)
    world.user(user).clear(*run.key, START).raise_for_status()
    until("another try", lambda: tries_of(world, run) > tries)
    run.wait_for(START, "success", "failed")
    return run


def tries_of(world: World, run: Run) -> int:
    """Return how often the maintenance has tried to start clean-ups in a run, its last try being over."""
    (task,) = [one for one in world.admin.task_instances(*run.key) if one["task_id"] == START]
    return int(task["try_number"]) if task["state"] in {"success", "failed"} else 0


def change(world: World, record: dict[str, Any], update: str, **values: Any) -> None:
    """Change a record as somebody who may write to the table."""
    world.records.client.update_item(
        TableName=TABLE,
        Key={"executionId": {"S": record["executionId"]}, "item": {"S": "EXECUTION"}},
        UpdateExpression=update,
        ExpressionAttributeValues=item(values),
    )


def test_neither_an_xcom_nor_an_item_runs_code(world: World, tmp_path: Path) -> None:
    """A plain user writes XComs and clears the maintenance; a principal puts an item: both are only read."""
    by_xcom, by_item = tmp_path / "xcom", tmp_path / "item"
    first = sweep(world, "uma")
    for task in (START, "reconcile"):
        path = f"/dags/{MAINTENANCE}/dagRuns/{first.run_id}/taskInstances/{task}/xcomEntries"
        for key in ("return_value", "_link_", "trigger_run_id"):
            body = {"key": key, "value": [{"trigger_run_id": template(by_xcom), "conf": {}}]}
            known = world.user("uma").call("POST", path, json=body)
            if known.status_code == 409:
                known = world.user("uma").call("PATCH", f"{path}/{key}", json={"value": body["value"]})
            assert known.status_code in {200, 201}, known.text
    hostile = {
        "executionId": template(by_item),
        "item": "EXECUTION",
        "cleanupDue": "2020-01-01T00:00:00.000000Z",
        "openSince": "2020-01-01T00:00:00.000000Z",
    }
    world.records.client.put_item(TableName=TABLE, Item=item(hostile))
    try:
        again = sweep(world, "uma")
        assert again.wait_for(START, "failed") == "failed"
        assert "cannot be read" in again.log(START)
    finally:
        key = {name: hostile[name] for name in ("executionId", "item")}
        world.records.client.delete_item(TableName=TABLE, Key=item(key))
    assert (by_xcom.exists(), by_item.exists()) == (False, False)
    assert sweep(world, "alice").wait_for(START, "success") == "success"


def test_what_each_role_may_not(world: World) -> None:
    """A viewer changes nothing; a user makes no connection; only an approver answers a gate."""
    run = world.start("payroll", user="uma")
    run.wait_for("applications.approve", "deferred")
    vera, uma = world.user("vera"), world.user("uma")
    assert vera.trigger("payroll").status_code == 403
    assert vera.clear(*run.key, "open_execution").status_code == 403
    assert vera.set_task(*run.gate("applications"), "success").status_code == 403
    assert vera.set_run(*run.key, "failed").status_code == 403
    assert vera.call("DELETE", f"/dags/payroll/dagRuns/{run.run_id}").status_code == 403
    xcoms = "/dags/payroll/dagRuns/{}/taskInstances/{}/xcomEntries".format(run.run_id, "open_execution")
    assert vera.call("POST", xcoms, json={"key": "x", "value": 1}).status_code == 403
    connection = {
        "connection_id": "aws_default",
        "conn_type": "aws",
        "extra": '{"endpoint_url": "http://127.0.0.1:9"}',
    }
    for user in (vera, uma):
        assert user.call("POST", "/connections", json=connection).status_code == 403
    # One who may make connections makes one of the table's id: the record is reached all the same
    made = world.user("eve").call("POST", "/connections", json=connection)
    assert made.status_code in {201, 409}, made.text
    time.sleep(HOLD)
    for name in ("vera", "uma", "eve", "bob", "admin"):
        assert world.user(name).answer(*run.gate("applications")).status_code == 403
    # Forged: an approval in alice's name, and the gate marked by a plain user
    forged = {"decision": "APPROVED", "by": "mallory", "time": "2026-01-01T00:00:00.000000Z", "attempt": 1}
    change(world, run.record, "SET waves[1].approval = :forged", **{":forged": forged})
    assert uma.set_task(*run.gate("applications"), "success").status_code == 200
    assert run.wait_for_end() == "failed"
    assert len(run.starts) == 1
    assert run.record["requestedBy"] == "uma"
    assert "none of the plan's approvers" in str(run.events)
    world.admin.call("DELETE", "/connections/aws_default")
    world.terminate_all()


def test_a_run_id_that_is_used_again_gets_nothing(world: World) -> None:
    """The run of a refused RECOVERY is deleted, triggered again with replace_recovered, and cleared."""
    real = world.start("one_wave", **REAL)
    assert real.wait_for_end() == "success", real.record.get("outcome")
    refused = Run(world, "one_wave", f"again-{uuid.uuid4()}")
    world.user("alice").trigger("one_wave", refused.run_id, **REAL).raise_for_status()
    assert refused.wait_for_end() == "failed"
    assert "Real recovery instances are running" in refused.record["outcome"]
    before, uma = refused.record, world.user("uma")
    assert uma.call("DELETE", f"/dags/one_wave/dagRuns/{refused.run_id}").status_code == 204
    uma.trigger("one_wave", refused.run_id, **REAL, replace_recovered="one_wave").raise_for_status()
    assert refused.wait_for_end() == "failed"
    uma.clear(*refused.key, "open_execution", "files.approve", "files.start_recovery").raise_for_status()
    until("the clear to begin", lambda: world.admin.run(*refused.key)["state"] != "failed")
    assert refused.wait_for_end() == "failed"
    assert refused.record == before
    assert refused.starts == []
    shown = [event["detail"] for event in refused.events if event["type"] == "RUN_REFUSED"]
    assert any("triggered by uma" in texts and "replace_recovered: 'one_wave'" in texts for texts in shown)
    world.terminate_all()


def test_an_ordered_clean_up_comes_though_its_gate_was_marked(world: World) -> None:
    """By a plain user, too early: nothing is terminated, another DAG run asks again, and alice answers it."""
    run = world.start("asks_to_clean_up")
    assert run.wait_for_end() == "success", run.record.get("outcome")
    change(world, run.record, "SET cleanupDue = :now", **{":now": iso(datetime.now(UTC))})
    sweep(world, "alice")
    ended = run.record["endTime"]
    first = Run(world, CLEAN_UP, f"{run.record['executionId']}__{ended}")
    first.wait_for("approve", "awaiting_input")
    assert world.user("uma").set_task(*first.task("approve"), "success").status_code == 200
    assert first.wait_for_end() == "failed"
    assert run.record["cleanup"]["status"] == "WAITING"
    assert [call for call in world.requests("TerminateRecoveryInstances") if mine(run, call)] == []

    def attempt() -> bool:
        if int(run.record["cleanup"].get("attempt", 1)) < 2:
            sweep(world, "alice")
        return int(run.record["cleanup"].get("attempt", 1)) == 2

    until("another DAG run to be ordered", attempt)
    change(world, run.record, "SET cleanupDue = :now", **{":now": iso(datetime.now(UTC))})
    sweep(world, "alice")
    second = Run(world, CLEAN_UP, f"{first.run_id}__2")
    second.wait_for("approve", "awaiting_input")
    time.sleep(HOLD)
    assert world.user("alice").answer(*second.task("approve")).status_code == 200
    assert second.wait_for_end() == "success"
    assert (run.record["cleanup"]["status"], run.record["cleanup"]["approval"]["by"]) == ("DONE", "alice")


def iso(moment: datetime) -> str:
    """Return a time as records hold it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def mine(run: Run, call: dict[str, Any]) -> bool:
    """Whether a TerminateRecoveryInstances is for instances of a run."""
    known = {server.get("recoveryInstanceId") for server in run.servers}
    return bool(known & set(call["parameters"]["recoveryInstanceIDs"]))


def test_another_dag_triggers_drills_and_no_recovery(world: World) -> None:
    """A drill of a whole site is a DAG over plans; what is real is started by people alone."""
    site = world.start("whole_site", user="uma")
    assert site.wait_for_end() == "success"
    real = Run(world, "one_wave", f"recovery_of_{site.run_id}")
    assert real.wait_for_end() == "failed"
    assert "no schedule and no other DAG decides on it" in real.record["outcome"]
    drill = Run(world, "one_wave", f"drill_of_{site.run_id}")
    assert drill.wait_for_end() in {"success", "failed"}
    assert drill.record["requestedBy"] == "uma"
    assert (drill.record["status"], drill.record["executionType"]) == ("COMPLETED", "DRILL")
    world.terminate_all()
