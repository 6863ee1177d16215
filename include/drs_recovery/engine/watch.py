"""A wave that is watched: what there is to watch, its servers at the end, and the one write of its end.

The trigger writes an end that is COMPLETED, the sensor any other: both by `end_wave`, which asks one judge.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from drs_recovery.aws.utils.addresses import private_addresses
from drs_recovery.engine.checking import warnings as checking_warnings
from drs_recovery.engine.frozen_plan import frozen_plan
from drs_recovery.engine.launch_actions import look_up, warnings
from drs_recovery.engine.observe import (
    observed_all,
    with_addresses,
    with_instances,
    without_address,
    without_instance,
)
from drs_recovery.engine.permission import wave_on_record
from drs_recovery.errors import StartRefused
from drs_recovery.names import Role, task_id
from drs_recovery.record.enums import EventType, WaveStatus
from drs_recovery.record.judge import checking, judge, named, unseen
from drs_recovery.store.programs import wait_for_recovery
from drs_recovery.store.queries import read_execution
from drs_recovery.store.servers import read_servers
from drs_recovery.store.trail import append_event

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import datetime
    from typing import Literal

    from mypy_boto3_drs.type_defs import JobTypeDef

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.engine.journal import Journal
    from drs_recovery.plan import Plan
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.record.server_record import ServerRecord
    from drs_recovery.store.requests import StoreProgram
    from drs_recovery.store.store import ExecutionStore

    Json = Mapping[str, Any]
    ReadLog = Callable[[str], Awaitable[Sequence[Json]]]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WatchedWave:
    """The attempt of a wave that somebody watches, and in whose name its events are written."""

    execution_id: str
    wave_number: int
    attempt: int
    actor: str


@dataclass(frozen=True)
class Watch:
    """What a sensor watches: the wave, its jobs and their Region, and for how many seconds at most."""

    wave: WaveRecord
    plan: Plan
    job_ids: Sequence[str]
    timeout_seconds: float


@dataclass(frozen=True)
class Cut:
    """Why the watching ended before the jobs did: the deadline, or an error."""

    cause: Literal["timeout", "error"]
    message: str


@dataclass(frozen=True)
class WaveEnd:
    """How a wave ended, and why if it is not COMPLETED."""

    status: WaveStatus
    reason: str | None
    server_count: int
    checked: bool = False

    @property
    def message(self) -> str:
        """The end as the audit trail has it."""
        launched = "launched, and well" if self.checked else "launched"
        return f"{self.status}: {self.reason or f'all {self.server_count} servers {launched}'}"


def wave_to_watch(
    store: ExecutionStore, record: Execution, number: int, name: str, now: datetime
) -> Watch | WaveStatus:
    """Return what there is to watch of a wave, or the status of one that has met its policy.

    StartRefused where no job of it is on record, and for a wave that ended badly: it is not watched again.
    """
    wave = wave_on_record(record, number, name)
    if wave.status.policy_met:
        return wave.status
    if wave.status.final:
        tasks = task_id(Role.START, wave.wave_name)
        if wave.pause_before_wave:
            tasks = f"{task_id(Role.GATE, wave.wave_name)} and {tasks}"
        raise StartRefused(f"{wave.wave_name} has ended: {wave.status}. To try again, clear {tasks} too.")
    if not wave.attempt_job_ids and not wave.has_nothing_to_start:
        raise StartRefused(
            f"{wave.wave_name} has no jobs: it is {wave.status} on record, even if its task shows otherwise."
        )
    # The time-out counts from the wave's start and not from this try
    left = wave.deadline - now if wave.deadline else wave.allowed
    jobs = [*_acting_since(store, record.execution_id, wave), *wave.attempt_job_ids]
    return Watch(wave, frozen_plan(store, record.execution_id), jobs, max(left.total_seconds(), 1))


def _acting_since(store: ExecutionStore, key: str, wave: WaveRecord) -> list[str]:
    """Return the jobs of earlier attempts on whose servers post-launch actions still run, or checks do."""
    if wave.attempt == 1:
        return []
    servers = store.run(read_servers(key, wave.wave_number))
    waiting = [server for server in servers if server.acting or checking(wave, server)]
    jobs = {server.job_id for server in waiting if server.job_id}
    return sorted(jobs - set(wave.attempt_job_ids))


async def final_servers(
    hook: DrsHook, records: Sequence[ServerRecord], jobs: Sequence[Json], read_log: ReadLog | None = None
) -> list[ServerRecord]:
    """Return the servers as their jobs tell them; a look-up that fails leaves out what it would tell.

    But that of the actions which are due: it decides, so trouble that may pass is raised.
    ``read_log`` returns the log of a job; absent, the hook does, through a client of its own.
    """
    logs = {job["jobID"]: await _log(read_log or hook.get_job_log, job["jobID"]) for job in jobs}
    return await located(hook, observed_all(await look_up(hook, records, jobs), jobs, logs))


async def located(hook: DrsHook, servers: Sequence[ServerRecord]) -> list[ServerRecord]:
    """Return servers with instance and address of those that are launched, where AWS says them."""
    servers = list(servers)
    if missing := without_instance(servers):
        servers = with_instances(servers, await _instances(hook, missing))
    if unknown := without_address(servers):
        servers = with_addresses(servers, await private_addresses(hook, unknown))
    return servers


async def _log(read: ReadLog, job_id: str) -> Sequence[Json]:
    try:
        return await read(job_id)
    except (BotoCoreError, ClientError) as error:
        log.warning("The log of %s cannot be read: %s", job_id, error)
        return ()


async def _instances(hook: DrsHook, source_server_ids: Sequence[str]) -> Sequence[Json]:
    try:
        return await hook.get_recovery_instances(source_server_ids)
    except (BotoCoreError, ClientError) as error:
        log.warning("The instances of %s cannot be looked up: %s", ", ".join(source_server_ids), error)
        return ()


def unfinished_jobs(wave: WaveRecord, jobs: Sequence[JobTypeDef]) -> list[str]:
    """Return the jobs of a wave's attempt that have not ended."""
    ended = {job["jobID"] for job in jobs if job.get("status") == "COMPLETED"}
    return sorted(set(wave.attempt_job_ids) - ended)


