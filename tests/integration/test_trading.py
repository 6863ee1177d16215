"""The example plan that says everything: a drill in an isolated network, then the recovery, by two people."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest

from tests.airflow_rest import HOLD, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.running_stack import Run, World

pytestmark = pytest.mark.stack

PLAN = "trading"
LEDGER, ENGINES = "s-00000000000tra011", {"s-00000000000tra021", "s-00000000000tra022"}
DRILL, RECOVERY = "subnet-0000000000001501a", "subnet-00000000000dec0de"
HERE, THERE = ("123456789012", "eu-west-1"), ("210987654321", "eu-central-1")
ZONE, NAME = "Z0TRADING", "www.trading.example."


@pytest.fixture
def trading(world: World) -> Iterator[World]:
    """The stack, on which this plan has recovered nothing before, and leaves nothing."""
    yield world
    world.terminate_all()
    drs = second_account(world, "drs")
    if ids := [one["recoveryInstanceID"] for one in drs.describe_recovery_instances()["items"]]:
        drs.terminate_recovery_instances(recoveryInstanceIDs=ids)


def second_account(world: World, service: str) -> Any:
    """Return a client of the account and Region of the plan's last wave, by a role in it."""
    role = {"RoleArn": "arn:aws:iam::210987654321:role/recovery", "RoleSessionName": "tests"}
    given = world.client("sts").assume_role(**role)["Credentials"]
    return boto3.client(
        service,
        region_name="eu-central-1",
        endpoint_url=world.stack.aws_url,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )


def answer(run: Run, wave: str, user: str, reason: str) -> None:
    """Approve a gate as soon as it may be answered."""
    run.wait_for(f"{wave}.approve", "deferred", "awaiting_input")
    time.sleep(HOLD)
    assert run.world.user(user).answer(*run.gate(wave), reason=reason).is_success


def actions(run: Run) -> dict[str, str]:
    """Return how the actions stand on record, by their tasks."""
    items = run.world.records.tasks(run.record)
    return {item["taskId"]: item["state"] for item in items if "action" in item}


def titles(world: World) -> list[str]:
    """Return what the bridge was sent."""
    kept = httpx.get(f"{world.stack.aws_url}/simulator/messages", trust_env=False).json()["messages"]
    return [message["title"] for message in kept]


def records_of_zone(world: World) -> dict[str, list[str]]:
    """Return the values of the zone's A records, by name."""
    found = world.client("route53").list_resource_record_sets(HostedZoneId=ZONE)["ResourceRecordSets"]
    return {one["Name"]: [v["Value"] for v in one["ResourceRecords"]] for one in found if one["Type"] == "A"}


def default_version(world: World) -> dict[str, Any]:
    """Return the default version of the ledger's launch template, as EC2 has it."""
    template = world.client("drs").get_launch_configuration(sourceServerID=LEDGER)["ec2LaunchTemplateID"]
    found = world.client("ec2").describe_launch_template_versions(
        LaunchTemplateId=template, Versions=["$Default"]
    )
    data: dict[str, Any] = found["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    return data


def subnets_of(run: Run) -> set[str]:
    """Return the subnets of the instances that were launched in the fleet's account."""
    ids = [one["recoveryInstanceId"] for one in run.servers if one["sourceServerID"] in {LEDGER, *ENGINES}]
    found = run.world.client("ec2").describe_instances(InstanceIds=ids)["Reservations"]
    return {instance["SubnetId"] for reservation in found for instance in reservation["Instances"]}


def test_a_drill_is_kept_apart_and_puts_back_what_it_changed(trading: World) -> None:
    """Launched small, in a network of its own, from a snapshot; DNS and the writers are left alone."""
    before = default_version(trading)
    drill = trading.start(PLAN, reason="monthly drill")
    answer(drill, "ledger", "alice", "go")
    until("the ledger and the engines", lambda: drill.statuses[:2] == ["COMPLETED", "COMPLETED"])
    assert default_version(trading)["InstanceType"] == "r6i.large"
    assert subnets_of(drill) == {DRILL}
    answer(drill, "web", "bob", "go on")
    assert drill.wait_for_end() == "success"
    assert drill.record["status"] == "COMPLETED"
    done = ["before_open_the_bridge", "ledger.after_promote", "after_say_that_it_is_back"]
    assert actions(drill) == dict.fromkeys(done, "SUCCESS")
    assert all(one["checksStatus"] == "PASSED" for one in drill.servers if one["waveNumber"] != 1)
    assert titles(trading)[-2:] == ["Trading: DRILL", "Trading is back"]
    assert NAME not in records_of_zone(trading)
    assert [(wave["accountId"], wave["region"]) for wave in drill.record["waves"]] == [HERE, HERE, THERE]
    (ledger,) = [one for one in drill.servers if one["sourceServerID"] == LEDGER]
    asked = {"sourceServerID": LEDGER, "recoverySnapshotID": ledger["recoverySnapshotID"]}
    assert drill.starts[0]["parameters"]["sourceServers"] == [asked]
    until("the clean-up", lambda: drill.record.get("cleanup", {}).get("status") == "DONE")
    ended = [call["region"] for call in trading.requests("TerminateRecoveryInstances")]
    assert {region for _, region in (HERE, THERE)} <= set(ended)
    until("the settings to be put back", lambda: "PUT_BACK_DONE" in types(drill))
    assert default_version(trading) == before


def types(run: Run) -> list[str]:
    """Return the types of the events of the audit trail."""
    return [event["type"] for event in run.events]


def test_the_recovery_is_the_real_thing_and_needs_two_people(trading: World) -> None:
    """DNS points to what was launched, settings stay, and who passed a gate alone is named."""
    recovery = trading.start(PLAN, execution_type="RECOVERY", confirm=PLAN, reason="the Region is down")
    answer(recovery, "ledger", "alice", "it is down")
    until("one approval", lambda: recovery.record["waves"][0].get("approvalsGiven") == 1)
    assert not recovery.starts
    answer(recovery, "ledger", "bob", "confirmed")
    until("the ledger and the engines", lambda: recovery.statuses[:2] == ["COMPLETED", "COMPLETED"])
    assert subnets_of(recovery) == {RECOVERY, *default_subnet(trading)}
    answer(recovery, "web", "admin", "nobody else can be reached")
    assert recovery.wait_for_end() == "success"
    assert [event["actor"] for event in recovery.events if event["type"] == "BREAK_GLASS"] == ["admin"]
    states = actions(recovery)
    assert states["web.after_point_the_world_here"] == "SUCCESS"
    # No instance of local AWS is tagged as a writer, and the plan goes on without them
    assert states["ledger.before_stop_the_writers"] == "FAILED"
    assert recovery.record["status"] == "COMPLETED"
    web = {one["privateIp"] for one in recovery.servers if one["waveNumber"] == 2}
    assert set(records_of_zone(trading)[NAME]) == web
    assert default_version(trading)["InstanceType"] == "r6i.2xlarge"
    assert titles(trading)[-2:] == ["Trading: RECOVERY", "Trading is back"]


def default_subnet(world: World) -> set[str]:
    """Return where the engines are launched in a recovery, of which the plan says nothing."""
    found = world.client("ec2").describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])
    return {one["SubnetId"] for one in found["Subnets"] if one["AvailabilityZone"] == "eu-west-1a"}
