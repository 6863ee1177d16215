"""One poller of DRS jobs for all triggers of a process that look at the same account and Region."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from contextvars import Context
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from botocore.exceptions import ClientError, HTTPClientError

from drs_recovery.aws.utils.drs import LONGEST_JOB, JobsSnapshot, about_to_end, created_of
from drs_recovery.aws.utils.errors import said
from drs_recovery.aws.utils.launch_actions import count_due
from drs_recovery.text.durations import duration_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from mypy_boto3_drs.type_defs import JobLogTypeDef, JobTypeDef
    from types_aiobotocore_drs import DrsClient

    from drs_recovery.aws.hooks.drs import DrsHook

log = logging.getLogger(__name__)

MAX_BACKOFF = 30.0
LOOK_TIMEOUT = 60.0
SHOWN_WITHIN = timedelta(minutes=15)
"""How long a new job may be invisible, and the clocks of AWS and of this machine apart, both with room."""

SPREAD = 1.3
"""Looks come up to so much later than wanted. The triggerer takes events once a second: looks in step with it
would find the end of every job just too late for it."""


class JobsWatch:
    """Jobs that one trigger watches, how often it wants to hear of them, and the newest snapshot of them.

    ``job_ids`` of None are all that run, and others of late, whoever started them: who is short of DRS's room
    looks at those.
    A snapshot that was not taken is replaced by the next: a slow watcher delays nobody and hears the newest.
    """

    def __init__(
        self,
        poller: DrsJobPoller,
        job_ids: Sequence[str] | None,
        poll_interval: float,
        relaxed_interval: float,
    ) -> None:
        self.poller = poller
        self.job_ids = None if job_ids is None else tuple(dict.fromkeys(job_ids))
        self.poll_interval = poll_interval
        self.relaxed_interval = relaxed_interval
        self.latest: JobsSnapshot | None = None
        self._news = asyncio.Event()

    @property
    def interval(self) -> float:
        """Seconds this watcher wants between two looks; the first answer is wanted soon."""
        if self.latest is None or any(about_to_end(job) for job in self.latest.jobs):
            return self.poll_interval
        return self.relaxed_interval

    async def next(self, until: datetime | None = None) -> JobsSnapshot | None:
        """Return the next snapshot, or None if there is none until then."""
        seconds = None if until is None else max(0.0, (until - datetime.now(UTC)).total_seconds())
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return None
        self._news.clear()
        return self.latest

    def seen(self, known: Mapping[str, JobTypeDef], at: datetime) -> None:
        """Take what DRS answered."""
        if self.job_ids is None:
            self._publish(JobsSnapshot(tuple(known.values()), (), at))
            return
        jobs = tuple(known[job_id] for job_id in self.job_ids if job_id in known)
        missing = tuple(job_id for job_id in self.job_ids if job_id not in known)
        self._publish(JobsSnapshot(jobs, missing, at))

    def failed(self, text: str, at: datetime) -> None:
        """Take why DRS gave no answer; its last answer still stands."""
        last = self.latest
        jobs, missing = (last.jobs, last.missing) if last else ((), ())
        self._publish(JobsSnapshot(jobs, missing, at, last_error=text))

    def _publish(self, snapshot: JobsSnapshot) -> None:
        self.latest = snapshot
        self._news.set()


class DrsJobPoller:
    """Asks DRS about all watched jobs at once, as long as anyone watches.

    There is one per event loop and set of hook parameters (connection, Region, verify, botocore config). Each
    look is one DescribeJobs (per 1000 jobs), so the calls do not grow with the watchers: looks are as far
    apart as the most urgent watcher wants, and a new watcher can only bring the next one forward, never
    closer to the last than its ``poll_interval``. A failed look is repeated after a growing, jittered pause
    of at most 30 seconds, for as long as anyone watches: every watcher knows itself when to give up.
    """

    _running: ClassVar[dict[tuple[asyncio.AbstractEventLoop, type[DrsHook], str], DrsJobPoller]] = {}

    @classmethod
    def shared(cls, hook_class: type[DrsHook], hook_parameters: Mapping[str, Any]) -> DrsJobPoller:
        """Return the poller of the running event loop for a hook of these parameters."""
        identity = json.dumps(hook_parameters, sort_keys=True, default=repr)
        key = (asyncio.get_running_loop(), hook_class, identity)
        return cls._running.get(key) or cls(key, hook_parameters)

    def __init__(
        self, key: tuple[asyncio.AbstractEventLoop, type[DrsHook], str], hook_parameters: Mapping[str, Any]
    ) -> None:
        self._key = key
        self._hook_parameters = hook_parameters
        self._watches: list[JobsWatch] = []
        self._joined = asyncio.Event()
        self._opening = asyncio.Lock()
        self._client: tuple[DrsHook, DrsClient, AsyncExitStack] | None = None
        self._task: asyncio.Task[None] | None = None
        self._looked = 0.0
        self._spread = 1.0
        self._pause: float | None = None
        self._failures = 0
        self._oldest: datetime | None = None

    @property
    def region_name(self) -> str | None:
        """The Region that is polled, while a client is open."""
        return self._client[1].meta.region_name if self._client else None

    @asynccontextmanager
    async def watch(
        self, job_ids: Sequence[str] | None, *, poll_interval: float, relaxed_interval: float
    ) -> AsyncIterator[JobsWatch]:
        """Watch jobs, or all of late, for the length of the block; the last one to leave ends the poller."""
        watch = JobsWatch(self, job_ids, poll_interval, relaxed_interval)
        self._watches.append(watch)
        self._joined.set()
        if self._task is None:
            self._running[self._key] = self
            # An empty context: the poller outlives the trigger that happens to start it, whose task must not
            # get its log lines.
            self._task = asyncio.create_task(self._run(), name="drs-job-poller", context=Context())
        try:
            yield watch
        finally:
            self._watches.remove(watch)
            if not self._watches:
                await self._stop()

    async def get_job_log(self, job_id: str) -> list[JobLogTypeDef]:
        """Return the log of a job, through the client that is open for polling."""
        hook, client = await self._open()
        return await hook.get_job_log(job_id, client=client)

    async def count_actions_due(self, source_server_ids: Sequence[str]) -> dict[str, int | Exception]:
        """Return how many post-launch actions must succeed, by source server, or why that is not known."""
        _, client = await self._open()
        return await count_due(client, source_server_ids)

    async def _stop(self) -> None:
        self._running.pop(self._key, None)
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                self._looked, self._spread = loop.time(), random.uniform(1.0, SPREAD)  # noqa: S311
                await self._look()
                await asyncio.sleep(0)  # a watcher that is content leaves before the next look
                while (pause := self._looked + self._spread * self._interval() - loop.time()) > 0:
                    self._joined.clear()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(pause):
                            await self._joined.wait()
        finally:
            await self._close()

    def _interval(self) -> float:
        if self._pause is not None:
            return self._pause
        return min((watch.interval for watch in self._watches), default=0.0)

    async def _look(self) -> None:
        watches, at = tuple(self._watches), datetime.now(UTC)
        try:
            async with asyncio.timeout(LOOK_TIMEOUT):
                hook, client = await self._open()
                jobs = await self._jobs(hook, client, watches, at)
        except Exception as error:  # noqa: BLE001 - no error ends the polling; watchers get each one
            await self._trouble(error)
            for watch in watches:
                watch.failed(_text(error), at)
        else:
            self._failures, self._pause = 0, None
            known = {job["jobID"]: job for job in jobs}
            for watch in watches:
                watch.seen(known, at)

    async def _jobs(
        self, hook: DrsHook, client: DrsClient, watches: Sequence[JobsWatch], at: datetime
    ) -> list[JobTypeDef]:
        """Return all jobs that anyone watches, in one look; what that leaves out is asked for by its id."""
        wanted = {job_id for watch in watches for job_id in watch.job_ids or ()}
        jobs: list[JobTypeDef] = []
        if any(watch.job_ids is None for watch in watches):
            jobs = await hook.get_jobs(None, since=self._oldest or at - LONGEST_JOB, client=client)
            running = (created_of(job) for job in jobs if job.get("status") != "COMPLETED")
            self._oldest = min([at, *(created or at for created in running)]) - SHOWN_WITHIN
            wanted -= {job["jobID"] for job in jobs}
        return jobs + await hook.get_jobs(sorted(wanted), client=client) if wanted else jobs

    async def _trouble(self, error: Exception) -> None:
        log.debug("DescribeJobs failed", exc_info=error)
        self._failures += 1
        interval = min((watch.interval for watch in self._watches), default=1.0)
        growing = min(MAX_BACKOFF, interval * 2 ** min(self._failures, 10))
        jittered = growing * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
        self._pause, self._spread = min(MAX_BACKOFF, max(jittered, _retry_after(error))), 1.0
        if not _is_passing(error):
            # A new client reads the connection and its credentials again: someone may have mended them.
            await self._close()

    async def _open(self) -> tuple[DrsHook, DrsClient]:
        async with self._opening:
            if self._client is None:
                connecting = asyncio.create_task(self._connect())
                try:
                    self._client = await asyncio.shield(connecting)
                except asyncio.CancelledError:
                    # A client that is half made cannot be closed: its making, in a thread, is let end.
                    with suppress(Exception):
                        self._client = await connecting
                    raise
            return self._client[:2]

    async def _connect(self) -> tuple[DrsHook, DrsClient, AsyncExitStack]:
        hook, stack = self._key[1](**self._hook_parameters), AsyncExitStack()
        return hook, await stack.enter_async_context(await hook.get_polling_conn()), stack

    async def _close(self) -> None:
        opened, self._client = self._client, None
        if opened is not None:
            try:
                await opened[2].aclose()
            except Exception:
                log.exception("The DRS client did not close")


def _text(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"DescribeJobs: no answer within {duration_text(timedelta(seconds=LOOK_TIMEOUT))}"
    return said(error) if isinstance(error, ClientError) else f"{type(error).__name__}: {error}"


def _is_passing(error: Exception) -> bool:
    """Whether waiting is enough: throttling, trouble inside AWS, the network."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status == 429 or status >= 500  # noqa: PLR2004 - Too Many Requests; server errors
    return isinstance(error, HTTPClientError | TimeoutError)


def _retry_after(error: Exception) -> float:
    if not isinstance(error, ClientError):
        return 0.0
    seconds = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("retry-after", "")
    return float(seconds) if seconds.isdigit() else 0.0
