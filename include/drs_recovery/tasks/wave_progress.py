"""What is on record of a wave's servers while its trigger watches them, and the writes that keep it up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from drs_recovery.aws.utils.addresses import prepare
from drs_recovery.aws.utils.drs import about_to_end
from drs_recovery.engine.final_servers import final_servers
from drs_recovery.engine.launch_actions import known, unasked, untellable, warnings, with_due
from drs_recovery.engine.observe import observed_all
from drs_recovery.record.enums import EventType, WaveStatus
from drs_recovery.record.events import Event
from drs_recovery.record.status import judge
from drs_recovery.settings import settings
from drs_recovery.store.programs import wait_for_recovery
from drs_recovery.store.queries import read_execution
from drs_recovery.store.servers import read_servers
from drs_recovery.store.trail import append_event
from drs_recovery.tasks.base import now
from drs_recovery.tasks.looks import FailingLooks
from drs_recovery.tasks.verdict import outcome_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from mypy_boto3_drs.type_defs import JobTypeDef

    from drs_recovery.aws.triggers.drs import JobsSnapshot
    from drs_recovery.record.server_record import ServerRecord
    from drs_recovery.store.async_store import AsyncExecutionStore
    from drs_recovery.tasks.wave_trigger import WaveTrigger

JOBS_UNSEEN = "DRS cannot be asked about the wave's jobs, which run on; it is asked until the wave's deadline"
ACTIONS_UNSEEN = (
    "The launch settings of the wave's servers cannot be read: post-launch actions that have not begun when "
    "the jobs end are not waited for"
)
ASKED_TOGETHER = 50
"""Servers whose answers are kept before the next are asked: a look may be cut short."""

LOGS_UNSEEN = "The logs of the wave's jobs cannot be read: no phase is shown, nor why a server failed"


class WaveProgress:
    """The servers of a trigger's wave as they are on record, and the writers of what DRS says of them."""

    def __init__(self, trigger: WaveTrigger, store: AsyncExecutionStore) -> None:
        self.trigger = trigger
        self.store = store
        self.known: dict[str, ServerRecord] = {}
        self.logs: dict[str, Sequence[Mapping[str, Any]]] = {}
        self.logs_read: dict[str, datetime] = {}
        self.due: dict[str, int] = {}
        self.due_asked: datetime | None = None
        self.untellable: set[str] = set()
        self.unwritten = False
        self.acting: list[str] = []
        self.polled: datetime | None = None
        self.prepared = False
        about: dict[str, int | str | None] = {
            "wave_number": trigger.wave_number,
            "attempt": trigger.attempt,
            "actor": trigger.actor,
        }
        self.jobs_unseen = FailingLooks(trigger.execution_id, JOBS_UNSEEN, **about)
        self.actions_unseen = FailingLooks(trigger.execution_id, ACTIONS_UNSEEN, **about)
        self.logs_unseen = FailingLooks(trigger.execution_id, LOGS_UNSEEN, **about)

    async def write(self, snapshot: JobsSnapshot) -> None:
        """Write servers that changed, and now and then that DRS was asked; the end is `complete`'s."""
        if snapshot.last_error:
            await self.jobs_unseen.failed(snapshot.last_error, self.store)
            return
        self.jobs_unseen.worked()
        trigger = self.trigger
        await self._read_servers()
        if snapshot.ended:
            self.unwritten = True  # until all have answered, also where this look is cut short
            await self._ask_due(snapshot)
            self.unwritten = not self.untellable.issuperset(self._left(snapshot))
        self.acting = [server.label for server in self._seen(snapshot) if server.acting]
        if snapshot.ended and not self.acting and not self.unwritten:
            return
        for job in snapshot.jobs:
            await self._read_log(job, snapshot.at)
        seen = self._seen(snapshot)
        changed = [server for server in seen if server != self.known[server.source_server_id]]
        if changed or self.polled is None:
            await self.store.run(
                wait_for_recovery.poll(trigger.execution_id, trigger.wave_number, trigger.attempt, changed)
            )
            self.known.update({server.source_server_id: server for server in changed})
        if self.polled is None or (snapshot.at - self.polled).total_seconds() >= settings().polled_seconds:
            await self.store.run(wait_for_recovery.polled(trigger.execution_id, snapshot.at))
            self.polled = snapshot.at
        if not self.prepared and any(about_to_end(job) for job in snapshot.jobs):
            self.prepared = True
            await prepare(trigger.hook)
        await self._ask_due(snapshot)

    async def complete(self, jobs: Sequence[JobTypeDef]) -> bool:
        """Write that the wave is COMPLETED, if it is; whether it is on record as such now."""
        trigger = self.trigger
        await self._read_servers()
        before = with_due(self.known.values(), self.due)
        servers = await final_servers(trigger.hook, before, jobs, trigger.log_items)
        wave = (await self.store.run(read_execution(trigger.execution_id))).wave(trigger.wave_number)
        status, reason = judge(wave, servers)
        if status is not WaveStatus.COMPLETED:
            return False
        event = Event(
            type=EventType.WAVE_ENDED,
            time=now(),
            actor=trigger.actor,
            wave_number=trigger.wave_number,
            attempt=trigger.attempt,
            detail=outcome_text(status, reason, servers),
        )
        for warning in warnings(wave, servers, jobs, trigger.actor):
            await self.store.run(append_event(trigger.execution_id, warning))
        await self.store.run(
            wait_for_recovery.end_wave(
                trigger.execution_id, trigger.wave_number, trigger.attempt, servers, status, event=event
            )
        )
        return True

    async def _read_servers(self) -> None:
        if not self.known:
            servers = await self.store.run(read_servers(self.trigger.execution_id, self.trigger.wave_number))
            self.known = {server.source_server_id: server for server in servers}

    def _seen(self, snapshot: JobsSnapshot) -> list[ServerRecord]:
        return observed_all(with_due(self.known.values(), self.due), snapshot.jobs, self.logs)

    def _left(self, snapshot: JobsSnapshot) -> list[str]:
        """Return the servers of which nobody knows yet how many actions are due."""
        return unasked(with_due(self.known.values(), self.due), snapshot.jobs)

    async def _ask_due(self, snapshot: JobsSnapshot) -> None:
        """Ask which servers have actions that must succeed: once each, and seldom where it cannot be told.

        Of those that may not be read one is asked about: it shows when that has changed.
        """
        left, asked = self._left(snapshot), self.due_asked
        if not left or (asked and (snapshot.at - asked).total_seconds() < settings().phase_seconds):
            return
        self.due_asked = snapshot.at
        left = [server for server in left if server not in self.untellable] or left[:1]
        found: dict[str, int | Exception] = {}
        for start in range(0, len(left), ASKED_TOGETHER):
            found |= await self.trigger.count_actions_due(left[start : start + ASKED_TOGETHER])
            self.due |= known(found)
        self.untellable = untellable(found) | (set() if known(found) else self.untellable)
        errors = [error for error in found.values() if isinstance(error, Exception)]
        if errors:
            await self.actions_unseen.failed(errors[0], self.store)
        else:
            self.actions_unseen.worked()

    async def _read_log(self, job: Mapping[str, Any], at: datetime) -> None:
        """Read a job's log for the phases of its servers, seldom: it is one call for each job."""
        read = self.logs_read.get(job["jobID"])
        if read and (at - read).total_seconds() < settings().phase_seconds:
            return
        self.logs_read[job["jobID"]] = at
        try:
            self.logs[job["jobID"]] = await self.trigger.log_items(job["jobID"])
        except (BotoCoreError, ClientError) as error:
            await self.logs_unseen.failed(error, self.store)  # the jobs themselves tell what counts
        else:
            self.logs_unseen.worked()
