"""Calls with faulty responses: throttled, refused, broken; of any service."""

from __future__ import annotations

import pytest
from botocore.config import Config

from drs_simulator.client import ControlRefused
from tests.simulator.calls import ONCE, is_there, put, refusal

DB1, DB2 = "s-000000000000db001", "s-000000000000db002"


def test_the_next_calls_are_throttled(local_aws, drs, launch):
    """DRS: ThrottlingException 429 with its modelled members, for so many calls, and no work is done."""
    local_aws.control.throttle("drs", "StartRecovery", times=2, retry_after_seconds=7)
    for _ in range(2):
        code, status, response = refusal(launch, DB1)
        assert (code, status) == ("ThrottlingException", 429)
        assert (response["serviceCode"], response["retryAfterSeconds"]) == ("drs", "7")
        assert response["quotaCode"]
    assert drs.describe_jobs()["items"] == []
    assert launch(DB1)["status"] == "PENDING"


def test_botocore_gets_over_a_throttled_call_by_itself(local_aws):
    """A client that retries never hears of it; the log has both attempts."""
    local_aws.control.throttle("drs", times=1, retry_after_seconds=0)
    local_aws.client("drs", config=Config(retries={"mode": "standard"})).describe_jobs()
    assert [r["status"] for r in local_aws.control.requests()] == [429, 200]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, "ProvisionedThroughputExceededException"),
        ("ThrottlingException", "ThrottlingException"),
        ("RequestLimitExceeded", "RequestLimitExceeded"),
    ],
)
def test_dynamodb_throttles_in_its_own_text(local_aws, table, error, code):
    """DynamoDB: ProvisionedThroughputExceededException 400, or the error that is named."""
    local_aws.control.throttle("dynamodb", "PutItem", times=1, **({"error": error} if error else {}))
    assert refusal(put, table)[:2] == (code, 400)
    assert not is_there(table)


@pytest.mark.parametrize(
    ("service", "call", "errors"),
    [
        (
            "ec2",
            "describe_instances",
            [("RequestLimitExceeded", 503), ("InternalError", 500), ("UnauthorizedOperation", 403)],
        ),
        (
            "sts",
            "get_caller_identity",
            [("Throttling", 400), ("InternalFailure", 500), ("AccessDenied", 403)],
        ),
        (
            "s3",
            "list_buckets",
            [("ThrottlingException", 400), ("InternalFailure", 500), ("AccessDenied", 403)],
        ),
        (
            "dynamodb",
            "list_tables",
            [
                ("ProvisionedThroughputExceededException", 400),
                ("InternalServerError", 500),
                ("AccessDeniedException", 400),
            ],
        ),
        (
            "drs",
            "describe_jobs",
            [
                ("ThrottlingException", 429),
                ("InternalServerException", 500),
                ("AccessDeniedException", 403),
            ],
        ),
    ],
)
def test_each_service_refuses_as_it_does_on_aws(local_aws, service, call, errors):
    """Errors come in the service's protocol, code and status, whether its model declares them or not."""
    control, client = local_aws.control, local_aws.client(service, config=ONCE)
    control.throttle(service, times=1)
    control.break_calls(service, times=1)
    control.deny(service, times=1)
    assert [refusal(getattr(client, call))[:2] for _ in range(3)] == errors
    getattr(client, call)()


def test_a_rate_of_calls_is_hit_the_same_way_each_time(local_aws, drs):
    """About the rate is hit, at random, and the same calls in a run that is repeated."""

    def outcomes():
        local_aws.control.reset(seed=3)
        local_aws.control.throttle("drs", "DescribeJobs", rate=0.3)
        for _ in range(60):
            try:
                drs.describe_jobs()
            except drs.exceptions.ThrottlingException:
                yield "throttled"
            else:
                yield "answered"

    first = list(outcomes())
    assert 8 <= first.count("throttled") <= 28
    assert list(outcomes()) == first


def test_a_server_error_before_the_work(local_aws, drs, launch):
    """InternalServerException 500 with its modelled member, and no job."""
    local_aws.control.break_calls("drs", "StartRecovery", times=1)
    code, status, response = refusal(launch, DB1)
    assert (code, status, response["retryAfterSeconds"]) == ("InternalServerException", 500, 1)
    assert drs.describe_jobs()["items"] == []


def test_r15a_a_server_error_after_the_work_has_started_a_job(local_aws, drs, launch):
    """R-15a: a job exists whose id the caller never got; the next call meets it as a Conflict."""
    local_aws.control.set_speed("manual")
    local_aws.control.break_calls("drs", "StartRecovery", after=True, times=1)
    assert refusal(launch, DB1, tags={"mine": "yes"})[:2] == ("InternalServerException", 500)
    (job,) = drs.describe_jobs()["items"]
    assert job["tags"] == {"mine": "yes"}
    assert refusal(launch, DB1)[0] == "ConflictException"
    (logged, _) = local_aws.control.requests(operation="StartRecovery")
    assert (logged["status"], logged["jobID"]) == (500, job["jobID"])
    assert logged["fault"] == {"id": "fault-1", "effect": "server_error_after", "workDone": True}


