"""Fixtures of what cases work with, and of a server that an agent adds and whose replication is shown."""

from __future__ import annotations

import pytest

from drs_simulator.drs.models import drs_backends
from drs_simulator.fleet import ServerDescription
from tests.simulator.drs.cases import DB1, DB2, Aws
from tests.simulator.drs.replicating import NEW

ACCOUNT, REGION = "123456789012", "eu-west-1"


@pytest.fixture
def aws(local_aws):
    """Give clients, and what cases need first."""
    return Aws(local_aws)


@pytest.fixture
def configure(aws):
    """Give a function that changes how DB1 is launched."""
    return lambda **changes: aws.drs.update_launch_configuration(sourceServerID=DB1, **changes)


@pytest.fixture
def backend(local_aws):
    """Give the backend of the fleet's account and Region: agents reach it beside all operations."""
    return drs_backends[ACCOUNT][REGION]


@pytest.fixture
def add(backend, let_pass):
    """Give a function that adds a server whose replication begins in a state, and returns it."""

    def added(state="CONTINUOUS", **described):
        described.setdefault("replication", {"state": state})
        return backend.register_source_server(
            ServerDescription(id=NEW, hostname="new.example", **described).to_drs()
        ).replication

    return added


@pytest.fixture
def seen(drs):
    """Give a function that describes the added server's replication."""

    def describe():
        (server,) = drs.describe_source_servers(filters={"sourceServerIDs": [NEW]})["items"]
        return server["dataReplicationInfo"]

    return describe


@pytest.fixture
def snapshots(drs):
    """Give a function that lists the added server's snapshots that are taken, oldest first."""

    def described():
        items = drs.describe_recovery_snapshots(sourceServerID=NEW, order="ASC")["items"]
        return [item["snapshotID"] for item in items if "timestamp" in item]

    return described


@pytest.fixture
def template_id(aws):
    """Give the id of DB1's EC2 launch template."""
    return aws.drs.get_launch_configuration(sourceServerID=DB1)["ec2LaunchTemplateID"]


@pytest.fixture
def edit(aws, template_id):
    """Give a function that changes what DB1's EC2 launch template says."""

    def write(**data):
        aws.ec2.create_launch_template_version(
            LaunchTemplateId=template_id, SourceVersion="$Default", LaunchTemplateData=data
        )
        aws.ec2.modify_launch_template(LaunchTemplateId=template_id, DefaultVersion="$Latest")

    return write


@pytest.fixture
def subnet(aws):
    """Give a function that makes a small subnet in a network of its own."""

    def make(cidr="10.0.0.0/28", network="10.0.0.0/16", zone="eu-west-1a"):
        vpc_id = aws.ec2.create_vpc(CidrBlock=network)["Vpc"]["VpcId"]
        made = aws.ec2.create_subnet(VpcId=vpc_id, CidrBlock=cidr, AvailabilityZone=zone)["Subnet"]
        return made["SubnetId"], vpc_id

    return make


@pytest.fixture
def refused(aws):
    """Give a function that launches DB1 without effect, and returns EC2's code and words."""

    def launch(phase="LAUNCH"):
        kept = _in_ec2(aws)
        job = aws.start(DB1, DB2)
        (seen,) = aws.drs.describe_jobs(filters={"jobIDs": [job["jobID"]]})["items"]
        statuses = {s["sourceServerID"]: s["launchStatus"] for s in seen["participatingServers"]}
        assert (seen["status"], statuses) == ("COMPLETED", {DB1: "FAILED", DB2: "LAUNCHED"})
        assert aws.server()["lastLaunchResult"] == "FAILED"
        assert DB1 not in aws.instances()
        aws.drs.terminate_recovery_instances(recoveryInstanceIDs=[aws.instances()[DB2]["recoveryInstanceID"]])
        aws.let_pass()
        assert _in_ec2(aws) == kept
        log = aws.drs.describe_job_log_items(jobID=job["jobID"])["items"]
        (failed,) = [i for i in log if i["eventData"].get("rawError")]
        assert failed["event"] == {"LAUNCH": "LAUNCH_FAILED"}.get(phase, f"{phase}_FAIL")
        assert failed["eventData"]["sourceServerID"] == DB1
        code, _, message = failed["eventData"]["rawError"].partition(
            ") when calling the RunInstances operation: "
        )
        return code.removeprefix("An error occurred ("), message

    return launch


def _in_ec2(aws):
    """Return what runs in EC2, and costs: instances, and volumes."""
    reservations = aws.ec2.describe_instances()["Reservations"]
    instances = [i for r in reservations for i in r["Instances"] if i["State"]["Name"] != "terminated"]
    return {i["InstanceId"] for i in instances}, {
        v["VolumeId"] for v in aws.ec2.describe_volumes()["Volumes"]
    }
