"""Which jobs DRS refuses: busy servers, quotas, unknown servers."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

DB1, DB2, APP1 = "s-000000000000db001", "s-000000000000db002", "s-00000000000app001"


def _refusal(call, *arguments):
    with pytest.raises(ClientError) as refused:
        call(*arguments)
    response = refused.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response


def test_a_server_has_one_job_at_a_time(launch, let_pass):
    """A server in a live job is a Conflict that names it; when the job has ended it is free."""
    launch(DB1)
    code, status, response = _refusal(launch, DB2, DB1)
    assert (code, status) == ("ConflictException", 409)
    assert (response["resourceId"], response["resourceType"]) == (DB1, "SourceServer")
    assert "currently being processed by a Job" in response["Error"]["Message"]
    let_pass(1300)
    assert launch(DB2, DB1)["status"] == "PENDING"


def test_r02_a_termination_locks_its_servers(drs, launch, let_pass):
    """R-02: a TERMINATE job is a job like any other: its servers can be neither launched nor terminated."""
    launch(DB1)
    let_pass(1300)
    ids = [i["recoveryInstanceID"] for i in drs.describe_recovery_instances()["items"]]
    drs.terminate_recovery_instances(recoveryInstanceIDs=ids)
    assert _refusal(launch, DB1)[0] == "ConflictException"
    with pytest.raises(drs.exceptions.ConflictException):
        drs.terminate_recovery_instances(recoveryInstanceIDs=ids)


@pytest.mark.usefixtures("let_pass")
def test_a_refused_job_leaves_nothing_behind(drs, launch):
    """A Conflict about one server starts none of the others."""
    launch(DB1)
    _refusal(launch, DB2, DB1)
    assert len(drs.describe_jobs()["items"]) == 1
    assert launch(DB2)["status"] == "PENDING"


@pytest.mark.parametrize(
    ("quota", "code"),
    [
        ({"serversInJob": 1}, "L-B827C881"),
        ({"concurrentJobs": 1}, "L-D88FAC3A"),
        ({"serversInAllJobs": 2}, "L-05AFA8C6"),
    ],
    ids=["servers in one job", "concurrent jobs", "servers in all jobs"],
)
@pytest.mark.usefixtures("let_pass")
def test_quotas_are_kept(local_aws, launch, quota, code):
    """Beyond a quota the answer is 402 with the quota's code; the job before it is not touched."""
    launch(APP1)
    local_aws.control.set_quotas(**quota)
    error, status, response = _refusal(launch, DB1, DB2)
    assert (error, status) == ("ServiceQuotaExceededException", 402)
    assert (response["serviceCode"], response["quotaCode"]) == ("drs", code)


def test_quotas_have_the_defaults_of_drs(local_aws):
    """Without a support case: 20 jobs, 100 servers in one, 500 in all."""
    assert local_aws.control.quotas() == {"concurrentJobs": 20, "serversInJob": 100, "serversInAllJobs": 500}


def test_an_unknown_server_is_a_validation_error(launch):
    """StartRecovery declares no ResourceNotFoundException: an unknown server is a bad request."""
    code, status, response = _refusal(launch, DB1, "s-00000000000000404")
    assert (code, status) == ("ValidationException", 400)
    assert response["fieldList"][0]["name"] == "sourceServers.sourceServerID"
    assert "s-00000000000000404" in response["Error"]["Message"]


def test_a_server_named_twice_is_refused(launch):
    """One job launches a server once."""
    assert _refusal(launch, DB1, DB1)[0] == "ValidationException"
