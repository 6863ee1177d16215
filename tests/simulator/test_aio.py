"""aiobotocore, which the triggerer uses, is answered like boto3."""

from __future__ import annotations

import asyncio

import pytest
from aiobotocore.session import get_session

DB1 = "s-000000000000db001"


@pytest.mark.usefixtures("local_aws")
async def test_a_drill_from_describe_to_terminate():
    """Describe, start, follow, look at the instance, terminate; and DynamoDB beside it."""
    async with get_session().create_client("drs", region_name="eu-west-1") as drs:
        pages = drs.get_paginator("describe_source_servers").paginate()
        assert DB1 in [server["sourceServerID"] async for page in pages for server in page["items"]]
        job = (await drs.start_recovery(sourceServers=[{"sourceServerID": DB1}], isDrill=True))["job"]
        (seen,) = (await drs.describe_jobs(filters={"jobIDs": [job["jobID"]]}))["items"]
        assert seen["participatingServers"][0]["launchStatus"] == "LAUNCHED"
        (instance,) = (await drs.describe_recovery_instances())["items"]
        await drs.terminate_recovery_instances(recoveryInstanceIDs=[instance["recoveryInstanceID"]])
        assert (await drs.describe_recovery_instances())["items"] == []
    async with get_session().create_client("dynamodb", region_name="eu-west-1") as dynamodb:
        assert (await dynamodb.list_tables())["TableNames"] == []


async def _end(drs, job):
    while job["status"] != "COMPLETED":
        await asyncio.sleep(0.02)
        (job,) = (await drs.describe_jobs(filters={"jobIDs": [job["jobID"]]}))["items"]
    return job


async def _drill(drs, server_id):
    job = (await drs.start_recovery(sourceServers=[{"sourceServerID": server_id}], isDrill=True))["job"]
    (server,) = (await _end(drs, job))["participatingServers"]
    assert server["launchStatus"] == "LAUNCHED"
    (instance,) = (await drs.describe_recovery_instances(filters={"sourceServerIDs": [server_id]}))["items"]
    assert (instance["jobID"], instance["ec2InstanceState"]) == (job["jobID"], "RUNNING")
    ids = [instance["recoveryInstanceID"]]
    await _end(drs, (await drs.terminate_recovery_instances(recoveryInstanceIDs=ids))["job"])
    return (await drs.describe_recovery_instances(filters={"sourceServerIDs": [server_id]}))["items"]


@pytest.mark.usefixtures("process_aws")
async def test_drills_side_by_side_against_the_process():
    """Several drills of one event loop: each from describe to terminate, none in the way of another."""
    async with get_session().create_client("drs", region_name="eu-west-1") as drs:
        pages = drs.get_paginator("describe_source_servers").paginate(PaginationConfig={"PageSize": 4})
        fleet = [server["sourceServerID"] async for page in pages for server in page["items"]]
        assert len(set(fleet)) == len(fleet) == 16
        assert await asyncio.gather(*(_drill(drs, server_id) for server_id in fleet[:4])) == [[]] * 4
