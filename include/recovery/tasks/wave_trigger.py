"""The trigger of `wait_for_recovery`: what the shared poller sees of a wave's jobs goes into the record."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from recovery.aws.triggers.drs import DrsJobTrigger
from recovery.execution.async_store import AsyncExecutionStore
from recovery.settings import settings
from recovery.tasks.base import table_hook
from recovery.tasks.observe import observed, participants

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import datetime

    from airflow.triggers.base import TriggerEvent

    from recovery.aws.triggers.drs import JobsSnapshot
    from recovery.execution import ServerRecord


class WaveTrigger(DrsJobTrigger):
    """Watches the jobs of one wave and writes its progress: POLLING, servers on change, `lastPolledTime`.

    It has no way to write a final status, of the wave or of the execution.

    :param execution_id: the execution.
    :param wave_number: the wave, from 0.
    :param attempt: the attempt of the wave; a write for an earlier one is refused by the table.
    """

    def __init__(self, *, execution_id: str, wave_number: int, attempt: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.execution_id = execution_id
        self.wave_number = wave_number
        self.attempt = attempt
        self._progress: WaveProgress | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the import path and the arguments that make this trigger again in any triggerer."""
        path, kwargs = super().serialize()
        own = {"execution_id": self.execution_id, "wave_number": self.wave_number, "attempt": self.attempt}
        return path, {**kwargs, **own}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event, when the jobs have ended or the wave's deadline has passed."""
        async with AsyncExitStack() as self._open:
            async for event in super().run():
                yield event

    async def on_snapshot(self, snapshot: JobsSnapshot) -> None:
        """Write what changed since the last snapshot; trouble with the table never ends the polling."""
        if self._progress is None:
            connection = await table_hook().get_async_conn()  # type: ignore[no-untyped-call]
            client = await self._open.enter_async_context(connection)
            self._progress = WaveProgress(self, AsyncExecutionStore(client, settings().table))
        await self._progress.write(snapshot)


class WaveProgress:
    """What is on record of a wave's servers, and the writes that keep it up with DRS."""

    def __init__(self, trigger: WaveTrigger, store: AsyncExecutionStore) -> None:
        self.trigger = trigger
        self.store = store
        self.known: dict[str, ServerRecord] = {}
        self.logs: dict[str, Sequence[Mapping[str, Any]]] = {}
        self.logs_read: dict[str, datetime] = {}
        self.polled: datetime | None = None

    async def write(self, snapshot: JobsSnapshot) -> None:
        """Write servers that changed, and now and then that DRS was asked."""
        if snapshot.last_error:
            return
        trigger = self.trigger
        if not self.known:
            await self._read_servers()
        for job in snapshot.jobs:
            await self._read_log(job, snapshot.at)
        changed = self._changed(snapshot)
        if changed or self.polled is None:
            await self.store.poll(trigger.execution_id, trigger.wave_number, trigger.attempt, changed)
            self.known.update({server.source_server_id: server for server in changed})
        if self.polled is None or (snapshot.at - self.polled).total_seconds() >= settings().polled_seconds:
            await self.store.polled(trigger.execution_id, snapshot.at)
            self.polled = snapshot.at

    async def _read_servers(self) -> None:
        servers = await self.store.servers(self.trigger.execution_id, self.trigger.wave_number)
        self.known = {server.source_server_id: server for server in servers}

    def _changed(self, snapshot: JobsSnapshot) -> list[ServerRecord]:
        seen = [
            observed(self.known[server_id], job, server, self.logs.get(job["jobID"], ()))
            for server_id, (job, server) in participants(snapshot.jobs).items()
            if server_id in self.known
        ]
        return [server for server in seen if server != self.known[server.source_server_id]]

    async def _read_log(self, job: Mapping[str, Any], at: datetime) -> None:
        """Read a job's log for the phases of its servers, seldom: it is one call for each job."""
        read = self.logs_read.get(job["jobID"])
        if read and (at - read).total_seconds() < settings().phase_seconds:
            return
        self.logs_read[job["jobID"]] = at
        self.logs[job["jobID"]] = await self.trigger.log_items(job["jobID"])