def test_a_refused_call_has_the_code_of_the_model(local_aws, drs):
    """AccessDeniedException has ``code`` and message, which can be set."""
    local_aws.control.deny("drs", "DescribeJobs", message="not authorized to perform: drs:DescribeJobs")
    _, status, response = refusal(drs.describe_jobs)
    assert (status, response["code"]) == (403, "AccessDeniedException")
    assert response["Error"]["Message"] == "not authorized to perform: drs:DescribeJobs"


def test_only_what_is_selected_is_hit(local_aws, drs, launch):
    """Region, access key and part of the parameters select: what differs in one is left alone."""
    control = local_aws.control
    control.deny("drs", region="eu-central-1")
    control.deny("drs", access_key="somebody")
    control.deny("drs", "StartRecovery", resource=DB2)
    drs.describe_jobs()
    launch(DB1)
    assert refusal(launch, DB2)[0] == "AccessDeniedException"
    elsewhere = local_aws.client("drs", region="eu-central-1", config=ONCE)
    assert refusal(elsewhere.initialize_service)[0] == "AccessDeniedException"
    somebody = local_aws.client("drs", aws_access_key_id="somebody", aws_secret_access_key="x", config=ONCE)
    assert refusal(somebody.describe_jobs)[0] == "AccessDeniedException"
    assert [fault["hits"] for fault in control.faults()["calls"]] == [1, 1, 1]


def test_a_fault_without_service_and_operation_hits_every_call(local_aws, drs, table):
    """No selector, no difference."""
    local_aws.control.add_faults({"calls": [{"effect": "access_denied", "times": 2}]})
    assert refusal(drs.describe_jobs)[0] == refusal(table.list_tables)[0] == "AccessDeniedException"
    drs.describe_jobs()


def test_of_several_faults_the_first_that_is_not_used_up_hits(local_aws, drs):
    """A series of faults is a script: each is used up before the next."""
    local_aws.control.throttle("drs", times=1)
    local_aws.control.break_calls("drs", times=1)
    codes = [refusal(drs.describe_jobs)[0] for _ in range(2)]
    assert codes == ["ThrottlingException", "InternalServerException"]
    assert [r["fault"]["id"] for r in local_aws.control.requests()] == ["fault-1", "fault-2"]


def test_faults_are_removed_one_by_one(local_aws, drs):
    """A removed fault hits no more; an unknown one is refused with those there are."""
    control = local_aws.control
    first, second = control.deny("drs", "DescribeJobs"), control.deny("drs", "DescribeSourceServers")
    control.remove_fault(first)
    assert drs.describe_jobs()["items"] == []
    assert [fault["id"] for fault in control.faults()["calls"]] == [second]
    with pytest.raises(ControlRefused, match=rf"fault '{first}': allowed are {second}"):
        control.remove_fault(first)


@pytest.mark.parametrize(
    ("described", "message"),
    [
        ({}, r"calls\.0\.effect.*required"),
        ({"effect": "explode"}, r"calls\.0\.effect: 'explode'.*'throttle'"),
        ({"effect": "throttle", "service": "drss"}, r"calls\.0\.service: 'drss'.*drs, dynamodb, ec2"),
        (
            {"effect": "throttle", "service": "drs", "operation": "StartRecover"},
            r"calls\.0\.operation: 'StartRecover'.*StartRecovery",
        ),
        ({"effect": "throttle", "rate": 1.5}, r"calls\.0\.rate: 1\.5.*less than or equal to 1"),
        ({"effect": "throttle", "times": 0}, r"calls\.0\.times: 0.*greater than or equal to 1"),
        ({"effect": "slow"}, r"calls\.0\.seconds: 0.*numbers above 0"),
        ({"effect": "slow", "seconds": 901}, r"calls\.0\.seconds: 901.*900"),
        ({"effect": "drop_after", "error": "X"}, r"calls\.0.*error with the effect drop_after"),
        ({"effect": "access_denied", "retryAfterSeconds": 1}, r"allowed are error, message"),
        ({"effect": "throttle", "hits": 1}, r"calls\.0\.hits"),
    ],
)
def test_a_fault_on_calls_that_cannot_be_read_is_refused_with_its_place(local_aws, described, message):
    """The message has the place, the value and what is allowed; nothing is set."""
    with pytest.raises(ControlRefused, match=message):
        local_aws.control.add_faults({"calls": [described]})
    assert local_aws.control.faults()["calls"] == []
