"""What is on record of a wave's servers while its trigger watches them, and the writes that keep it up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from drs_recovery.aws.utils.addresses import prepare
from drs_recovery.aws.utils.drs import about_to_end
from drs_recovery.engine.checking import Checker
from drs_recovery.engine.journal import Journal
from drs_recovery.engine.launch_actions import known, unasked, untellable, with_due
from drs_recovery.engine.looks import FailingLooks
from drs_recovery.engine.observe import observed_all
from drs_recovery.engine.watch import end_wave, final_servers, located
from drs_recovery.plan import Plan
from drs_recovery.record.enums import WaveStatus
from drs_recovery.record.judge import checking, unseen
from drs_recovery.settings import settings
from drs_recovery.store.frozen import read_plan
from drs_recovery.store.programs import wait_for_recovery
from drs_recovery.store.queries import read_execution
from drs_recovery.store.servers import read_servers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mypy_boto3_drs.type_defs import JobLogTypeDef, JobTypeDef

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.aws.utils.drs import JobsSnapshot
    from drs_recovery.engine.watch import WatchedWave
    from drs_recovery.record.server_record import ServerRecord
    from drs_recovery.store.async_store import AsyncExecutionStore

JOBS_UNSEEN = "DRS cannot be asked about the wave's jobs, which run on; it is asked until the wave's deadline"
ACTIONS_UNSEEN = (
    "The launch settings of the wave's servers cannot be read: post-launch actions that have not begun when "
    "the jobs end are not waited for"
)
ASKED_TOGETHER = 50
"""Servers whose answers are kept before the next are asked: a look may be cut short."""

LOGS_UNSEEN = "The logs of the wave's jobs cannot be read: no phase is shown, nor why a server failed"


class WaveReads(Protocol):
    """What is read of a wave in DRS and EC2, through the client that polls."""

    @property
    def hook(self) -> DrsHook:
        """The hook for all else."""

    async def log_items(self, job_id: str) -> Sequence[JobLogTypeDef]:
        """Return the log of a job."""

    async def count_actions_due(self, source_server_ids: Sequence[str]) -> dict[str, int | Exception]:
        """Return how many post-launch actions must succeed, by source server, or why that is not known."""


class WaveProgress:
    """The servers of a trigger's wave as they are on record, and the writers of what DRS reports of them."""

    def __init__(
        self, watched: WatchedWave, drs: WaveReads, store: AsyncExecutionStore, *, checks: bool = False
    ) -> None:
        self.watched = watched
        self.drs = drs
        self.store = store
        self.journal = Journal(watched.actor)
        self.known: dict[str, ServerRecord] = {}
        self.logs: dict[str, Sequence[JobLogTypeDef]] = {}
        self.logs_read: dict[str, datetime] = {}
        self.due: dict[str, int] = {}
        self.due_asked: datetime | None = None
        self.untellable: set[str] = set()
        self.unwritten = False
        self.acting: list[str] = []
        self.checks = checks
        self.checker: Checker | None = None
        self.checking: list[str] = []
        self.worker_is_due = False
        self.located: datetime | None = None
        self.polled: datetime | None = None
        self.written_checking = False
        self.prepared = False
        self.jobs_unseen = self._looks(JOBS_UNSEEN)
        self.actions_unseen = self._looks(ACTIONS_UNSEEN)
        self.logs_unseen = self._looks(LOGS_UNSEEN)

    def _looks(self, what: str) -> FailingLooks:
        wave = self.watched
        about = {"wave_number": wave.wave_number, "attempt": wave.attempt}
        return FailingLooks(wave.execution_id, what, actor=wave.actor, **about)

    async def write(self, snapshot: JobsSnapshot) -> None:
        """Write servers that changed, and now and then that DRS was asked; the end is `complete`'s."""
        if snapshot.last_error:
            await self.jobs_unseen.failed(snapshot.last_error, self.store)
            if self.written_checking:  # the jobs have ended: their servers are looked at all the same
                seen = await self._checked([*self.known.values()], snapshot.at, over=True)
                await self._write_changed(seen, checking=True)
            return
        self.jobs_unseen.worked()
        await self._read_servers()
        if snapshot.ended:
            self.unwritten = True  # until all have answered, also where this look is cut short
            await self._ask_due(snapshot)
            self.unwritten = not self.untellable.issuperset(self._unasked_servers(snapshot))
        self.acting = [server.label for server in self._seen(snapshot) if server.acting]
        over = snapshot.ended and not self.acting and not self.unwritten
        for job in () if over else snapshot.jobs:
            await self._read_log(job, snapshot.at)
        seen = await self._checked(self._seen(snapshot), snapshot.at, over=over)
        if over and not self.checking:
            if self.checker:  # what did not pass is judged by what is on record
                await self._write_changed(seen, checking=True)
            return
        await self._write_changed(seen, checking=over)
        if self.polled is None or (snapshot.at - self.polled).total_seconds() >= settings().polled_seconds:
            await self.store.run(wait_for_recovery.polled(self.watched.execution_id, snapshot.at))
            self.polled = snapshot.at
        if not self.prepared and any(about_to_end(job) for job in snapshot.jobs):
            self.prepared = True
            await prepare(self.drs.hook)
        await self._ask_due(snapshot)

    async def _write_changed(self, seen: Sequence[ServerRecord], *, checking: bool) -> None:
        """Write servers that differ from what is on record, and that only checks are waited for, once."""
        wave = self.watched
        changed = [server for server in seen if server != self.known[server.source_server_id]]
        if changed or self.polled is None or checking != self.written_checking:
            await self.store.run(
                wait_for_recovery.poll(
                    wave.execution_id, wave.wave_number, wave.attempt, changed, checking=checking
                )
            )
            self.known.update({server.source_server_id: server for server in changed})
            self.written_checking = checking

    async def _checked(
        self, seen: Sequence[ServerRecord], at: datetime, *, over: bool
    ) -> Sequence[ServerRecord]:
        """Return servers with what their checks found so far; ``over``: nothing else is waited for."""
        if self.checker is None:
            return seen
        if self.located is None or (at - self.located).total_seconds() >= settings().phase_seconds:
            self.located = at
            seen = await located(self.drs.hook, seen)
        checked = self.checker.observe(seen, at, ended=over)
        wave = self.checker.wave
        self.checking = [one.label for one in checked if checking(wave, one) or unseen(wave, one)]
        self.worker_is_due = over and self.checker.worker_is_due(checked, at)
        return checked

    def stop(self) -> None:
        """Let go of what runs."""
        if self.checker:
            self.checker.stop()

    async def complete(self, jobs: Sequence[JobTypeDef]) -> bool:
        """Write that the wave is COMPLETED, if it is; whether it is on record as such now."""
        await self._read_servers()
        before = with_due(self.known.values(), self.due)
        servers = await final_servers(self.drs.hook, before, jobs, self.drs.log_items)
        completed = end_wave(self.watched, self.journal, servers, jobs, only=WaveStatus.COMPLETED)
        return await self.store.run(completed) is not None

    async def _read_servers(self) -> None:
        if not self.known:
            servers = await self.store.run(read_servers(self.watched.execution_id, self.watched.wave_number))
            self.known = {server.source_server_id: server for server in servers}
        if self.checks and self.checker is None:
            record = await self.store.run(read_execution(self.watched.execution_id))
            plan = Plan.load(await self.store.run(read_plan(self.watched.execution_id)))
            wave = record.wave(self.watched.wave_number)
            self.checker = Checker(record, plan, wave, self.drs.hook)

    def _seen(self, snapshot: JobsSnapshot) -> list[ServerRecord]:
        return observed_all(with_due(self.known.values(), self.due), snapshot.jobs, self.logs)

    def _unasked_servers(self, snapshot: JobsSnapshot) -> list[str]:
        """Return the servers whose number of due actions is not known yet."""
        return unasked(with_due(self.known.values(), self.due), snapshot.jobs)

    async def _ask_due(self, snapshot: JobsSnapshot) -> None:
        """Ask which servers have actions that must succeed: once each, and seldom where it is not known.

        Of those that may not be read one is asked about: it shows when that has changed.
        """
        left, asked = self._unasked_servers(snapshot), self.due_asked
        if not left or (asked and (snapshot.at - asked).total_seconds() < settings().phase_seconds):
            return
        self.due_asked = snapshot.at
        left = [server for server in left if server not in self.untellable] or left[:1]
        found: dict[str, int | Exception] = {}
        for start in range(0, len(left), ASKED_TOGETHER):
            found |= await self.drs.count_actions_due(left[start : start + ASKED_TOGETHER])
            self.due |= known(found)
        self.untellable = untellable(found) | (set() if known(found) else self.untellable)
        errors = [error for error in found.values() if isinstance(error, Exception)]
        if errors:
            await self.actions_unseen.failed(errors[0], self.store)
        else:
            self.actions_unseen.worked()

    async def _read_log(self, job: JobTypeDef, at: datetime) -> None:
        """Read a job's log for the phases of its servers, seldom: it is one call for each job."""
        read = self.logs_read.get(job["jobID"])
        if read and (at - read).total_seconds() < settings().phase_seconds:
            return
        self.logs_read[job["jobID"]] = at
        try:
            self.logs[job["jobID"]] = await self.drs.log_items(job["jobID"])
        except (BotoCoreError, ClientError) as error:
            await self.logs_unseen.failed(error, self.store)  # the jobs themselves show what counts
        else:
            self.logs_unseen.worked()
