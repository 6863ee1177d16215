"""What EC2 and Systems Manager report of recovery instances, for many in one call.

boto3 in a thread, and one client for each connection and Region in a process: see
``drs_recovery.aws.utils.addresses``.
"""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from drs_recovery.aws.hooks.quick import QuickHook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from drs_recovery.aws.hooks.drs import DrsHook

T = TypeVar("T")

MOST_STATUSES = 100
"""Instance ids that DescribeInstanceStatus takes."""

MOST_AGENTS = 50
"""Instances in one page of DescribeInstanceInformation."""


async def instance_statuses(hook: DrsHook, instance_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return EC2's two status checks, ``system`` and ``instance``, by instance id; AWS's errors raise."""
    return await _in_thread(_statuses, hook, instance_ids)


async def agent_states(hook: DrsHook, instance_ids: Sequence[str]) -> dict[str, str]:
    """Return the ``PingStatus`` of the agents that Systems Manager knows, by instance id."""
    return await _in_thread(_agents, hook, instance_ids)


async def _in_thread(ask: Callable[[DrsHook, Sequence[str]], T], hook: DrsHook, ids: Sequence[str]) -> T:
    try:
        return await asyncio.to_thread(ask, hook, ids)
    except (BotoCoreError, ClientError):
        for client in (_ec2, _ssm):
            client.cache_clear()  # its credentials may have been replaced
        raise


@cache
def _ec2(aws_conn_id: str | None, region_name: str | None) -> Any:
    return QuickHook(aws_conn_id=aws_conn_id, region_name=region_name, client_type="ec2").conn


@cache
def _ssm(aws_conn_id: str | None, region_name: str | None) -> Any:
    return QuickHook(aws_conn_id=aws_conn_id, region_name=region_name, client_type="ssm").conn


def _parts(ids: Sequence[str], size: int) -> Iterator[list[str]]:
    known = list(dict.fromkeys(ids))
    return (known[first : first + size] for first in range(0, len(known), size))


def _statuses(hook: DrsHook, instance_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    client = _ec2(hook.aws_conn_id, hook.region_name)
    return {
        status["InstanceId"]: {
            "system": status["SystemStatus"]["Status"],
            "instance": status["InstanceStatus"]["Status"],
        }
        for ids in _parts(instance_ids, MOST_STATUSES)
        for status in _known_statuses(client, ids)
    }


def _known_statuses(client: Any, ids: list[str]) -> list[Any]:
    """Ask, and again for each half where EC2 refuses the list for an id that it does not know."""
    try:
        answer: dict[str, Any] = client.describe_instance_status(InstanceIds=ids, IncludeAllInstances=True)
        return list(answer["InstanceStatuses"])
    except ClientError as error:
        if not error.response["Error"]["Code"].startswith("InvalidInstanceID"):
            raise
    if len(ids) == 1:
        return []
    middle = len(ids) // 2
    return [*_known_statuses(client, ids[:middle]), *_known_statuses(client, ids[middle:])]


def _agents(hook: DrsHook, instance_ids: Sequence[str]) -> dict[str, str]:
    client = _ssm(hook.aws_conn_id, hook.region_name)
    paginator = client.get_paginator("describe_instance_information")
    return {
        one["InstanceId"]: one["PingStatus"]
        for ids in _parts(instance_ids, MOST_AGENTS)
        for page in paginator.paginate(Filters=[{"Key": "InstanceIds", "Values": ids}])
        for one in page["InstanceInformationList"]
    }
