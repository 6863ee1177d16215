"""Cases of the operations on source servers, their replication, and tags."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.simulator.drs.cases import DB1, ORIGIN, Aws, effect, refusal

CONFLICT = "ConflictException"


@effect("InitializeService")
def initialize(aws: Aws) -> None:
    """It opens a Region, empty."""
    elsewhere = aws.client("drs", region=ORIGIN)
    with pytest.raises(ClientError, match="UninitializedAccountException"):
        elsewhere.describe_source_servers()
    elsewhere.initialize_service()
    assert elsewhere.describe_source_servers()["items"] == []


@effect("DescribeSourceServers")
def describe_servers(aws: Aws) -> None:
    """It shows the servers that are there, and no longer those that were deleted."""
    before = len(aws.drs.describe_source_servers()["items"])
    aws.drs.disconnect_source_server(sourceServerID=DB1)
    aws.drs.delete_source_server(sourceServerID=DB1)
    assert len(aws.drs.describe_source_servers()["items"]) == before - 1


@effect("StopReplication")
def stop(aws: Aws) -> None:
    """It leaves the server STOPPED."""
    answer = aws.drs.stop_replication(sourceServerID=DB1)["sourceServer"]
    assert answer["dataReplicationInfo"]["dataReplicationState"] == aws.state() == "STOPPED"


@effect("StartReplication")
def start(aws: Aws) -> None:
    """It begins with the initiation, and ends in CONTINUOUS."""
    aws.drs.stop_replication(sourceServerID=DB1)
    aws.hold_time()
    answer = aws.drs.start_replication(sourceServerID=DB1)["sourceServer"]
    assert answer["dataReplicationInfo"]["dataReplicationState"] == aws.state() == "INITIATING"
    aws.let_pass()
    assert aws.state() == "CONTINUOUS"


@effect("RetryDataReplication")
def retry(aws: Aws) -> None:
    """It makes a disconnected server replicate again."""
    aws.drs.disconnect_source_server(sourceServerID=DB1)
    aws.drs.retry_data_replication(sourceServerID=DB1)
    aws.let_pass()
    assert aws.state() == "CONTINUOUS"


@effect("DisconnectSourceServer")
def disconnect(aws: Aws) -> None:
    """It leaves the server DISCONNECTED at once, with nothing replicated and no lag."""
    aws.drs.disconnect_source_server(sourceServerID=DB1)
    replication = aws.server()["dataReplicationInfo"]
    assert replication["dataReplicationState"] == "DISCONNECTED"
    assert {disk["totalStorageBytes"] for disk in replication["replicatedDisks"]} == {0}
    assert "lagDuration" not in replication


@effect("DeleteSourceServer")
def delete(aws: Aws) -> None:
    """It removes the server, and the EC2 launch template that DRS made for it."""
    template_id = aws.drs.get_launch_configuration(sourceServerID=DB1)["ec2LaunchTemplateID"]
    aws.drs.disconnect_source_server(sourceServerID=DB1)
    aws.drs.delete_source_server(sourceServerID=DB1)
    assert aws.drs.describe_source_servers(filters={"sourceServerIDs": [DB1]})["items"] == []
    templates = aws.ec2.describe_launch_templates()["LaunchTemplates"]
    assert template_id not in [template["LaunchTemplateId"] for template in templates]


@effect("DescribeRecoverySnapshots")
def snapshots(aws: Aws) -> None:
    """Its snapshots can be launched."""
    snapshot = aws.drs.describe_recovery_snapshots(sourceServerID=DB1)["items"][2]
    wanted = [{"sourceServerID": DB1, "recoverySnapshotID": snapshot["snapshotID"]}]
    aws.drs.start_recovery(sourceServers=wanted)
    assert aws.instances()[DB1]["pointInTimeSnapshotDateTime"] == snapshot["timestamp"]


@effect("TagResource")
def tag(aws: Aws) -> None:
    """Describe shows the tag."""
    aws.drs.tag_resource(resourceArn=aws.server()["arn"], tags={"owner": "eve"})
    assert aws.server()["tags"]["owner"] == "eve"


@effect("UntagResource")
def untag(aws: Aws) -> None:
    """Describe shows the tag no more."""
    aws.drs.untag_resource(resourceArn=aws.server()["arn"], tagKeys=["Tier"])
    assert "Tier" not in aws.server()["tags"]


@effect("ListTagsForResource")
def list_tags(aws: Aws) -> None:
    """It shows the same tags as describe."""
    server = aws.server()
    assert aws.drs.list_tags_for_resource(resourceArn=server["arn"])["tags"] == server["tags"]


@refusal("StopReplication", CONFLICT)
def stop_stopped(aws: Aws) -> None:
    """A stopped server cannot be stopped."""
    aws.drs.stop_replication(sourceServerID=DB1)
    aws.drs.stop_replication(sourceServerID=DB1)


@refusal("StartReplication", CONFLICT)
def start_started(aws: Aws) -> None:
    """A server that replicates cannot be started."""
    aws.drs.start_replication(sourceServerID=DB1)


@refusal("DisconnectSourceServer", CONFLICT)
def disconnect_recovered(aws: Aws) -> None:
    """A server with a recovery instance cannot be disconnected."""
    aws.launched()
    aws.drs.disconnect_source_server(sourceServerID=DB1)


@refusal("DeleteSourceServer", CONFLICT)
def delete_connected(aws: Aws) -> None:
    """A server that is not disconnected cannot be deleted."""
    aws.drs.stop_replication(sourceServerID=DB1)
    aws.drs.delete_source_server(sourceServerID=DB1)
