"""Failback: from a recovery instance to its origin, and back again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.simulator.drs.cases import DB1, EC2_ORIGIN, ORIGIN


@pytest.fixture
def reversed_(aws):
    """Give the id of a recovery instance that replicates to its origin, and a client of DRS there."""
    instance_id, there = aws.reversed()
    aws.let_pass()
    return instance_id, there


def _only(items):
    (item,) = items
    return item


def test_what_came_from_elsewhere_cannot_be_reversed(aws):
    """ReverseReplication is for instances that originate in EC2: another one has no Region to return to."""
    instance_id = aws.launched(DB1)
    assert aws.instances()[DB1]["originEnvironment"] == "ON_PREMISES"
    with pytest.raises(aws.drs.exceptions.ValidationException, match=instance_id):
        aws.drs.reverse_replication(recoveryInstanceID=instance_id)


def test_the_origin_must_be_initialized(aws):
    """The replication needs DRS in the Region of the origin; without it nothing is begun."""
    aws.add_server()
    instance_id = aws.launched(EC2_ORIGIN)
    assert aws.instances()[EC2_ORIGIN]["originEnvironment"] == "AWS"
    with pytest.raises(aws.drs.exceptions.UninitializedAccountException):
        aws.drs.reverse_replication(recoveryInstanceID=instance_id)
    assert aws.failback() == {"state": "FAILBACK_NOT_STARTED"}


def test_what_fails_back_is_added_when_it_is_reversed(aws):
    """Its life begins with the reversal, of whatever age the server is that it is the opposite of."""
    before = datetime.now(UTC)
    aws.hold_time()
    _, there = aws.reversed()
    server = _only(there.describe_source_servers()["items"])
    added = datetime.fromisoformat(server["lifeCycle"]["addedToServiceDateTime"])
    started = server["dataReplicationInfo"]["dataReplicationInitiation"]["startDateTime"]
    assert before < added == datetime.fromisoformat(started)
    assert added <= datetime.fromisoformat(server["lifeCycle"]["lastSeenByServiceDateTime"])
    assert there.describe_recovery_snapshots(sourceServerID=server["sourceServerID"])["items"] == []


def test_a_disconnected_instance_cannot_be_reversed(aws, reversed_):
    """DisconnectRecoveryInstance stops the replication to the origin for good."""
    instance_id, there = reversed_
    aws.drs.disconnect_recovery_instance(recoveryInstanceID=instance_id)
    server = _only(there.describe_source_servers()["items"])
    assert server["dataReplicationInfo"]["dataReplicationState"] == "STOPPED"
    with pytest.raises(aws.drs.exceptions.ConflictException, match="DISCONNECTED"):
        aws.drs.reverse_replication(recoveryInstanceID=instance_id)


def test_what_fails_back_is_recovered_at_its_origin(aws, reversed_):
    """The server at the origin is launched as any other; its instance runs in the Region of the origin."""
    _, there = reversed_
    server = _only(there.describe_source_servers()["items"])
    there.start_recovery(sourceServers=[{"sourceServerID": server["sourceServerID"]}])
    instance = _only(there.describe_recovery_instances()["items"])
    ec2 = aws.client("ec2", region=ORIGIN)
    assert ec2.describe_instances(InstanceIds=[instance["ec2InstanceID"]])["Reservations"]


def test_a_reversal_at_the_origin_protects_the_first_server_again(aws, reversed_):
    """Reversing once more makes no third server: the first one replicates again."""
    _, there = reversed_
    server = _only(there.describe_source_servers()["items"])
    there.start_recovery(sourceServers=[{"sourceServerID": server["sourceServerID"]}])
    instance = _only(there.describe_recovery_instances()["items"])
    aws.drs.stop_replication(sourceServerID=EC2_ORIGIN)
    answer = there.reverse_replication(recoveryInstanceID=instance["recoveryInstanceID"])
    aws.let_pass()
    assert answer["reversedDirectionSourceServerArn"] == aws.server(EC2_ORIGIN)["arn"]
    assert aws.state(EC2_ORIGIN) == "CONTINUOUS"
    assert aws.server(EC2_ORIGIN)["replicationDirection"] == "FAILOVER"


def test_the_template_of_the_origin_counts_there(aws):
    """A server that comes back is launched as the template at its origin says."""
    there = aws.client("drs", region=ORIGIN)
    there.initialize_service()
    there.create_launch_configuration_template(copyTags=True)
    aws.reversed()
    server = _only(there.describe_source_servers()["items"])
    assert there.get_launch_configuration(sourceServerID=server["sourceServerID"])["copyTags"] is True


@pytest.mark.parametrize("state", ["FAILBACK_NOT_STARTED", "FAILBACK_IN_PROGRESS", "FAILBACK_COMPLETED"])
def test_only_what_is_ready_is_launched(aws, state):
    """StartFailbackLaunch refuses an instance in any other state, and names the state."""
    if state == "FAILBACK_NOT_STARTED":
        instance_id = aws.launched(DB1)
    else:
        aws.hold_time()
        instance_id, _ = aws.reversed()
    if state == "FAILBACK_COMPLETED":
        aws.let_pass()
        aws.drs.start_failback_launch(recoveryInstanceIDs=[instance_id])
        aws.let_pass()
    with pytest.raises(aws.drs.exceptions.ValidationException, match=f"{instance_id} is {state}"):
        aws.drs.start_failback_launch(recoveryInstanceIDs=[instance_id])


def test_a_stopped_replication_is_not_ready(aws, reversed_):
    """The failback waits for the replication at the origin, whoever stopped that."""
    _, there = reversed_
    server = _only(there.describe_source_servers()["items"])
    there.stop_replication(sourceServerID=server["sourceServerID"])
    assert aws.failback()["state"] == "FAILBACK_NOT_READY_FOR_LAUNCH"
    assert aws.instances()[EC2_ORIGIN]["dataReplicationInfo"]["dataReplicationState"] == "STOPPED"


def test_a_failback_launch_that_fails_is_an_error(aws, reversed_):
    """A launch that FAILED leaves FAILBACK_ERROR; StopFailback clears it, and it can be tried again."""
    instance_id, _ = reversed_
    aws.control.fail_server(EC2_ORIGIN)
    aws.drs.start_failback_launch(recoveryInstanceIDs=[instance_id])
    assert aws.failback()["state"] == "FAILBACK_ERROR"
    aws.drs.stop_failback(recoveryInstanceID=instance_id)
    aws.drs.reverse_replication(recoveryInstanceID=instance_id)
    aws.let_pass()
    assert aws.failback()["state"] == "FAILBACK_READY_FOR_LAUNCH"


def test_a_deleted_server_is_the_opposite_of_none(aws, reversed_):
    """When the server at the origin is deleted, the first one has no opposite direction any more."""
    instance_id, there = reversed_
    server = _only(there.describe_source_servers()["items"])
    aws.drs.stop_failback(recoveryInstanceID=instance_id)
    there.disconnect_source_server(sourceServerID=server["sourceServerID"])
    there.delete_source_server(sourceServerID=server["sourceServerID"])
    assert "reversedDirectionSourceServerArn" not in aws.server(EC2_ORIGIN)
