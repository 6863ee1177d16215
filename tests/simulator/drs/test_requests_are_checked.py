"""Requests are checked against the service model before anything else."""

from __future__ import annotations

import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from drs_simulator.operations import operations

DB1 = "s-000000000000db001"
ARN = f"arn:aws:drs:eu-west-1:123456789012:source-server/{DB1}"
STAGING = "stagingAreaTags.aws:a"
OTHERS = [operation.name for operation in operations() if not operation.simulated]


@pytest.fixture
def unchecked(local_aws):
    """Give a call that sends what boto3 itself would refuse, and returns the error's response."""
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    client = local_aws.client("drs", config=config)

    def call(operation, **parameters):
        with pytest.raises(ClientError) as refused:
            client._make_api_call(operation, parameters)
        return refused.value.response

    return call


@pytest.fixture
def post(local_aws):
    """Give a call that sends raw bytes as the body of an operation."""
    scope = "Credential=testing/20260101/eu-west-1/drs/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}", "Content-Type": "application/json"}
    with httpx.Client(base_url=local_aws.url, headers=headers, trust_env=False) as client:
        yield lambda path, body: client.post(path, content=body)


@pytest.mark.parametrize(
    ("operation", "parameters", "place"),
    [
        ("StartRecovery", {}, "sourceServers"),
        ("StartRecovery", {"sourceServers": []}, "sourceServers"),
        ("StartRecovery", {"sourceServers": [{}]}, "sourceServers[0].sourceServerID"),
        ("StartRecovery", {"sourceServers": [{"sourceServerID": DB1}] * 201}, "sourceServers"),
        ("StartRecovery", {"sourceServers": [{"sourceServerID": "i-1"}]}, "sourceServers[0].sourceServerID"),
        ("StartRecovery", {"sourceServers": [{"sourceServerID": DB1}], "tags": {"a": "b" * 257}}, "tags.a"),
        ("StartRecovery", {"sourceServers": [{"sourceServerID": DB1}], "tags": {"AWS:a": "b"}}, "tags.AWS:a"),
        ("TagResource", {"resourceArn": ARN, "tags": {"": "b"}}, "tags."),
        ("TagResource", {"resourceArn": ARN, "tags": {f"k{n}": "" for n in range(51)}}, "tags"),
        (
            "UpdateReplicationConfiguration",
            {"sourceServerID": DB1, "stagingAreaTags": {"aws:a": ""}},
            STAGING,
        ),
        ("DescribeJobs", {"filters": {"jobIDs": ["drsjob-1"]}}, "filters.jobIDs[0]"),
        ("DescribeJobs", {"filters": {"fromDate": "yesterday"}}, "filters.fromDate"),
        ("DescribeJobs", {"filters": {"fromDate": "2026-02-31T00:00:00Z"}}, "filters.from"),
        ("DescribeJobs", {"filters": {"toDate": "2026-01-31T00:00:00.000001+00:00"}}, "filters.toDate"),
        ("DescribeJobs", {"maxResults": 0}, "maxResults"),
        ("DescribeJobs", {"nextToken": "made up"}, "nextToken"),
        ("DescribeRecoverySnapshots", {"sourceServerID": DB1, "order": "UP"}, "order"),
        ("DescribeSourceServers", {"filters": {"sourceServerIDs": [DB1] * 201}}, "filters.sourceServerIDs"),
        ("ListTagsForResource", {"resourceArn": "arn:short"}, "resourceArn"),
    ],
)
def test_r04_what_the_model_forbids_is_refused(unchecked, operation, parameters, place):
    """R-04: required members, lengths, ranges, patterns, enums: a ValidationException names the place.

    Tags that no service of AWS takes are among these.
    """
    response = unchecked(operation, **parameters)
    assert response["Error"]["Code"] == "ValidationException"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert response["reason"] == "fieldValidationFailed"
    assert place in [field["name"] for field in response["fieldList"]]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "cannotParse"),
        (b"[]", "cannotParse"),
        (b"\xff", "cannotParse"),
        (b'{"sourceServers": "s-000000000000db001"}', "fieldValidationFailed"),
        (b'{"sourceServers": [{"sourceServerID": 1}]}', "fieldValidationFailed"),
        (
            b'{"sourceServers": [{"sourceServerID": "s-000000000000db001"}], "isDrill": 1}',
            "fieldValidationFailed",
        ),
    ],
)
def test_a_body_of_the_wrong_form_is_no_server_error(post, body, reason):
    """Whatever is sent, the answer is the modelled error, never a 500."""
    answer = post("/StartRecovery", body)
    assert (answer.status_code, answer.json()["reason"]) == (400, reason)
    assert answer.headers["X-Amzn-Errortype"] == "ValidationException"


def test_null_members_are_absent_members(post):
    """As on AWS, null means not given."""
    body = b'{"filters": {"sourceServerIDs": null, "stagingAccountIDs": null}, "nextToken": null}'
    assert len(post("/DescribeSourceServers", body).json()["items"]) == 16


def test_an_unknown_path_is_no_operation(post):
    """A path that the model does not have is refused as an unknown operation."""
    answer = post("/LaunchEverything", b"{}")
    assert (answer.status_code, answer.json()["reason"]) == (400, "unknownOperation")


def test_operations_that_are_not_simulated_say_so(unchecked):
    """Any other operation of the model is an error that names it, never an empty success."""
    for operation in OTHERS:
        response = unchecked(operation)
        assert response["Error"] == {"Code": "NotSimulated", "Message": f"{operation} is not simulated."}
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 501
