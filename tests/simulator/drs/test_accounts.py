"""Accounts and Regions are apart, and each is initialised by itself."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

DB1 = "s-000000000000db001"
CALLS = {
    "describe_source_servers": {},
    "describe_jobs": {},
    "describe_recovery_instances": {},
    "describe_job_log_items": {"jobID": "drsjob-00000000000000000"},
    "describe_recovery_snapshots": {"sourceServerID": DB1},
    "get_launch_configuration": {"sourceServerID": DB1},
    "start_recovery": {"sourceServers": [{"sourceServerID": DB1}]},
    "terminate_recovery_instances": {"recoveryInstanceIDs": ["i-00000000000000000"]},
}


@pytest.mark.parametrize("operation", CALLS)
def test_a_region_that_was_not_initialised_says_so(local_aws, operation):
    """Every operation that declares it answers UninitializedAccountException until InitializeService."""
    elsewhere = local_aws.client("drs", region="eu-central-1")
    with pytest.raises(elsewhere.exceptions.UninitializedAccountException) as refused:
        getattr(elsewhere, operation)(**CALLS[operation])
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_initializing_a_region_opens_it_empty(local_aws):
    """InitializeService makes DRS answer in that Region, where nothing replicates."""
    elsewhere = local_aws.client("drs", region="eu-central-1")
    elsewhere.initialize_service()
    assert elsewhere.describe_source_servers()["items"] == []
    assert elsewhere.describe_jobs()["items"] == []


def test_r19_a_job_is_known_in_its_region_only(local_aws, launch):
    """R-19: the job of one Region is not found in another."""
    job = launch(DB1)
    elsewhere = local_aws.client("drs", region="eu-central-1")
    elsewhere.initialize_service()
    assert elsewhere.describe_jobs(filters={"jobIDs": [job["jobID"]]})["items"] == []


def test_r31_an_assumed_role_reaches_its_own_account(local_aws):
    """R-31: credentials of a role in another account see that account's DRS, not this one's."""
    role = local_aws.client("sts").assume_role(
        RoleArn="arn:aws:iam::210987654321:role/recovery", RoleSessionName="test"
    )["Credentials"]
    other = local_aws.client(
        "drs",
        aws_access_key_id=role["AccessKeyId"],
        aws_secret_access_key=role["SecretAccessKey"],
        aws_session_token=role["SessionToken"],
    )
    with pytest.raises(ClientError, match="UninitializedAccountException"):
        other.describe_source_servers()
