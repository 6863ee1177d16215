from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NotRequired, TypedDict

from airflow.triggers.base import BaseTrigger, TriggerEvent
from structlog.contextvars import bind_contextvars, bound_contextvars

from drs_recovery.aws.hooks.drs import DrsHook
from drs_recovery.aws.utils.drs import JobsSnapshot, summary, validate_job_ids
from drs_recovery.aws.utils.drs_poller import DrsJobPoller, JobsWatch
from drs_recovery.aws.utils.launch_actions import count_due
from drs_recovery.text.durations import duration_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from mypy_boto3_drs.type_defs import JobLogTypeDef, JobTypeDef

__all__ = ["DrsJobEvent", "DrsJobTrigger", "JobsSnapshot", "StopWatching"]

# How long after the deadline a last look may succeed: longer than the poller's longest pause.
LAST_LOOK = timedelta(seconds=60)
ON_SNAPSHOT_TIMEOUT = 60.0
REPEAT_WARNING_AFTER = 60.0


class DrsJobEvent(TypedDict):
    """The payload of the one event of a :class:`DrsJobTrigger`."""

    status: Literal["success", "timeout", "error"]
    job_ids: list[str]
    message: NotRequired[str]


class StopWatching(Exception):
    """Raised by :meth:`DrsJobTrigger.on_snapshot` to end the trigger: an ``error`` event with its message."""


