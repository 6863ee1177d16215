"""Service Quotas answers for DRS what the simulator is set to."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.simulator.calls import ONCE

JOBS, IN_JOB, IN_ALL = "L-D88FAC3A", "L-B827C881", "L-05AFA8C6"


@pytest.fixture
def service_quotas(local_aws):
    """Give a client that does not retry."""
    return local_aws.client("service-quotas", config=ONCE)


def values(quotas):
    return {quota["QuotaCode"]: quota["Value"] for quota in quotas}


def test_the_quotas_that_are_set_are_reported(service_quotas, local_aws):
    """As DRS itself applies them; the defaults of AWS stay what they are."""
    before = values(service_quotas.list_service_quotas(ServiceCode="drs")["Quotas"])
    local_aws.control.set_quotas(concurrentJobs=3, serversInAllJobs=40)
    after = values(service_quotas.list_service_quotas(ServiceCode="drs")["Quotas"])
    assert before == {JOBS: 20, IN_JOB: 100, IN_ALL: 500, "L-DD6D028C": 1, "L-C1D14A2B": 300}
    assert after == before | {JOBS: 3, IN_ALL: 40}
    assert values(service_quotas.list_aws_default_service_quotas(ServiceCode="drs")["Quotas"]) == before


def test_one_quota_is_reported_with_all_its_members(service_quotas):
    """Name and ARN as AWS has them."""
    assert service_quotas.get_service_quota(ServiceCode="drs", QuotaCode=JOBS)["Quota"] == {
        "ServiceCode": "drs",
        "ServiceName": "AWS Elastic Disaster Recovery",
        "QuotaArn": f"arn:aws:servicequotas:eu-west-1:123456789012:drs/{JOBS}",
        "QuotaCode": JOBS,
        "QuotaName": "Concurrent jobs in progress",
        "Value": 20.0,
        "Unit": "None",
        "Adjustable": False,
        "GlobalQuota": False,
        "QuotaAppliedAtLevel": "ACCOUNT",
    }


def test_pages_are_complete(service_quotas):
    """Each quota comes once."""
    paginator = service_quotas.get_paginator("list_service_quotas")
    pages = list(paginator.paginate(ServiceCode="drs", PaginationConfig={"PageSize": 2}))
    assert [len(page["Quotas"]) for page in pages] == [2, 2, 1]
    assert len(values([quota for page in pages for quota in page["Quotas"]])) == 5


def test_what_moto_knows_is_reported_as_before(service_quotas):
    """Quotas of VPCs; of other services there are none."""
    listed = service_quotas.list_service_quotas(ServiceCode="vpc")["Quotas"]
    assert listed == service_quotas.list_aws_default_service_quotas(ServiceCode="vpc")["Quotas"]
    first = service_quotas.get_service_quota(ServiceCode="vpc", QuotaCode=listed[0]["QuotaCode"])
    assert first["Quota"] == listed[0]


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("list_service_quotas", {"ServiceCode": "nothing"}),
        ("get_service_quota", {"ServiceCode": "drs", "QuotaCode": "L-00000000"}),
    ],
)
def test_what_there_is_not_is_refused(service_quotas, operation, asked):
    """In the words of the model."""
    with pytest.raises(ClientError) as refused:
        getattr(service_quotas, operation)(**asked)
    assert refused.value.response["Error"]["Code"] == "NoSuchResourceException"


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("deny", "AccessDeniedException"),
        ("throttle", "TooManyRequestsException"),
        ("break_calls", "ServiceException"),
    ],
)
def test_faults_hit_it_under_the_name_that_botocore_has(service_quotas, local_aws, fault, code):
    """Its requests are signed as `servicequotas`; the log has them under its own name as well."""
    getattr(local_aws.control, fault)("service-quotas", "ListServiceQuotas")
    with pytest.raises(ClientError) as refused:
        service_quotas.list_service_quotas(ServiceCode="drs")
    assert refused.value.response["Error"]["Code"] == code
    (logged,) = local_aws.control.requests(service="service-quotas")
    assert (logged["operation"], logged["error"]) == ("ListServiceQuotas", code)
    assert logged["parameters"] == {"ServiceCode": "drs"}
