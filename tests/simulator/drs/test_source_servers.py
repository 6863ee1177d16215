"""Source servers, their launch configuration, snapshots and tags."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

DB1, DB2 = "s-000000000000db001", "s-000000000000db002"
UNKNOWN = "s-00000000000000404"


def _describe(drs, server_id=DB1):
    (server,) = drs.describe_source_servers(filters={"sourceServerIDs": [server_id]})["items"]
    return server


def test_the_fleet_is_there_from_the_start(drs):
    """The servers that the example plans name exist, tagged and replicating."""
    servers = {s["sourceServerID"]: s for s in drs.describe_source_servers()["items"]}
    shop = [s["tags"]["Tier"] for s in servers.values() if s["tags"]["Application"] == "web-shop"]
    assert {tier: shop.count(tier) for tier in shop} == {"db": 2, "app": 3, "web": 4}
    assert servers[DB1]["sourceProperties"]["identificationHints"]["hostname"] == "db-1.shop.example"
    assert servers[DB1]["tags"]["Name"] == "shop-db-1"
    assert {s["dataReplicationInfo"]["dataReplicationState"] for s in servers.values()} == {"CONTINUOUS"}


@pytest.mark.parametrize("size", [1, 5, 16, 200])
def test_p4_pages_are_complete_and_without_repeats(drs, size):
    """P-4: at any page size every server comes once."""
    pages = drs.get_paginator("describe_source_servers").paginate(PaginationConfig={"PageSize": size})
    ids = [server["sourceServerID"] for page in pages for server in page["items"]]
    assert len(ids) == len(set(ids)) == 16


def test_unknown_servers_are_left_out(drs):
    """DescribeSourceServers finds what exists, without an error for the rest."""
    found = drs.describe_source_servers(filters={"sourceServerIDs": [DB1, UNKNOWN]})["items"]
    assert [s["sourceServerID"] for s in found] == [DB1]


def test_a_server_tells_of_its_last_launch(drs, launch, let_pass):
    """``lastLaunchResult`` and ``lastLaunch`` follow the last job, ``recoveryInstanceId`` its instance."""
    assert _describe(drs)["lastLaunchResult"] == "NOT_STARTED"
    job = launch(DB1)
    before = _describe(drs)
    assert before["lastLaunchResult"] == "PENDING"
    assert before["lifeCycle"]["lastLaunch"]["initiated"]["jobID"] == job["jobID"]
    let_pass(1300)
    after = _describe(drs)
    assert (after["lastLaunchResult"], after["lifeCycle"]["lastLaunch"]["status"]) == (
        "SUCCEEDED",
        "LAUNCHED",
    )
    (instance,) = drs.describe_recovery_instances()["items"]
    assert after["recoveryInstanceId"] == instance["recoveryInstanceID"]


def test_launch_configuration(drs):
    """GetLaunchConfiguration tells how a server is launched."""
    configuration = drs.get_launch_configuration(sourceServerID=DB1)
    assert (configuration["name"], configuration["launchDisposition"]) == ("shop-db-1", "STARTED")


def test_the_launch_configuration_of_an_unknown_server_is_not_found(drs):
    """GetLaunchConfiguration declares ResourceNotFoundException, with the id and type in its members."""
    with pytest.raises(drs.exceptions.ResourceNotFoundException) as refused:
        drs.get_launch_configuration(sourceServerID=UNKNOWN)
    response = refused.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert (response["resourceId"], response["resourceType"]) == (UNKNOWN, "SourceServer")


def test_r06_a_snapshot_that_is_not_taken_yet_has_no_timestamp(drs):
    """R-06: expectedTimestamp is always there, timestamp only once the snapshot is taken."""
    oldest_first = drs.describe_recovery_snapshots(sourceServerID=DB1, order="ASC")["items"]
    reported = ["timestamp" in snapshot for snapshot in oldest_first]
    assert (all(reported[:-1]), reported[-1]) == (True, False)
    expected = [snapshot["expectedTimestamp"] for snapshot in oldest_first]
    assert expected == sorted(expected)


def test_snapshots_come_in_the_order_that_is_asked_for(drs):
    """DESC is the reverse of ASC."""
    ascending = drs.describe_recovery_snapshots(sourceServerID=DB1, order="ASC")["items"]
    descending = drs.describe_recovery_snapshots(sourceServerID=DB1, order="DESC")["items"]
    assert ascending == descending[::-1]


def test_snapshots_are_found_by_date(drs):
    """``fromDateTime`` and ``toDateTime`` include the date itself."""
    snapshots = drs.describe_recovery_snapshots(sourceServerID=DB1)["items"]
    dates = [snapshot["expectedTimestamp"].replace("+00:00", "Z") for snapshot in snapshots]
    filters = {"fromDateTime": dates[1], "toDateTime": dates[3]}
    assert drs.describe_recovery_snapshots(sourceServerID=DB1, filters=filters)["items"] == snapshots[1:4]


def test_the_snapshot_that_is_asked_for_is_the_recovery_point(drs, look):
    """``pointInTimeSnapshotDateTime`` is the time of the snapshot given to StartRecovery."""
    snapshot = drs.describe_recovery_snapshots(sourceServerID=DB1)["items"][2]
    wanted = [{"sourceServerID": DB1, "recoverySnapshotID": snapshot["snapshotID"]}]
    look(drs.start_recovery(sourceServers=wanted)["job"])
    (instance,) = drs.describe_recovery_instances()["items"]
    assert instance["pointInTimeSnapshotDateTime"] == snapshot["timestamp"]


def test_a_snapshot_that_is_not_taken_yet_cannot_be_launched(drs):
    """The next snapshot is listed, but is no recovery point."""
    snapshot = drs.describe_recovery_snapshots(sourceServerID=DB1)["items"][-1]
    wanted = [{"sourceServerID": DB1, "recoverySnapshotID": snapshot["snapshotID"]}]
    with pytest.raises(drs.exceptions.ValidationException, match=snapshot["snapshotID"]):
        drs.start_recovery(sourceServers=wanted)


def test_snapshots_of_an_unknown_server_are_a_validation_error(drs):
    """DescribeRecoverySnapshots declares no ResourceNotFoundException."""
    with pytest.raises(drs.exceptions.ValidationException, match=UNKNOWN):
        drs.describe_recovery_snapshots(sourceServerID=UNKNOWN)


@pytest.mark.parametrize("kind", ["source server", "job", "recovery instance"])
def test_resources_have_tags(drs, launch, look, kind):
    """Source servers, jobs and recovery instances are tagged by ARN, and describe shows it."""
    job = launch(DB1)
    look(job)
    describe = {
        "source server": lambda: _describe(drs),
        "job": lambda: look(job),
        "recovery instance": lambda: drs.describe_recovery_instances()["items"][0],
    }[kind]
    arn, before = describe()["arn"], describe()["tags"]
    drs.tag_resource(resourceArn=arn, tags={"owner": "eve", "cost/center": "a b"})
    assert (
        drs.list_tags_for_resource(resourceArn=arn)["tags"]
        == describe()["tags"]
        == before
        | {
            "owner": "eve",
            "cost/center": "a b",
        }
    )
    drs.untag_resource(resourceArn=arn, tagKeys=["owner", "cost/center"])
    assert describe()["tags"] == before


@pytest.mark.parametrize(
    "call",
    [
        lambda drs, arn: drs.list_tags_for_resource(resourceArn=arn),
        lambda drs, arn: drs.tag_resource(resourceArn=arn, tags={"a": "b"}),
        lambda drs, arn: drs.untag_resource(resourceArn=arn, tagKeys=["a"]),
    ],
    ids=["list", "tag", "untag"],
)
def test_an_unknown_resource_has_no_tags(drs, call):
    """An ARN that names nothing here is a ResourceNotFoundException."""
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        call(drs, f"arn:aws:drs:eu-west-1:123456789012:source-server/{UNKNOWN}")
