"""What people do in EC2 to recovery instances, and what EC2 refuses, decides what DRS can do."""

from __future__ import annotations

import pytest

from tests.simulator.drs.cases import DB1, DB2, EC2_ORIGIN


@pytest.fixture
def protect(aws):
    """Give a function that switches the termination protection of an EC2 instance."""

    def switch(instance_id, *, on=True):
        aws.ec2.modify_instance_attribute(InstanceId=instance_id, DisableApiTermination={"Value": on})

    return switch


def _log(aws, job):
    """Return the events of a job, and what EC2 said."""
    items = aws.drs.describe_job_log_items(jobID=job["jobID"])["items"]
    return [i["event"] for i in items], [e for i in items if (e := i["eventData"].get("rawError"))]


def _statuses(aws, job):
    (seen,) = aws.drs.describe_jobs(filters={"jobIDs": [job["jobID"]]})["items"]
    assert seen["status"] == "COMPLETED"
    return {s["sourceServerID"]: s["launchStatus"] for s in seen["participatingServers"]}


def test_r25_an_instance_stopped_in_ec2_is_shown_as_stopped(aws):
    """R-25: ec2InstanceState follows EC2; the launch stays LAUNCHED."""
    instance_id = aws.launched()
    aws.ec2.stop_instances(InstanceIds=[instance_id])
    assert aws.instances()[DB1]["ec2InstanceState"] == "STOPPED"
    assert aws.server()["lastLaunchResult"] == "SUCCEEDED"


def test_a_protected_instance_outlives_its_termination(aws, protect):
    """The job is COMPLETED all the same; CLEANUP_FAIL says why, and what is not protected is gone."""
    first, second = aws.launched(DB1), aws.launched(DB2)
    protect(first)
    job = aws.drs.terminate_recovery_instances(recoveryInstanceIDs=[first, second])["job"]
    assert _statuses(aws, job) == {}
    events, errors = _log(aws, job)
    assert (events.count("CLEANUP_END"), events.count("CLEANUP_FAIL")) == (1, 1)
    assert "(OperationNotPermitted)" in errors[0]
    assert first in errors[0]
    assert list(aws.instances()) == [DB1]
    assert aws.instances()[DB1]["ec2InstanceState"] == "RUNNING"
    protect(first, on=False)
    aws.drs.terminate_recovery_instances(recoveryInstanceIDs=[first])
    assert aws.instances() == {}


def test_r14_a_protected_instance_is_not_replaced(aws, protect):
    """The launch that would replace it is FAILED in its clean-up; others of its job are launched."""
    instance_id = aws.launched(DB1)
    protect(instance_id)
    job = aws.start(DB1, DB2)
    assert _statuses(aws, job) == {DB1: "FAILED", DB2: "LAUNCHED"}
    events, errors = _log(aws, job)
    assert "CLEANUP_FAIL" in events
    assert events.count("LAUNCH_START") == 1
    assert "TerminateInstances" in errors[0]
    assert aws.instances()[DB1]["recoveryInstanceID"] == instance_id
    assert aws.server()["lastLaunchResult"] == "FAILED"
    protect(instance_id, on=False)
    assert aws.launched(DB1) != instance_id


def test_a_protected_instance_is_refused_as_time_passes(aws, protect):
    """The clean-up fails when it would have ended, and the job ends then, not when the launch would."""
    instance_id = aws.launched(DB1)
    protect(instance_id)
    aws.hold_time()
    job = aws.start(DB1)
    aws.let_pass(15)
    assert _log(aws, job) == (["JOB_START", "CLEANUP_START"], [])
    aws.let_pass(90)
    assert _statuses(aws, job) == {DB1: "FAILED"}


def test_a_protected_instance_is_disconnected_and_deleted(aws, protect):
    """To DRS it is one like any other; EC2 keeps it."""
    instance_id = aws.launched()
    protect(instance_id)
    aws.drs.disconnect_recovery_instance(recoveryInstanceID=instance_id)
    aws.drs.delete_recovery_instance(recoveryInstanceID=instance_id)
    assert aws.instances() == {}
    assert aws.ec2_instance(instance_id)["State"]["Name"] == "running"


@pytest.fixture
def terminated(aws):
    """Give the id of a recovery instance that someone has terminated in EC2."""
    aws.client("drs", region="eu-central-1").initialize_service()
    aws.add_server()
    instance_id = aws.launched(EC2_ORIGIN)
    aws.ec2.terminate_instances(InstanceIds=[instance_id])
    return instance_id


def test_an_instance_terminated_in_ec2_is_still_known_to_drs(aws, terminated):
    """DRS shows it as TERMINATED, until it is terminated in DRS as well, which finds nothing to do."""
    assert aws.instances()[EC2_ORIGIN]["ec2InstanceState"] == "TERMINATED"
    job = aws.drs.terminate_recovery_instances(recoveryInstanceIDs=[terminated])["job"]
    assert _statuses(aws, job) == {}
    assert _log(aws, job)[0] == ["JOB_START", "CLEANUP_START", "CLEANUP_END", "JOB_END"]
    assert aws.instances() == {}


def test_an_instance_terminated_in_ec2_is_replaced(aws, terminated):
    """Launching again cleans up, and launches."""
    assert aws.launched(EC2_ORIGIN) != terminated
    assert aws.instances()[EC2_ORIGIN]["ec2InstanceState"] == "RUNNING"


def test_an_instance_terminated_in_ec2_cannot_fail_back(aws, terminated):
    """Its data are gone: a Conflict that says so; what it was told to do can still be taken back."""
    with pytest.raises(aws.drs.exceptions.ConflictException, match="is TERMINATED"):
        aws.drs.reverse_replication(recoveryInstanceID=terminated)
    with pytest.raises(
        aws.drs.exceptions.ValidationException, match="is TERMINATED: allowed is FAILBACK_READY"
    ):
        aws.drs.start_failback_launch(recoveryInstanceIDs=[terminated])
    aws.drs.stop_failback(recoveryInstanceID=terminated)
    aws.drs.disconnect_recovery_instance(recoveryInstanceID=terminated)
    aws.drs.delete_recovery_instance(recoveryInstanceID=terminated)
    assert aws.instances() == {}


def test_a_launch_that_ec2_refuses_is_failed(aws):
    """Without a subnet to launch into, the server is FAILED, and the log has what EC2 said."""
    for subnet in aws.ec2.describe_subnets()["Subnets"]:
        aws.ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    job = aws.start(DB1)
    assert _statuses(aws, job) == {DB1: "FAILED"}
    events, errors = _log(aws, job)
    assert events[-2:] == ["LAUNCH_FAILED", "JOB_END"]
    assert "RunInstances" in errors[0]
    assert aws.instances() == {}


def test_what_breaks_in_ec2_is_no_success(aws, monkeypatch, backend):
    """A launch whose instance was never made is FAILED, whatever EC2 fails with, and the next is healthy."""
    with monkeypatch.context() as broken:
        broken.setattr(backend.ec2, "run_instances", lambda *_, **__: 1 / 0)
        job = aws.start(DB1, DB2)
        assert _statuses(aws, job) == {DB1: "FAILED", DB2: "FAILED"}
    _, errors = _log(aws, job)
    assert len(errors) == 2
    assert "(InternalError)" in errors[0]
    assert "ZeroDivisionError" in errors[0]
    assert aws.instances() == {}
    assert aws.launched(DB1)
