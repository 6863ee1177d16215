"""Private addresses: what EC2 does not know, or knows too many of, keeps no known one from being told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from drs_recovery.aws.hooks.drs import DrsHook
from drs_recovery.aws.utils import addresses
from tests.recovery.tasks.conftest import APP, DB, WEB


@pytest.fixture
def launched(table: Any) -> dict[str, str]:
    """Three recovery instances with their private addresses."""
    addresses._client.cache_clear()
    table.client("drs").start_recovery(
        sourceServers=[{"sourceServerID": server} for server in (DB, APP, WEB)], isDrill=True
    )
    items = table.client("drs").describe_recovery_instances()["items"]
    ids = [item["ec2InstanceID"] for item in items]
    there = table.client("ec2").describe_instances(InstanceIds=ids)["Reservations"]
    return {one["InstanceId"]: one["PrivateIpAddress"] for each in there for one in each["Instances"]}


def look(ids: list[str]) -> dict[str, str]:
    hook = DrsHook(aws_conn_id="aws_default", region_name="eu-west-1")
    return asyncio.run(addresses.private_addresses(hook, ids))


@pytest.mark.parametrize("place", range(4))
def test_an_instance_that_is_gone_hides_no_other(launched: dict[str, str], place: int) -> None:
    """Wherever it stands among those that are known."""
    ids = list(launched)
    ids.insert(place, "i-0123456789abcdef0")
    assert look(ids) == launched


def test_more_instances_than_a_filter_takes_are_asked_in_turn(launched: dict[str, str], table: Any) -> None:
    """Each request has no more values than EC2 takes; every known one is found."""
    unknown = [f"i-{number:017x}" for number in range(450)]
    mixed = [*unknown[:199], *launched, *unknown[199:]]
    assert look(mixed) == launched
    asked = [call["parameters"] for call in table.control.requests(operation="DescribeInstances")][1:]
    assert [sum(".Value" in name for name in each) for each in asked] == [200, 200, 53]
