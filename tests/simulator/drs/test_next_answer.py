"""Whatever changes is in the next answer, though answers are not written from the beginning each time."""

from __future__ import annotations

from tests.simulator.drs.replicating import NEW


def _server(drs):
    (server,) = drs.describe_source_servers(filters={"sourceServerIDs": [NEW]})["items"]
    return server


def _changed(before, after):
    """Return the members that differ, without those of the life cycle that move with the clock."""
    names = {name for name in before | after if before.get(name) != after.get(name)}
    launches = [server["lifeCycle"]["lastLaunch"] for server in (before, after)]
    return names - {"lifeCycle"} | ({"lastLaunch"} if launches[0] != launches[1] else set())


def test_each_change_of_a_source_server(add, drs, launch, let_pass):
    """Tags, lag, standstill, launches, and the agent's signs of life."""
    replication = add()
    arn = _server(drs)["arn"]
    changes = [
        (lambda: drs.tag_resource(resourceArn=arn, tags={"Tier": "db"}), {"tags"}),
        (lambda: drs.untag_resource(resourceArn=arn, tagKeys=["Tier"]), {"tags"}),
        (lambda: replication.set_fault("lag", 90), {"dataReplicationInfo"}),
        (lambda: replication.set_fault("lag", 91), {"dataReplicationInfo"}),
        (lambda: replication.set_fault("stall", 92), {"dataReplicationInfo"}),
        (lambda: let_pass(10), {"dataReplicationInfo"}),
        (lambda: replication.set_fault(None), {"dataReplicationInfo"}),
        (lambda: let_pass(3600), {"dataReplicationInfo"}),
        (lambda: launch(NEW), {"lastLaunchResult", "lastLaunch"}),
        (lambda: let_pass(1500), {"lastLaunchResult", "lastLaunch", "recoveryInstanceId"}),
        (lambda: drs.stop_replication(sourceServerID=NEW), {"dataReplicationInfo"}),
    ]
    first = _server(drs)
    let_pass(60)
    before = _server(drs)
    seen = [server["lifeCycle"]["lastSeenByServiceDateTime"] for server in (first, before)]
    assert seen[0] < seen[1]
    for number, (change, expected) in enumerate(changes):
        change()
        after = _server(drs)
        assert (number, _changed(before, after)) == (number, expected)
        before = after


def test_each_change_of_a_job_and_its_instance(drs, ec2, launch, let_pass, add):
    """Statuses and tags of a job, state and tags of the instance, and the instance that is gone."""
    add()
    job_id = launch(NEW)["jobID"]
    (launched,) = drs.describe_jobs(filters={"jobIDs": [job_id]})["items"]
    assert launched["participatingServers"][0]["launchStatus"] == "PENDING"
    let_pass(1500)
    drs.tag_resource(resourceArn=launched["arn"], tags={"Plan": "shop"})
    (launched,) = drs.describe_jobs(filters={"jobIDs": [job_id]})["items"]
    assert launched["participatingServers"][0]["launchStatus"] == "LAUNCHED"
    assert (launched["status"], launched["tags"]) == ("COMPLETED", {"Plan": "shop"})
    (running,) = drs.describe_recovery_instances()["items"]
    instance_id = running["recoveryInstanceID"]
    drs.tag_resource(resourceArn=running["arn"], tags={"Tier": "db"})
    ec2.stop_instances(InstanceIds=[instance_id])
    (stopped,) = drs.describe_recovery_instances()["items"]
    assert (running["ec2InstanceState"], stopped["ec2InstanceState"]) == ("RUNNING", "STOPPED")
    assert stopped["tags"] == {"Tier": "db"}
    job_id = drs.terminate_recovery_instances(recoveryInstanceIDs=[instance_id])["job"]["jobID"]
    (ending,) = drs.describe_jobs(filters={"jobIDs": [job_id]})["items"]
    let_pass(200)
    (ended,) = drs.describe_jobs(filters={"jobIDs": [job_id]})["items"]
    assert [len(job["participatingServers"]) for job in (ending, ended)] == [1, 0]
    assert (drs.describe_recovery_instances()["items"], "recoveryInstanceId" in _server(drs)) == ([], False)
