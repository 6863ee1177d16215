"""Terminating the recovery instances of a drill."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import boto3

from launcher.errors import LauncherError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mypy_boto3_drs import DrsClient

BATCH = 200
LIMIT = 180.0
LOOK_EVERY = 1.0


def terminate_drill(env: Mapping[str, str], region: str, job_ids: Collection[str]) -> list[str]:
    """Terminate the recovery instances that these drill jobs have launched, and wait until they are gone.

    Nothing else is touched: neither instances of other jobs, nor any that is not a drill's. An instance is
    gone when DRS no longer lists it, not when the job that terminates it was accepted.
    """
    drs = boto3.client(
        "drs",
        region_name=region,
        endpoint_url=env["AWS_ENDPOINT_URL"],
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
    )
    instances = launched(drs, job_ids)
    for begin in range(0, len(instances), BATCH):
        drs.terminate_recovery_instances(recoveryInstanceIDs=instances[begin : begin + BATCH])
    deadline = time.monotonic() + LIMIT
    while left := launched(drs, job_ids):
        if time.monotonic() > deadline:
            raise LauncherError(f"after {LIMIT:.0f} s DRS still lists {', '.join(left)}")
        time.sleep(LOOK_EVERY)
    return instances


def launched(drs: DrsClient, job_ids: Collection[str]) -> list[str]:
    """Return the ids of the drill instances that these jobs have launched and that DRS still lists."""
    pages = drs.get_paginator("describe_recovery_instances").paginate()
    return [
        instance["recoveryInstanceID"]
        for page in pages
        for instance in page["items"]
        if instance.get("isDrill") and instance.get("jobID") in job_ids
    ]
