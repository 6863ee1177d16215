"""Polling: DescribeJobs calls a minute while waves of one account and Region are polled at once."""

from __future__ import annotations

import asyncio
import os
import tempfile
from typing import TYPE_CHECKING

import boto3
from rich.table import Table

from drs_recovery.settings import settings
from drs_simulator.client import Control
from drs_simulator.fleet import Fleet, ServerDescription, read_fleet
from drs_simulator.server import Server
from launcher.environment import LOCAL_AWS_ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

WAVES = (1, 5, 20)
SECONDS = 20.0


def measure(console: Console) -> None:
    """Watch several numbers of jobs in one event loop, and count in the simulator's log of requests."""
    os.environ.update(LOCAL_AWS_ACCOUNT)
    os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "WARNING"
    with tempfile.TemporaryDirectory(prefix="recovery-bench-") as home:
        os.environ["AIRFLOW_HOME"] = home
        os.environ["AIRFLOW_CONN_AWS_DEFAULT"] = "aws://"
        counts = [_count(waves, console) for waves in WAVES]
    table = Table(
        "waves",
        "calls",
        "calls a minute",
        "ratio",
        title="DescribeJobs while waves are polled at once",
        caption=f"Counted for {SECONDS:.0f} s in each case, extrapolated to a minute; jobs PENDING",
        title_justify="left",
        caption_justify="left",
    )
    for waves, calls in zip(WAVES, counts, strict=True):
        table.add_row(str(waves), str(calls), f"{calls * 60 / SECONDS:.0f}", f"{calls / counts[0]:.2f}")
    console.print(table)


def _count(waves: int, console: Console) -> int:
    region = LOCAL_AWS_ACCOUNT["AWS_DEFAULT_REGION"]
    with (
        Server(speed="real", fleet=_fleet(waves)) as server,
        Control(server.url) as control,
        console.status(f"polling {waves} waves for {SECONDS:.0f} s"),
    ):
        control.set_quotas(concurrentJobs=max(WAVES))
        os.environ["AWS_ENDPOINT_URL"] = server.url
        drs = boto3.client("drs", region_name=region)
        ids = [one.id for one in _fleet(waves).servers]
        jobs = [
            drs.start_recovery(isDrill=True, sourceServers=[{"sourceServerID": server_id}])["job"]["jobID"]
            for server_id in ids
        ]
        control.clear_requests()
        asyncio.run(_watch(jobs, region))
        return len(control.requests(operation="DescribeJobs"))


def _fleet(waves: int) -> Fleet:
    servers = tuple(
        ServerDescription(id=f"s-{number:017}", hostname=f"bench-{number}.example") for number in range(waves)
    )
    return read_fleet().model_copy(update={"servers": servers})


async def _watch(job_ids: Sequence[str], region: str) -> None:
    from drs_recovery.aws.triggers.drs import DrsJobTrigger  # noqa: PLC0415 - Airflow reads its home at import

    pace = {
        "poll_interval": settings().poll_seconds,
        "relaxed_interval": settings().poll_relaxed_seconds,
    }

    async def follow(job_id: str) -> None:
        async for event in DrsJobTrigger(job_ids=[job_id], region_name=region, **pace).run():
            raise RuntimeError(f"{job_id} is not to end while it is counted: {event}")

    watchers = [asyncio.create_task(follow(job_id)) for job_id in job_ids]
    done, running = await asyncio.wait(watchers, timeout=SECONDS, return_when=asyncio.FIRST_EXCEPTION)
    for watcher in running:
        watcher.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    for watcher in done:
        watcher.result()
