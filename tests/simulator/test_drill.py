"""A drill from describe to terminate, as a client sees it."""

from __future__ import annotations

import time
from itertools import groupby


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


def _followed(drs, job):
    """Return the statuses that a job passes through until its end, as a client sees them that polls."""
    seen = [job["status"]]
    while seen[-1] != "COMPLETED":
        time.sleep(0.02)
        (described,) = drs.describe_jobs(filters={"jobIDs": [job["jobID"]]})["items"]
        seen.append(described["status"])
    return [status for status, _ in groupby(seen)]


def _events(drs, job):
    pages = drs.get_paginator("describe_job_log_items").paginate(jobID=job["jobID"])
    return [entry["event"] for page in pages for entry in page["items"]]


def test_a_drill_against_the_process(process_aws):
    """By the passing of time alone: the process launches, says what it does, and terminates."""
    drs, ec2 = process_aws.client("drs"), process_aws.client("ec2")
    pages = drs.get_paginator("describe_source_servers").paginate(PaginationConfig={"PageSize": 5})
    fleet = [server for page in pages for server in page["items"]]
    chosen = [server["sourceServerID"] for server in fleet if server["tags"].get("Tier") == "db"][:2]
    assert drs.describe_recovery_snapshots(sourceServerID=chosen[0])["items"]
    assert drs.get_launch_configuration(sourceServerID=chosen[0])["launchDisposition"] == "STARTED"

    wanted = [{"sourceServerID": server_id} for server_id in chosen]
    job = drs.start_recovery(sourceServers=wanted, isDrill=True, tags={"wave": "0"})["job"]
    assert _followed(drs, job) == ["PENDING", "STARTED", "COMPLETED"]
    events = _events(drs, job)
    assert (events[0], events[-1], events.count("LAUNCH_START")) == ("JOB_START", "JOB_END", 2)

    instances = drs.describe_recovery_instances(filters={"sourceServerIDs": chosen})["items"]
    assert {(i["jobID"], i["isDrill"], i["ec2InstanceState"]) for i in instances} == {
        (job["jobID"], True, "RUNNING")
    }
    ids = [instance["recoveryInstanceID"] for instance in instances]
    ended = drs.terminate_recovery_instances(recoveryInstanceIDs=ids)["job"]
    assert _followed(drs, ended)[-1] == "COMPLETED"
    assert drs.describe_recovery_instances()["items"] == []
    reservations = ec2.describe_instances(InstanceIds=ids)["Reservations"]
    assert {i["State"]["Name"] for r in reservations for i in r["Instances"]} == {"terminated"}
