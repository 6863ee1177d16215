"""The trigger of `wait_for_recovery`: what the shared poller sees of a wave's jobs goes into the record."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import TaskSuccessEvent

from drs_recovery.aws.triggers.drs import DrsJobTrigger
from drs_recovery.engine.progress import WaveProgress
from drs_recovery.engine.watch import WatchedWave
from drs_recovery.record.enums import WaveStatus
from drs_recovery.record.judge import named
from drs_recovery.settings import settings
from drs_recovery.store.async_store import AsyncExecutionStore
from drs_recovery.tasks.connections import table_hook
from drs_recovery.tasks.listener import hear
from drs_recovery.tasks.log_lines import carry_execution
from drs_recovery.tasks.metrics import count_failed_poll

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from airflow.triggers.base import TriggerEvent
    from mypy_boto3_drs.type_defs import JobTypeDef

    from drs_recovery.aws.triggers.drs import DrsJobEvent, JobsSnapshot


OWN = ("execution_id", "wave_number", "attempt", "actor")
"""Arguments of the trigger that are not the polling's, and that it always has."""


class WaveTrigger(DrsJobTrigger):
    """Watches the jobs of one wave and writes its progress: POLLING, servers on change, `lastPolledTime`.

    A wave whose servers were all launched is COMPLETED here, which spares a worker the start of a process;
    any other end resumes the sensor, which judges the wave and fails with the reason. There is no way from
    here to a final status of the execution. Jobs that have ended are watched on while post-launch actions run
    that must succeed, and while its servers are checked; for a check that a worker looks at the sensor is
    resumed, which looks and waits on.

    :param execution_id: the execution.
    :param wave_number: the wave, from 0.
    :param attempt: the attempt of the wave; a write for an earlier one is refused by the table.
    :param actor: in whose name events are written: the sensor's task id.
    :param checks: whether its launched servers are checked, by the frozen plan.
    """

    def __init__(
        self,
        *,
        execution_id: str,
        wave_number: int,
        attempt: int,
        actor: str,
        checks: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.execution_id = execution_id
        self.wave_number = wave_number
        self.attempt = attempt
        self.actor = actor
        self.checks = checks
        self._progress: WaveProgress | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the import path and the arguments that make this trigger again in any triggerer."""
        path, kwargs = super().serialize()
        own = {name: getattr(self, name) for name in OWN}
        # A release before this one has no checks: an upgrade can be taken back while a wave is watched
        return path, {**kwargs, **own, **({"checks": True} if self.checks else {})}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event, when the jobs have ended or the wave's deadline has passed."""
        carry_execution(self.execution_id, self.actor, self.attempt)
        async with AsyncExitStack() as self._open:
            async for event in super().run():
                yield event

    async def on_snapshot(self, snapshot: JobsSnapshot) -> None:
        """Write what changed since the last snapshot; trouble with the table never ends the polling."""
        if snapshot.last_error:
            count_failed_poll(self.region_name)
        await (await self._get_progress()).write(snapshot)

    def is_finished(self, snapshot: JobsSnapshot) -> bool:
        """Whether the jobs have ended, no action that must succeed runs on or may be due, nor is a check.

        Or all that is waited for are checks that a worker looks at, and it is time for that.
        """
        over = snapshot.ended and not self._acting and not self._unwritten
        return over and (self._worker_is_due or not self._checking)

    def overdue(self) -> str:
        """Return what had not ended: the jobs, or else the actions after them."""
        if self._unwritten and not self._acting:
            return f"the launch settings of its servers could not be read by {self.deadline}: actions may run"
        if self._progress and self._progress.written_checking:
            return f"checks of {named(self._checking)} were not decided by {self.deadline}"
        if not self._acting:
            return super().overdue()
        return f"post-launch actions on {named(self._acting)} did not end by {self.deadline}; they run on"

    @property
    def _acting(self) -> list[str]:
        return self._progress.acting if self._progress else []

    @property
    def _checking(self) -> list[str]:
        return self._progress.checking if self._progress else []

    @property
    def _worker_is_due(self) -> bool:
        return self._progress is not None and self._progress.worker_is_due

    @property
    def _unwritten(self) -> bool:
        return self._progress is not None and self._progress.unwritten

    async def conclude(self, event: DrsJobEvent, jobs: Sequence[JobTypeDef]) -> TriggerEvent:
        """End the sensor if the wave is COMPLETED and on record as such; resume it otherwise."""
        ended = event["status"] == "success" and not self._worker_is_due
        if ended and await self._completed(jobs):
            return TaskSuccessEvent(xcoms={"return_value": WaveStatus.COMPLETED.value})
        return await super().conclude(event, jobs)

    async def _completed(self, jobs: Sequence[JobTypeDef]) -> bool:
        try:
            return await (await self._get_progress()).complete(jobs)
        except Exception:
            self.log.exception("The end of the wave is not on record yet; the sensor judges it")
            return False

    async def _get_progress(self) -> WaveProgress:
        if self._progress is None:
            connection = await table_hook().get_async_conn()  # type: ignore[no-untyped-call]
            client = await self._open.enter_async_context(connection)
            watched = WatchedWave(self.execution_id, self.wave_number, self.attempt, self.actor)
            store = AsyncExecutionStore(client, settings().table, listener=hear)
            self._progress = WaveProgress(watched, self, store, checks=self.checks)
            self._open.callback(self._progress.stop)
        return self._progress