def wave_end(
    wave: WaveRecord, servers: Sequence[ServerRecord], jobs: Sequence[JobTypeDef], cut: Cut | None = None
) -> WaveEnd | None:
    """Return how a wave ended, by its servers once its jobs and what follows them have ended (R-03, P-2).

    None while something of it still runs, and nothing has cut the watching short. Actions that run on a
    server after its launch, and must succeed, are waited for like jobs; so is one look of each check.
    """
    unfinished = unfinished_jobs(wave, jobs)
    acting = [server.label for server in servers if server.acting]
    unchecked = [server.label for server in servers if checking(wave, server)]
    if cut is None and any(unseen(wave, server) for server in servers):
        return None
    if not unfinished and not acting and not unchecked:
        return WaveEnd(*judge(wave, servers), len(servers), checked=bool(wave.checks))
    if cut is None:
        return None
    running = ", ".join(
        [
            *unfinished,
            *([f"post-launch actions on {named(acting)}"] if acting else []),
            *([f"checks of {named(unchecked)}"] if unchecked else []),
        ]
    )
    if not unfinished and not acting:
        status = WaveStatus.TIMED_OUT if cut.cause == "timeout" else WaveStatus.FAILED
        return WaveEnd(status, f"{cut.message}. Not decided: {running}", len(servers))
    if cut.cause == "timeout":
        reason = f"{cut.message}. Still runs in DRS: {running}"
        return WaveEnd(WaveStatus.TIMED_OUT, reason, len(servers))
    reason = f"{cut.message}. Not ended in DRS, as far as it shows: {running}"
    return WaveEnd(WaveStatus.FAILED, reason, len(servers))


def end_wave(
    watched: WatchedWave,
    journal: Journal,
    servers: Sequence[ServerRecord],
    jobs: Sequence[JobTypeDef],
    cut: Cut | None = None,
    *,
    only: WaveStatus | None = None,
) -> StoreProgram[WaveEnd | None]:
    """Write the end of a wave and return it; None if it has not ended, or not with the status ``only``."""
    key, number = watched.execution_id, watched.wave_number
    wave = (yield from read_execution(key)).wave(number)
    end = wave_end(wave, servers, jobs, cut)
    if end is None or (only and end.status is not only):
        return None
    for warning in (
        *warnings(wave, servers, jobs, watched.actor),
        *checking_warnings(wave, servers, journal),
    ):
        yield from append_event(key, warning)
    event = journal.event(EventType.WAVE_ENDED, end.message, wave=wave)
    yield from wait_for_recovery.write_end(
        key, number, watched.attempt, servers, end.status, failure=end.reason, event=event
    )
    return end