class DrsJobTrigger(BaseTrigger):
    """Wait until DRS says that all of some jobs are COMPLETED, and pass on every look at them on the way.

    All triggers of a triggerer process with the same hook parameters share one poller. Trouble of DRS or the
    network never ends the wait: it is logged, kept in ``JobsSnapshot.last_error``, and looked again until the
    deadline. After the deadline one last look decides: completion first, then the time-out.

    The event says ``success`` when the jobs have ended, however their servers fared: that is for the resumed
    task to judge. DRS cannot cancel a job, so ending the trigger, in any way, leaves the jobs alone.

    :param job_ids: The jobs to wait for.
    :param hold: Real seconds after its start before the trigger may fire. Airflow fails a task whose event
        comes while the worker that deferred it still ends (apache/airflow #71580).
    :param deadline: ISO 8601 time with a zone; None waits for ever.
    :param poll_interval: Seconds between two looks while a server is being launched.
    :param relaxed_interval: Seconds between two looks otherwise.
    :param missing_grace: Seconds for which DRS may not know a job (new ones can be invisible) before that is
        an error.
    :param aws_conn_id: The Airflow connection used for AWS credentials.
    :param region_name: The AWS region where the jobs are.
    :param verify: Whether or not to verify SSL certificates.
    :param botocore_config: Configuration dictionary (key-values) for botocore client.
    """

    aws_hook_class: type[DrsHook] = DrsHook

    def __init__(
        self,
        *,
        job_ids: Sequence[str],
        hold: float = 10,
        deadline: str | None = None,
        poll_interval: float = 1,
        relaxed_interval: float = 5,
        missing_grace: float = 60,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.job_ids = validate_job_ids(job_ids)
        self.hold = hold
        self.deadline = None if deadline is None else _aware(deadline)
        self.poll_interval = poll_interval
        self.relaxed_interval = relaxed_interval
        self.missing_grace = missing_grace
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.verify = verify
        self.botocore_config = botocore_config
        self._watch: JobsWatch | None = None
        self._missing_since: dict[str, float] = {}
        self._logged: dict[str, str] = {}
        self._warned: tuple[str, float] | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class's path and every parameter; a subclass adds its own to the latter."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            "job_ids": self.job_ids,
            "hold": self.hold,
            "deadline": None if self.deadline is None else self.deadline.isoformat(),
            "poll_interval": self.poll_interval,
            "relaxed_interval": self.relaxed_interval,
            "missing_grace": self.missing_grace,
            "aws_conn_id": self.aws_conn_id,
            "region_name": self.region_name,
            "verify": self.verify,
            "botocore_config": self.botocore_config,
        }

    @property
    def limit(self) -> timedelta | None:
        """How long from now the trigger may take; a task that defers to it should wait a minute longer."""
        if self.deadline is None:
            return None
        return max(self.deadline - datetime.now(UTC), timedelta()) + LAST_LOOK + timedelta(seconds=self.hold)

    @cached_property
    def hook(self) -> DrsHook:
        """The hook for what a subclass asks of DRS; the polling has its own."""
        return self.aws_hook_class(**self._hook_parameters)

    async def on_snapshot(self, snapshot: JobsSnapshot) -> None:
        """Take part in every look at the jobs, the last included: for subclasses to write progress.

        Failed looks are passed on too (``snapshot.last_error``). What this raises, or a call that takes more
        than a minute, is logged and changes nothing, not even at the last snapshot: the end of a job is not
        lost for want of a progress report. Only :class:`StopWatching` ends the trigger. So the resumed task
        must not rely on the last snapshot having been written.
        """

    async def conclude(self, event: DrsJobEvent, jobs: Sequence[JobTypeDef]) -> TriggerEvent:
        """Return the one event to fire, with the jobs as the last snapshot had them, if there was one.

        Subclasses may end the task here, with a :class:`TaskSuccessEvent`, instead of resuming it.
        """
        return TriggerEvent(event)  # type: ignore[no-untyped-call]

    def is_finished(self, snapshot: JobsSnapshot) -> bool:
        """Whether there is nothing more to wait for; a subclass may wait for what follows the jobs' end."""
        return snapshot.ended

    def overdue(self) -> str:
        """Return what had not ended when the deadline passed."""
        return f"{', '.join(self.job_ids)} did not end by {self.deadline}; DRS jobs run on"

    async def count_actions_due(self, source_server_ids: Sequence[str]) -> dict[str, int | Exception]:
        """Return how many post-launch actions must succeed, by source server, or why that is not known."""
        if self._watch is None:
            async with await self.hook.get_async_conn() as client:  # type: ignore[no-untyped-call]
                return await count_due(client, source_server_ids)
        return await self._watch.poller.count_actions_due(source_server_ids)

    async def log_items(self, job_id: str) -> list[JobLogTypeDef]:
        """Return the log of a job, through the client of the poller while the trigger runs."""
        if self._watch is None:
            return await self.hook.get_job_log(job_id)
        return await self._watch.poller.get_job_log(job_id)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield the one event, a :class:`DrsJobEvent` unless :meth:`conclude` makes another of it."""
        bind_contextvars(job=", ".join(self.job_ids))  # of this asyncio task, which is this trigger's alone
        loop = asyncio.get_running_loop()
        earliest = loop.time() + self.hold
        poller = DrsJobPoller.shared(self.aws_hook_class, self._hook_parameters)
        async with poller.watch(
            self.job_ids, poll_interval=self.poll_interval, relaxed_interval=self.relaxed_interval
        ) as self._watch:
            last = await self._follow(self._watch)
            event = await self.conclude(last, self._watch.latest.jobs if self._watch.latest else ())
        self._watch = None
        await asyncio.sleep(earliest - loop.time())
        yield event

    @property
    def _hook_parameters(self) -> dict[str, Any]:
        return {
            "aws_conn_id": self.aws_conn_id,
            "region_name": self.region_name,
            "verify": self.verify,
            "config": self.botocore_config,
        }

    async def _follow(self, watch: JobsWatch) -> DrsJobEvent:
        give_up = None if self.deadline is None else max(self.deadline, datetime.now(UTC)) + LAST_LOOK
        while True:
            snapshot = await watch.next(until=give_up)
            if snapshot is None:
                return self._timeout()
            self._report(snapshot)
            try:
                await self._pass_on(snapshot)
            except StopWatching as stop:
                return self._event("error", str(stop))
            if event := await self._verdict(snapshot, watch):
                return event

    async def _pass_on(self, snapshot: JobsSnapshot) -> None:
        try:
            async with asyncio.timeout(ON_SNAPSHOT_TIMEOUT):
                await self.on_snapshot(snapshot)
        except StopWatching:
            raise
        except Exception:
            self.log.exception("Progress of %s was not written; polling goes on", ", ".join(self.job_ids))

    async def _verdict(self, snapshot: JobsSnapshot, watch: JobsWatch) -> DrsJobEvent | None:
        if self.is_finished(snapshot):
            return self._event("success")
        if snapshot.last_error:
            return None
        if lost := self._lost(snapshot):
            return self._event("error", await self._unknown(lost, watch.poller.region_name))
        if self.deadline is not None and snapshot.at >= self.deadline:
            return self._timeout()
        return None

    def _lost(self, snapshot: JobsSnapshot) -> list[str]:
        now = asyncio.get_running_loop().time()
        self._missing_since = {i: self._missing_since.get(i, now) for i in snapshot.missing}
        return [i for i, since in self._missing_since.items() if now - since >= self.missing_grace]

    async def _unknown(self, job_ids: list[str], region: str | None) -> str:
        try:
            account = await self.hook.get_account_id()
        except Exception as error:  # noqa: BLE001 - whichever error it is, the missing job is the news
            account = f"unknown ({error})"
        grace = duration_text(timedelta(seconds=self.missing_grace))
        return (
            f"DRS does not know {', '.join(job_ids)} in Region {region} of account {account} "
            f"(connection {self.aws_conn_id}); it was asked for {grace}"
        )

    def _timeout(self) -> DrsJobEvent:
        trouble = f". Last error: {self._warned[0]}" if self._warned else ""
        return self._event("timeout", f"{self.overdue()}{trouble}")

    def _event(
        self, status: Literal["success", "timeout", "error"], message: str | None = None
    ) -> DrsJobEvent:
        event = DrsJobEvent(status=status, job_ids=self.job_ids)
        if message is not None:
            event["message"] = message
        return event

    def _report(self, snapshot: JobsSnapshot) -> None:
        if snapshot.last_error:
            self._warn(snapshot.last_error)
            return
        self._warned = None
        for job in snapshot.jobs:
            if self._logged.get(job["jobID"]) != (text := summary(job)):
                self._logged[job["jobID"]] = text
                with bound_contextvars(job=job["jobID"]):
                    self.log.info("%s", text)

    def _warn(self, text: str) -> None:
        now = asyncio.get_running_loop().time()
        if self._warned and self._warned[0] == text and now - self._warned[1] < REPEAT_WARNING_AFTER:
            return
        self._warned = text, now
        self.log.warning("%s; polling goes on", text)


def _aware(time: str) -> datetime:
    moment = datetime.fromisoformat(time)
    if moment.tzinfo is None:
        raise ValueError(f"deadline: {time!r} has no time zone")
    return moment
