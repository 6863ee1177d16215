"""Cases of failback."""

from __future__ import annotations

from tests.simulator.drs.cases import EC2_ORIGIN, HOME, Aws, effect, refusal


@effect("ReverseReplication")
def reverse(aws: Aws) -> None:
    """It makes a source server at the origin; the instance is ready to fail back when that has synced."""
    aws.hold_time()
    instance_id, there = aws.reversed()
    (server,) = there.describe_source_servers()["items"]
    assert server["replicationDirection"] == "FAILBACK"
    assert server["sourceCloudProperties"]["originRegion"] == HOME
    assert server["reversedDirectionSourceServerArn"] == aws.server(EC2_ORIGIN)["arn"]
    assert aws.server(EC2_ORIGIN)["reversedDirectionSourceServerArn"] == server["arn"]
    assert aws.failback()["state"] == "FAILBACK_IN_PROGRESS"
    aws.let_pass()
    assert aws.failback()["state"] == "FAILBACK_READY_FOR_LAUNCH"
    assert aws.instances()[EC2_ORIGIN]["recoveryInstanceID"] == instance_id


@effect("StartFailbackLaunch")
def launch(aws: Aws) -> None:
    """It makes a job after which the failback is completed; EC2 has the recovery instance still."""
    instance_id, _ = aws.reversed()
    aws.let_pass()
    aws.hold_time()
    job = aws.drs.start_failback_launch(recoveryInstanceIDs=[instance_id], tags={"wave": "1"})["job"]
    assert (job["type"], job["initiatedBy"], job["tags"]) == ("LAUNCH", "FAILBACK", {"wave": "1"})
    assert aws.failback()["state"] == "FAILBACK_IN_PROGRESS"
    aws.let_pass()
    assert aws.jobs()[0] == job["jobID"] == aws.failback()["failbackJobID"]
    assert aws.failback()["state"] == "FAILBACK_COMPLETED"
    assert aws.ec2_instance(instance_id)["State"]["Name"] == "running"


@effect("StopFailback")
def stop(aws: Aws) -> None:
    """It returns the instance to the beginning, and stops the replication to the origin."""
    instance_id, there = aws.reversed()
    aws.drs.stop_failback(recoveryInstanceID=instance_id)
    assert aws.failback() == {"state": "FAILBACK_NOT_STARTED"}
    (server,) = there.describe_source_servers()["items"]
    assert server["dataReplicationInfo"]["dataReplicationState"] == "STOPPED"


@effect("GetFailbackReplicationConfiguration")
def get(aws: Aws) -> None:
    """It shows how an instance will replicate back, for each that was launched."""
    instance_id = aws.launched()
    configuration = aws.drs.get_failback_replication_configuration(recoveryInstanceID=instance_id)
    assert (configuration["recoveryInstanceID"], configuration["bandwidthThrottling"]) == (instance_id, 0)


@effect("UpdateFailbackReplicationConfiguration")
def update(aws: Aws) -> None:
    """It changes what it names, and nothing else."""
    instance_id = aws.launched()
    before = aws.drs.get_failback_replication_configuration(recoveryInstanceID=instance_id)
    aws.drs.update_failback_replication_configuration(recoveryInstanceID=instance_id, usePrivateIP=True)
    after = aws.drs.get_failback_replication_configuration(recoveryInstanceID=instance_id)
    del before["ResponseMetadata"], after["ResponseMetadata"]
    assert after == before | {"usePrivateIP": True}


@refusal("ReverseReplication", "ConflictException")
def reverse_twice(aws: Aws) -> None:
    """What fails back already cannot be reversed."""
    instance_id, _ = aws.reversed()
    aws.drs.reverse_replication(recoveryInstanceID=instance_id)


@refusal("StartFailbackLaunch", "ConflictException")
def launch_busy(aws: Aws) -> None:
    """An instance whose server is in a job cannot be failed back."""
    instance_id, _ = aws.reversed()
    aws.let_pass()
    aws.hold_time()
    aws.start(EC2_ORIGIN)
    aws.drs.start_failback_launch(recoveryInstanceIDs=[instance_id])


@refusal("StartFailbackLaunch", "ServiceQuotaExceededException")
def launch_too_many(aws: Aws) -> None:
    """A failback launch counts as a job."""
    instance_id, _ = aws.reversed()
    aws.let_pass()
    aws.control.set_quotas(concurrentJobs=0)
    aws.drs.start_failback_launch(recoveryInstanceIDs=[instance_id])
