"""Cases of the operations on jobs and on what they launched."""

from __future__ import annotations

from tests.simulator.drs.cases import DB1, DB2, Aws, effect, refusal

CONFLICT, QUOTA = "ConflictException", "ServiceQuotaExceededException"


@effect("StartRecovery")
def start(aws: Aws) -> None:
    """It makes a job that launches the servers."""
    job = aws.start(DB1, tags={"wave": "1"})
    (seen,) = aws.drs.describe_jobs(filters={"jobIDs": [job["jobID"]]})["items"]
    assert (seen["status"], seen["tags"]) == ("COMPLETED", {"wave": "1"})
    assert list(aws.instances()) == [DB1]


@effect("DescribeJobs")
def describe(aws: Aws) -> None:
    """It shows the jobs that there are, the newest first."""
    ids = [aws.start(server)["jobID"] for server in (DB1, DB2)]
    assert aws.jobs() == ids[::-1]


@effect("DescribeJobLogItems")
def log(aws: Aws) -> None:
    """It tells from the job's begin to its end."""
    job = aws.start(DB1)
    events = [item["event"] for item in aws.drs.describe_job_log_items(jobID=job["jobID"])["items"]]
    assert [events[0], events[-1]] == ["JOB_START", "JOB_END"]


@effect("DeleteJob")
def delete(aws: Aws) -> None:
    """It removes a job from the list; what was launched stays, and later jobs still come first."""
    first, second = aws.start(DB1)["jobID"], aws.start(DB2)["jobID"]
    aws.jobs()
    aws.drs.delete_job(jobID=first)
    assert aws.jobs() == [second]
    assert set(aws.instances()) == {DB1, DB2}
    third = aws.start(DB1)["jobID"]
    assert aws.jobs() == [third, second]


@effect("DescribeRecoveryInstances")
def recovered(aws: Aws) -> None:
    """It shows what was launched, until that is terminated."""
    instance_id = aws.launched()
    aws.drs.terminate_recovery_instances(recoveryInstanceIDs=[instance_id])
    assert aws.instances() == {}


@effect("TerminateRecoveryInstances")
def terminate(aws: Aws) -> None:
    """It makes a job after which the EC2 instances are terminated."""
    instance_id = aws.launched()
    job = aws.drs.terminate_recovery_instances(recoveryInstanceIDs=[instance_id])["job"]
    assert aws.jobs()[0] == job["jobID"]
    assert aws.ec2_instance(instance_id)["State"]["Name"] == "terminated"


@effect("DisconnectRecoveryInstance")
def disconnect(aws: Aws) -> None:
    """It leaves the recovery instance DISCONNECTED, and its EC2 instance running."""
    instance_id = aws.launched()
    aws.drs.disconnect_recovery_instance(recoveryInstanceID=instance_id)
    replication = aws.instances()[DB1]["dataReplicationInfo"]
    assert replication["dataReplicationState"] == "DISCONNECTED"
    assert {disk["totalStorageBytes"] for disk in replication["replicatedDisks"]} == {0}
    assert aws.ec2_instance(instance_id)["State"]["Name"] == "running"


@effect("DeleteRecoveryInstance")
def delete_instance(aws: Aws) -> None:
    """DRS knows the recovery instance no more; its EC2 instance runs on."""
    instance_id = aws.launched()
    aws.drs.disconnect_recovery_instance(recoveryInstanceID=instance_id)
    aws.drs.delete_recovery_instance(recoveryInstanceID=instance_id)
    assert aws.instances() == {}
    assert "recoveryInstanceId" not in aws.server()
    assert aws.ec2_instance(instance_id)["State"]["Name"] == "running"


@refusal("StartRecovery", CONFLICT)
def start_busy(aws: Aws) -> None:
    """A server is in one job at a time."""
    aws.hold_time()
    aws.start(DB1)
    aws.start(DB1)


@refusal("StartRecovery", QUOTA)
def start_too_many(aws: Aws) -> None:
    """Beyond the quota of jobs there is no other."""
    aws.control.set_quotas(concurrentJobs=0)
    aws.start(DB1)


@refusal("DeleteJob", CONFLICT)
def delete_running(aws: Aws) -> None:
    """A job that runs cannot be deleted."""
    aws.hold_time()
    aws.drs.delete_job(jobID=aws.start(DB1)["jobID"])


@refusal("TerminateRecoveryInstances", CONFLICT)
def terminate_busy(aws: Aws) -> None:
    """A recovery instance whose server is in a job cannot be terminated."""
    instance_id = aws.launched()
    aws.hold_time()
    aws.start(DB1)
    aws.drs.terminate_recovery_instances(recoveryInstanceIDs=[instance_id])


@refusal("TerminateRecoveryInstances", QUOTA)
def terminate_too_many(aws: Aws) -> None:
    """A TERMINATE job counts as a job."""
    instance_id = aws.launched()
    aws.control.set_quotas(concurrentJobs=0)
    aws.drs.terminate_recovery_instances(recoveryInstanceIDs=[instance_id])


@refusal("DisconnectRecoveryInstance", CONFLICT)
def disconnect_busy(aws: Aws) -> None:
    """A recovery instance whose server is in a job cannot be disconnected."""
    instance_id = aws.launched()
    aws.hold_time()
    aws.start(DB1)
    aws.drs.disconnect_recovery_instance(recoveryInstanceID=instance_id)


@refusal("DeleteRecoveryInstance", CONFLICT)
def delete_connected(aws: Aws) -> None:
    """A recovery instance that is not disconnected cannot be deleted."""
    aws.drs.delete_recovery_instance(recoveryInstanceID=aws.launched())
