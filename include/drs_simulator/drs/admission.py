"""Whether DRS takes another job: quotas, and one job per source server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .exceptions import ConflictException, ServiceQuotaExceededException
from .lookup import invalid
from .quotas import quotas

if TYPE_CHECKING:
    from .job import Job
    from .source_server import SourceServer

JOBS = "L-D88FAC3A"
SERVERS_IN_JOB = "L-B827C881"
SERVERS_IN_ALL_JOBS = "L-05AFA8C6"


def check(servers: list[SourceServer], running: list[Job]) -> None:
    """Raise ServiceQuotaExceededException or ConflictException if these servers may get no job now.

    A server that is named twice is a ValidationException.
    """
    ids = {server.source_server_id for server in servers}
    if len(ids) < len(servers):
        raise invalid("sourceServers", "A source server is named twice.")
    if len(ids) > quotas.servers_in_job:
        raise _exceeded(f"source servers in one job: {quotas.servers_in_job}", SERVERS_IN_JOB)
    busy = {server_id for job in running for server_id in job.servers}
    if shared := sorted(ids & busy):
        message = (
            "One or more of the Source Servers included in API call are currently being processed by a Job: "
            + ", ".join(shared)
        )
        raise ConflictException(message, shared[0], "SourceServer")
    if len(running) >= quotas.concurrent_jobs:
        raise _exceeded(f"concurrent jobs in progress: {quotas.concurrent_jobs}", JOBS)
    if len(busy) + len(ids) > quotas.servers_in_all_jobs:
        raise _exceeded(f"source servers in all jobs: {quotas.servers_in_all_jobs}", SERVERS_IN_ALL_JOBS)


def _exceeded(quota: str, code: str) -> ServiceQuotaExceededException:
    return ServiceQuotaExceededException(f"Quota exceeded: {quota}.", code)
