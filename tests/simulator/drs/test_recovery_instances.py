"""Recovery instances: EC2 instances that come with a launch and go with a termination."""

from __future__ import annotations

import pytest

DB1, DB2 = "s-000000000000db001", "s-000000000000db002"


def _instances(ec2, **filters):
    reservations = ec2.describe_instances(**filters)["Reservations"]
    return {i["InstanceId"]: i for reservation in reservations for i in reservation["Instances"]}


def _recovered(drs):
    return {i["sourceServerID"]: i for i in drs.describe_recovery_instances()["items"]}


def test_a_recovery_instance_is_an_ec2_instance(drs, ec2, launch, look):
    """Its id is that of an EC2 instance with a private address and the server's Name tag."""
    look(launch(DB1))
    recovered = _recovered(drs)[DB1]
    (instance,) = _instances(ec2).values()
    assert recovered["recoveryInstanceID"] == recovered["ec2InstanceID"] == instance["InstanceId"]
    assert {"Key": "Name", "Value": "shop-db-1"} in instance["Tags"]
    addresses = [
        ip for nic in recovered["recoveryInstanceProperties"]["networkInterfaces"] for ip in nic["ips"]
    ]
    assert addresses == [instance["PrivateIpAddress"]]


def test_instances_appear_in_ec2_without_a_look_at_drs(ec2, launch, let_pass):
    """EC2 and DRS tell the same time: whoever asks EC2 first sees the instances that are due."""
    launch(DB1)
    assert _instances(ec2) == {}
    let_pass(1300)
    assert len(_instances(ec2)) == 1


def test_t1_an_instance_names_the_job_that_launched_it(drs, launch, look):
    """T-1: jobID tells which instances are one's own."""
    job = launch(DB1)
    look(job)
    recovered = _recovered(drs)[DB1]
    assert (recovered["jobID"], recovered["isDrill"]) == (job["jobID"], True)


def test_a_recovery_is_no_drill(drs, launch, look):
    """``isDrill`` is false for what StartRecovery launched without isDrill."""
    look(launch(DB1, is_drill=False))
    assert _recovered(drs)[DB1]["isDrill"] is False


def test_instances_are_found_by_server_and_by_id(drs, launch, look):
    """Both filters of DescribeRecoveryInstances select; what is not known is left out."""
    look(launch())
    of_db1 = drs.describe_recovery_instances(filters={"sourceServerIDs": [DB1]})["items"]
    assert [i["sourceServerID"] for i in of_db1] == [DB1]
    instance_id = of_db1[0]["recoveryInstanceID"]
    wanted = [instance_id, "i-00000000000000000"]
    by_id = drs.describe_recovery_instances(filters={"recoveryInstanceIDs": wanted})["items"]
    assert [i["recoveryInstanceID"] for i in by_id] == [instance_id]


def test_pages_survive_an_instance_that_goes_between_them(drs, launch, look):
    """A token stays good when the instance after it is terminated before the next page."""
    look(launch(DB1, DB2, "s-00000000000app001"))
    everything = drs.describe_recovery_instances()["items"]
    page = drs.describe_recovery_instances(maxResults=1)
    drs.terminate_recovery_instances(recoveryInstanceIDs=[everything[1]["recoveryInstanceID"]])
    rest = drs.describe_recovery_instances(maxResults=10, nextToken=page["nextToken"])
    assert page["items"] == everything[:1]
    assert rest["items"] == everything[2:]
    assert "nextToken" not in rest


def test_r14_launching_again_replaces_the_earlier_instance(drs, ec2, launch, look):
    """The earlier recovery instance is terminated, and the log says CLEANUP."""
    look(launch(DB1, is_drill=False))
    earlier = _recovered(drs)[DB1]["recoveryInstanceID"]
    job = launch(DB1)
    look(job)
    later = _recovered(drs)[DB1]["recoveryInstanceID"]
    states = {i: instance["State"]["Name"] for i, instance in _instances(ec2).items()}
    assert states == {earlier: "terminated", later: "running"}
    events = [i["event"] for i in drs.describe_job_log_items(jobID=job["jobID"])["items"]]
    assert events[:3] == ["JOB_START", "CLEANUP_START", "CLEANUP_END"]


def test_the_earlier_instance_lives_until_its_cleanup_ends(drs, launch, let_pass):
    """A replacement destroys nothing before the job has begun, and then before anything new exists."""
    launch(DB1)
    let_pass(1300)
    earlier = _recovered(drs)[DB1]["recoveryInstanceID"]
    launch(DB1)
    assert _recovered(drs)[DB1]["recoveryInstanceID"] == earlier
    let_pass(101)
    assert _recovered(drs) == {}


def test_r49_a_finished_termination_lists_no_servers(drs, ec2, launch, look):
    """R-49: a TERMINATE job ends with an empty list, and then the instances are really gone."""
    look(launch())
    ids = [i["recoveryInstanceID"] for i in _recovered(drs).values()]
    job = drs.terminate_recovery_instances(recoveryInstanceIDs=ids)["job"]
    assert (job["type"], job["initiatedBy"]) == ("TERMINATE", "TERMINATE_RECOVERY_INSTANCES")
    assert {s["sourceServerID"] for s in job["participatingServers"]} == {DB1, DB2}
    seen = look(job)
    assert (seen["status"], seen["participatingServers"]) == ("COMPLETED", [])
    assert _recovered(drs) == {}
    assert {i["State"]["Name"] for i in _instances(ec2, InstanceIds=ids).values()} == {"terminated"}


def test_r48_instances_live_until_the_termination_has_ended(drs, launch, look, let_pass):
    """R-48: the answer of TerminateRecoveryInstances is a job that has terminated nothing yet."""
    launch(DB1)
    let_pass(1300)
    ids = [_recovered(drs)[DB1]["recoveryInstanceID"]]
    job = drs.terminate_recovery_instances(recoveryInstanceIDs=ids)["job"]
    assert look(job)["participatingServers"] == [
        {"sourceServerID": DB1, "recoveryInstanceID": ids[0], "launchStatus": "PENDING"}
    ]
    assert DB1 in _recovered(drs)
    let_pass(160)
    assert _recovered(drs) == {}


def test_terminating_an_unknown_instance_is_a_validation_error(drs):
    """TerminateRecoveryInstances declares no ResourceNotFoundException: an unknown id is a bad request."""
    with pytest.raises(drs.exceptions.ValidationException, match="i-00000000000000000"):
        drs.terminate_recovery_instances(recoveryInstanceIDs=["i-00000000000000000"])
