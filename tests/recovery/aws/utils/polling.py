"""Watchers of jobs, and a hook that remembers what the poller did with it."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import ClassVar

from drs_recovery.aws.hooks.drs import DrsHook
from drs_recovery.aws.utils.drs_poller import DrsJobPoller

HOUR = 3600.0
tenant: ContextVar[str] = ContextVar("tenant", default="nobody")


class RecordingHook(DrsHook):
    """A real hook that remembers its clients, looks, and in whose context it looked."""

    opened: ClassVar[list[DrsHook]] = []
    looks: ClassVar[list[float]] = []
    contexts: ClassVar[list[str]] = []

    async def get_polling_conn(self):
        self.opened.append(self)
        return await super().get_polling_conn()

    async def get_jobs(self, job_ids, *, since=None, client=None):
        self.looks.append(asyncio.get_running_loop().time())
        self.contexts.append(tenant.get())
        return await super().get_jobs(job_ids, since=since, client=client)


def job_id(number):
    return f"drsjob-{number:017}"


def job(number=1, launch_status="PENDING", status="STARTED"):
    server = {"sourceServerID": "s-000000000000db001", "launchStatus": launch_status}
    return {"jobID": job_id(number), "status": status, "participatingServers": [server]}


def poller(**parameters):
    return DrsJobPoller.shared(RecordingHook, {"aws_conn_id": "aws_default", **parameters})


def watch(number=1, *, poll_interval=0.02, relaxed_interval=0.02, **parameters):
    return poller(**parameters).watch(
        [job_id(number)], poll_interval=poll_interval, relaxed_interval=relaxed_interval
    )


async def take(count, number=1, **options):
    """Return the first snapshots that a watcher gets."""
    async with asyncio.timeout(30), watch(number, **options) as watching:
        return [await watching.next() for _ in range(count)]


def describe_jobs(local_aws):
    return local_aws.control.requests(operation="DescribeJobs")
