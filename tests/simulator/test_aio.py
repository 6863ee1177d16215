"""aiobotocore, which the triggerer uses, is answered like boto3."""

from __future__ import annotations

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
