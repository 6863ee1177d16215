from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from recovery.aws.hooks.service_quotas import ServiceQuotasHook
from simulator.service_quotas import responses


def test_quotas_are_read_by_code_from_every_page(local_aws, monkeypatch):
    """P-4: the answer of Service Quotas comes in pages."""
    monkeypatch.setattr(responses, "PAGE", 2)
    local_aws.control.set_quotas(concurrentJobs=7)
    values = ServiceQuotasHook(region_name="us-west-2").get_quota_values("drs")
    assert values["L-D88FAC3A"] == 7
    assert len(values) == 5
    calls = local_aws.control.requests(operation="ListServiceQuotas")
    assert [call["region"] for call in calls] == ["us-west-2"] * 3


def test_a_service_without_quotas_is_an_error(local_aws):
    """Not an empty answer."""
    with pytest.raises(ClientError, match="NoSuchResourceException"):
        ServiceQuotasHook().get_quota_values("nothing")
