"""Launch settings and recovery points, on the real stack."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.airflow_rest import until
from tests.recovery.tasks.settings import settings_of

if TYPE_CHECKING:
    from tests.integration.running_stack import Run, World

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

SERVER = "s-00000000000fil001"


def item(world: World, run: Run, name: str) -> dict[str, Any]:
    """Return an item of an execution as DynamoDB holds it."""
    key = {"executionId": {"S": run.record["executionId"]}, "item": {"S": name}}
    found: dict[str, Any] = world.client("dynamodb").get_item(
        TableName="recovery-executions", Key=key, ConsistentRead=True
    )["Item"]
    return found


def test_a_drill_launches_as_its_plan_says_and_puts_the_settings_back(world: World) -> None:
    """From the snapshot that was there when it opened; by the maintenance, without asking anybody."""
    before = settings_of(world, SERVER)
    run = world.start("settings")
    assert run.wait_for_end(120) == "success", run.record.get("outcome")
    (start,) = run.starts
    (server,) = run.servers
    assert start["parameters"]["sourceServers"] == [
        {"sourceServerID": SERVER, "recoverySnapshotID": server["recoverySnapshotID"]}
    ]
    reservations = world.client("ec2").describe_instances(InstanceIds=[server["recoveryInstanceId"]])
    (instance,) = reservations["Reservations"][0]["Instances"]
    assert instance["InstanceType"] == "t3.small"
    changed = item(world, run, f"LAUNCH#000#{SERVER}")["changes"]["L"]
    assert {"instance_type", "right_sizing", "tags.Owner"} <= {one["M"]["key"]["S"] for one in changed}

    def done() -> bool:
        return item(world, run, "PUT_BACK")["status"]["S"] == "DONE"

    until("the settings to be put back", done, 150)
    assert settings_of(world, SERVER) == before
    assert run.state == "success"
    types = [event["type"] for event in run.events]
    assert types[-2:] == ["PUT_BACK_STARTED", "PUT_BACK_DONE"], json.dumps(types)
