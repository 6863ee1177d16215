"""The trigger of a start that waits for room in DRS: it wakes the start when its turn has come."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.triggers.base import BaseTrigger, TriggerEvent

from drs_recovery.aws.hooks.drs import DrsHook
from drs_recovery.aws.utils.drs_poller import DrsJobPoller
from drs_recovery.engine.looks import FailingLooks
from drs_recovery.engine.room import Waiters, load_of, most_at_once
from drs_recovery.settings import settings
from drs_recovery.store.async_store import AsyncExecutionStore
from drs_recovery.store.queue import QueueKey
from drs_recovery.tasks.connections import table_hook
from drs_recovery.tasks.listener import hear
from drs_recovery.tasks.log_lines import carry_execution

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime, timedelta

    from drs_recovery.aws.utils.drs import JobsSnapshot
    from drs_recovery.engine.room import Owner
    from drs_recovery.record.queue import Room

QUOTAS_KEPT = 600.0
"""Seconds until quotas are read again."""

ARGUMENTS = (
    *("execution_id", "wave_number", "attempt", "actor"),
    *("account", "region_name", "aws_conn_id"),
    *("hold", "poll_interval"),
)

UNSEEN = (
    "A wave waits for room in DRS, and what runs there, or who else waits, cannot be looked at: it is not "
    "started meanwhile"
)
"""The event of looks that have failed for long."""


class QueueWatch:
    """The look at one queue and DRS's room for all waves that wait in this process: one for all of them.

    The first wave that hears of a look at DRS's jobs takes it up for all of them.
    """

    _shared: ClassVar[dict[tuple[asyncio.AbstractEventLoop, QueueKey], QueueWatch]] = {}

    def __init__(self, queue: QueueKey, hook: DrsHook) -> None:
        self.waiters = Waiters(queue)
        self._hook = hook
        self._looking = asyncio.Lock()
        self._seen: datetime | None = None
        self._trouble: str | None = None
        self._lasts: timedelta | None = None
        self._most: tuple[float, Room] | None = None
        self._store: AsyncExecutionStore | None = None
        self.opened = AsyncExitStack()

    @classmethod
    @asynccontextmanager
    async def waiting(
        cls, queue: QueueKey, hook: DrsHook, owner: Owner
    ) -> AsyncIterator[tuple[QueueWatch, asyncio.Event]]:
        """Wait for one's turn for the length of the block; the last one to leave closes the store."""
        key = asyncio.get_running_loop(), queue
        watch = cls._shared.setdefault(key, cls(queue, hook))
        try:
            yield watch, watch.waiters.join(owner)
        finally:
            watch.waiters.part(owner)
            if not watch.waiters:
                cls._shared.pop(key, None)
                await watch.opened.aclose()

    async def take_up(self, snapshot: JobsSnapshot) -> str | None:
        """Wake those that have room, once for each look at DRS; return what was in the way, to all alike."""
        async with self._looking:
            if self._seen != snapshot.at:
                self._seen = snapshot.at
                try:
                    self._trouble = await self._call(snapshot)
                except Exception as error:  # noqa: BLE001 - any: the next look may succeed
                    self._trouble = str(error)
        return self._trouble

    async def _call(self, snapshot: JobsSnapshot) -> str | None:
        """Say that all of this process wait still, and wake those that have room."""
        failed = snapshot.last_error
        load = None
        if not failed:
            load = load_of(snapshot.jobs, await self._get_most(), self._lasts, snapshot.at)
            self._lasts = load.lasts
        await self.waiters.call(await self.get_store(), load)
        return failed

    async def get_store(self) -> AsyncExecutionStore:
        """Return the store that all of this process use while they wait."""
        if self._store is None:
            connection = await table_hook().get_async_conn()  # type: ignore[no-untyped-call]
            client = await self.opened.enter_async_context(connection)
            self._store = AsyncExecutionStore(client, settings().table, listener=hear)
        return self._store

    async def _get_most(self) -> Room:
        """Return what the quotas of the account allow, as they were some minutes ago."""
        clock = asyncio.get_running_loop().time()
        if self._most is None or clock - self._most[0] >= QUOTAS_KEPT:
            self._most = clock, await asyncio.to_thread(most_at_once, self._hook)
        return self._most[1]


class RoomTrigger(BaseTrigger):
    """Waits for the turn of a wave in the queue for DRS's room; no trouble ends it.

    :param execution_id: the execution.
    :param wave_number: the wave, from 0.
    :param attempt: the attempt of the wave.
    :param actor: the start's task id.
    :param account: whose queue it is, with ``region_name``.
    :param hold: seconds after its start before the trigger may fire.
    :param poll_interval: seconds between two looks at DRS's jobs.
    :param aws_conn_id: the Airflow connection that reaches the account.
    :param region_name: the Region.
    """

    def __init__(
        self,
        *,
        execution_id: str,
        wave_number: int,
        attempt: int,
        actor: str,
        account: str,
        region_name: str,
        aws_conn_id: str | None,
        hold: float = 10,
        poll_interval: float = 1,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.execution_id = execution_id
        self.wave_number = wave_number
        self.attempt = attempt
        self.actor = actor
        self.account = account
        self.region_name = region_name
        self.aws_conn_id = aws_conn_id
        self.hold = hold
        self.poll_interval = poll_interval
        self._unseen = FailingLooks(
            execution_id, UNSEEN, wave_number=wave_number, attempt=attempt, actor=actor
        )

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the import path and the arguments that make this trigger again in any triggerer."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, {name: getattr(self, name) for name in ARGUMENTS}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event, when the wave may start."""
        carry_execution(self.execution_id, self.actor, self.attempt)
        await asyncio.sleep(self.hold)
        parameters = {"aws_conn_id": self.aws_conn_id, "region_name": self.region_name}
        queue, owner = QueueKey(self.account, self.region_name), (self.execution_id, self.wave_number)
        hook = DrsHook(**parameters)
        poller = DrsJobPoller.shared(DrsHook, {**parameters, "verify": None, "config": None})
        pace = {"poll_interval": self.poll_interval, "relaxed_interval": self.poll_interval}
        async with (
            poller.watch(None, **pace) as jobs,
            QueueWatch.waiting(queue, hook, owner) as (watch, turn),
        ):
            while not turn.is_set():
                if snapshot := await jobs.next():
                    await self._report(watch, await watch.take_up(snapshot))
        yield TriggerEvent({"status": "success"})  # type: ignore[no-untyped-call]

    async def _report(self, watch: QueueWatch, trouble: str | None) -> None:
        """Report what was in the way of a look; the wave waits on."""
        if trouble is None:
            self._unseen.worked()
            return
        self.log.warning("%s; it is looked again", trouble)
        with suppress(Exception):  # the table itself may be in the way
            await self._unseen.failed(trouble, await watch.get_store())
