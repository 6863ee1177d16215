"""Polling: what it takes to watch the jobs of one account and Region at once, in calls and of a core."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from typing import TYPE_CHECKING, NamedTuple

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

WAVES = (1, 5, 20, 1000)
BEFORE, SECONDS = 15.0, 20.0
"""Until all are watched, and in which calls and time on the processor are counted."""


class Watched(NamedTuple):
    """Calls of DescribeJobs, and seconds on the processor of the thread that all triggers run in."""

    calls: int
    busy: float


def measure(console: Console) -> None:
    """Watch several numbers of jobs in one event loop, and count in the simulator's log of requests."""
    os.environ.update(LOCAL_AWS_ACCOUNT)
    os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "WARNING"
    with tempfile.TemporaryDirectory(prefix="recovery-bench-") as home:
        os.environ["AIRFLOW_HOME"] = home
        os.environ["AIRFLOW_CONN_AWS_DEFAULT"] = "aws://"
        counts = [_count(waves, console) for waves in WAVES]
    table = Table(
        "jobs",
        "calls",
        "calls a minute",
        "ratio",
        "of a core",
        title="DescribeJobs, and the triggers' own time, while jobs are watched at once",
        caption=f"Counted for {SECONDS:.0f} s in each case, extrapolated to a minute; jobs PENDING",
        title_justify="left",
        caption_justify="left",
    )
    for waves, (calls, busy) in zip(WAVES, counts, strict=True):
        minute, ratio = calls * 60 / SECONDS, calls / counts[0].calls
        table.add_row(f"{waves:,}", str(calls), f"{minute:.0f}", f"{ratio:.2f}", f"{busy / SECONDS:.1%}")
    console.print(table)


def _count(waves: int, console: Console) -> Watched:
    region = LOCAL_AWS_ACCOUNT["AWS_DEFAULT_REGION"]
    with (
        Server(speed="real", fleet=_fleet(waves)) as server,
        Control(server.url) as control,
        console.status(f"watching {waves} jobs for {BEFORE + SECONDS:.0f} s"),
    ):
        control.set_quotas(concurrentJobs=max(WAVES), serversInAllJobs=max(WAVES))
        os.environ["AWS_ENDPOINT_URL"] = server.url
        drs = boto3.client("drs", region_name=region)
        ids = [one.id for one in _fleet(waves).servers]
        jobs = [
            drs.start_recovery(isDrill=True, sourceServers=[{"sourceServerID": server_id}])["job"]["jobID"]
            for server_id in ids
        ]
        busy = asyncio.run(_watch(jobs, region, control))
        return Watched(len(control.requests(operation="DescribeJobs")), busy)


def _fleet(waves: int) -> Fleet:
    servers = tuple(
        ServerDescription(id=f"s-{number:017}", hostname=f"bench-{number}.example") for number in range(waves)
    )
    return read_fleet().model_copy(update={"servers": servers})


async def _watch(job_ids: Sequence[str], region: str, control: Control) -> float:
    from drs_recovery.aws.triggers.drs import DrsJobTrigger  # noqa: PLC0415 - Airflow reads its home at import

    pace = {
        "poll_interval": settings().poll_seconds,
        "relaxed_interval": settings().poll_relaxed_seconds,
    }

    async def follow(job_id: str) -> None:
        async for event in DrsJobTrigger(job_ids=[job_id], region_name=region, **pace).run():
            raise RuntimeError(f"{job_id} is not to end while it is counted: {event}")

    watchers = [asyncio.create_task(follow(job_id)) for job_id in job_ids]
    await asyncio.wait(watchers, timeout=BEFORE, return_when=asyncio.FIRST_EXCEPTION)
    await asyncio.to_thread(control.clear_requests)
    begin = time.thread_time()
    done, running = await asyncio.wait(watchers, timeout=SECONDS, return_when=asyncio.FIRST_EXCEPTION)
    busy = time.thread_time() - begin
    for watcher in running:
        watcher.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    for watcher in done:
        watcher.result()
    return busy
