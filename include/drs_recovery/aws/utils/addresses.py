"""The private addresses of recovery instances: only EC2 knows them.

boto3 in a thread, also in the triggerer: EC2's service model takes 0.2 s of computing, for which no event
loop should stand still. There is one client for each connection and Region in a process.
"""

from __future__ import annotations

import asyncio
import logging
from functools import cache
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from drs_recovery.aws.hooks.quick import QuickHook

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_ec2 import EC2Client

    from drs_recovery.aws.hooks.drs import DrsHook

log = logging.getLogger(__name__)

MOST_VALUES = 200
"""EC2 takes so many values in one filter."""


async def prepare(hook: DrsHook) -> None:
    """Make the client while there is time: servers are being launched, which takes minutes."""
    try:
        await asyncio.to_thread(_client, hook.aws_conn_id, hook.region_name)
    except Exception as error:  # noqa: BLE001 - addresses are welcome, never needed
        log.warning("EC2 cannot be asked for private addresses: %s", error)


async def private_addresses(hook: DrsHook, instance_ids: Sequence[str]) -> dict[str, str]:
    """Return private addresses by EC2 instance id; without EC2's answer the record goes without them."""
    if not instance_ids:
        return {}
    try:
        return await asyncio.to_thread(_look_up, hook, instance_ids)
    except (BotoCoreError, ClientError) as error:
        _client.cache_clear()  # its credentials may have been replaced
        log.warning("The private addresses of %s are unknown: %s", ", ".join(instance_ids), error)
        return {}


@cache
def _client(aws_conn_id: str | None, region_name: str | None) -> EC2Client:
    client: EC2Client = QuickHook(aws_conn_id=aws_conn_id, region_name=region_name, client_type="ec2").conn
    return client


def _look_up(hook: DrsHook, instance_ids: Sequence[str]) -> dict[str, str]:
    """Ask by filter: a list of ids is refused as a whole for one that EC2 does not know."""
    paginator = _client(hook.aws_conn_id, hook.region_name).get_paginator("describe_instances")
    ids = list(dict.fromkeys(instance_ids))
    batches = [ids[first : first + MOST_VALUES] for first in range(0, len(ids), MOST_VALUES)]
    return {
        instance["InstanceId"]: instance["PrivateIpAddress"]
        for batch in batches
        for page in paginator.paginate(Filters=[{"Name": "instance-id", "Values": batch}])
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
        if instance.get("PrivateIpAddress")
    }
