"""A drill from describe to terminate, as a client sees it."""

from __future__ import annotations


def test_a_drill_from_describe_to_terminate(local_aws):
    """A job launches recovery instances that are EC2 instances; terminating them makes them go away."""
    drs, ec2 = local_aws.client("drs"), local_aws.client("ec2")
    servers = [{"sourceServerID": s["sourceServerID"]} for s in drs.describe_source_servers()["items"][:2]]

    job = drs.start_recovery(sourceServers=servers, isDrill=True, tags={"wave": "0"})["job"]
    assert job["status"] == "PENDING"
    (seen,) = drs.describe_jobs(filters={"jobIDs": [job["jobID"]]})["items"]
    assert (seen["status"], seen["tags"]) == ("COMPLETED", {"wave": "0"})
    assert {s["launchStatus"] for s in seen["participatingServers"]} == {"LAUNCHED"}

    launched = {i["recoveryInstanceID"] for i in drs.describe_recovery_instances()["items"]}
    described = ec2.describe_instances(InstanceIds=list(launched))["Reservations"]
    assert {i["State"]["Name"] for r in described for i in r["Instances"]} == {"running"}

    drs.terminate_recovery_instances(recoveryInstanceIDs=list(launched))
    newest = drs.describe_jobs()["items"][0]
    assert (newest["type"], newest["status"], newest["participatingServers"]) == (
        "TERMINATE",
        "COMPLETED",
        [],
    )
    assert drs.describe_recovery_instances()["items"] == []
