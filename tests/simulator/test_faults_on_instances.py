"""Instances of a server that are impaired, or lose their agent, until the fault is cleared."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from drs_simulator.client import ControlRefused

DB1, DB2 = "s-000000000000db001", "s-000000000000db002"


@pytest.fixture
def launched(drs):
    """Give the instances of two servers, launched together."""
    servers = [{"sourceServerID": server} for server in (DB1, DB2)]
    job = drs.start_recovery(sourceServers=servers, isDrill=True)["job"]["jobID"]
    (ended,) = drs.describe_jobs(filters={"jobIDs": [job]})["items"]
    assert ended["status"] == "COMPLETED"
    items = drs.describe_recovery_instances(filters={"sourceServerIDs": [DB1, DB2]})["items"]
    return {item["sourceServerID"]: item["recoveryInstanceID"] for item in items}


def test_status_checks_are_impaired_until_the_fault_is_cleared(local_aws, launched):
    """Both of them, of that server alone; a stopped instance has none."""
    ec2, control = local_aws.client("ec2"), local_aws.control

    def statuses():
        ids = [launched[DB1], launched[DB2]]
        found = ec2.describe_instance_status(InstanceIds=ids, IncludeAllInstances=True)["InstanceStatuses"]
        return {
            one["InstanceId"]: (one["SystemStatus"]["Status"], one["InstanceStatus"]["Status"])
            for one in found
        }

    fault = control.impair_server(DB1)
    assert statuses() == {launched[DB1]: ("impaired", "impaired"), launched[DB2]: ("ok", "ok")}
    control.remove_fault(fault)
    ec2.stop_instances(InstanceIds=[launched[DB2]])
    assert statuses() == {launched[DB1]: ("ok", "ok"), launched[DB2]: ("not-applicable", "not-applicable")}
    with pytest.raises(ClientError, match="InvalidInstanceID"):
        ec2.describe_instance_status(InstanceIds=["i-0fffffffffffffff0"])


def test_an_agent_is_lost_until_the_fault_is_cleared(local_aws, launched):
    """Only of what Systems Manager manages: an instance with a profile."""
    ec2, ssm, control = (local_aws.client("ec2"), local_aws.client("ssm"), local_aws.control)
    local_aws.client("iam").create_instance_profile(InstanceProfileName="managed")
    ec2.associate_iam_instance_profile(InstanceId=launched[DB1], IamInstanceProfile={"Name": "managed"})

    def pings():
        known = ssm.describe_instance_information()["InstanceInformationList"]
        return {one["InstanceId"]: one["PingStatus"] for one in known}

    fault = control.lose_agent(DB1)
    assert pings()[launched[DB1]] == "ConnectionLost"
    control.remove_fault(fault)
    assert pings()[launched[DB1]] == "Online"


def test_it_lasts_until_it_is_cleared(local_aws):
    """So it counts no hits."""
    with pytest.raises(ControlRefused, match="it lasts until it is cleared"):
        local_aws.control.add_faults({"servers": [{"effect": "impair", "sourceServerID": DB1, "times": 1}]})
