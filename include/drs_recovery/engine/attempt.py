"""The attempt of a wave that a task works for: a new one where the run was cleared after the last had ended.

Airflow counts how often a run was cleared. A retry of a task, by Airflow or after a crash, finds the number
on record and keeps the attempt.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from drs_recovery.engine.adoption import Adoption
from drs_recovery.engine.checking import again
from drs_recovery.engine.frozen_plan import drs_of
from drs_recovery.engine.watch import final_servers
from drs_recovery.errors import StartRefused
from drs_recovery.names import Role, task_id
from drs_recovery.record.enums import EventType, WaveStatus
from drs_recovery.record.intent import Adopted, NoJob, StillOpen
from drs_recovery.record.permission import check_ask, check_attempt
from drs_recovery.store.open_attempt import Opening, note_clear, open_attempt
from drs_recovery.store.servers import read_servers
from drs_recovery.store.trail import append_event

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from mypy_boto3_drs.type_defs import JobTypeDef

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.engine.journal import Journal
    from drs_recovery.record.events import Event
    from drs_recovery.record.intent import Intent
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.record.server_record import ServerRecord
    from drs_recovery.store.store import ExecutionStore


class Clear(NamedTuple):
    """What Airflow knows of a DAG run that decides about an attempt.

    ``number`` is how often the run was cleared: each clear of its tasks, or of the whole run, counts one.
    ``is_finished`` says of an execution whether its DAG run has ended or is gone.
    """

    number: int
    is_finished: Callable[[Execution], bool]


def current_attempt(
    store: ExecutionStore, journal: Journal, record: Execution, number: int, clear: Clear, *, opens_gate: bool
) -> Execution:
    """Return the record with the attempt of a wave that goes on, or that the clearing of its tasks opens.

    A wave that is COMPLETED stays so. ``opens_gate``: the wave's gate, where one is due, asks for the new
    attempt; without it an attempt that nobody could approve is not opened. StartRefused, LockHeld, or an
    error of AWS when the wave cannot be tried again; nothing of the record is changed then.
    """
    wave = record.wave(number)
    if wave.status is WaveStatus.COMPLETED:
        return record
    if clear.number <= (wave.clear_number or 0):
        if wave.attempt > 1 and not wave.status.final:
            store.run(append_event(record.execution_id, _opening_event(journal, wave, "it was cleared")))
        return record
    if not wave.status.final:
        check_ask(record, number)
        return store.run(note_clear(record.execution_id, number, wave.attempt, clear.number))
    check_attempt(record, number)
    if wave.pause_before_wave and not opens_gate:
        raise StartRefused(
            f"{wave.wave_name} is {wave.status}, and a new attempt needs a new approval. To try again, clear "
            f"{task_id(Role.GATE, wave.wave_name)} too."
        )
    return _open_next(store, journal, record, wave, clear)


def _open_next(
    store: ExecutionStore, journal: Journal, record: Execution, wave: WaveRecord, clear: Clear
) -> Execution:
    key, number = record.execution_id, wave.wave_number
    hook = drs_of(store, key, number)
    adoption = Adoption(hook, store, journal, record)
    resolved = [_resolved(adoption, wave, intent) for intent in wave.open_intents]
    jobs = _ended_jobs(hook, wave, [intent.job_id for intent in resolved if intent.job_id])
    known = store.run(read_servers(key, number))
    found = asyncio.run(final_servers(hook, known, jobs))
    changed = _to_write(wave, known, found, {job["jobID"] for job in jobs}, journal.now())
    changed = [*changed, *(server for server in again(known) if wave.checks)]
    opening = Opening(number, wave.attempt, clear.number, resolved, changed)
    event = _opening_event(journal, wave.replace(attempt=wave.attempt + 1), _last_end(record, wave))
    return store.run(open_attempt(key, opening, event, is_finished=clear.is_finished))


def _resolved(adoption: Adoption, wave: WaveRecord, intent: Intent) -> Intent:
    """Return an open intent with what became of it; StartRefused while a job may not show yet in DRS."""
    match adoption.resolve(wave, intent):
        case Adopted(job_id):
            return intent.replace(job_id=job_id)
        case NoJob(text):
            return intent.replace(refusal=text, lost=True)
        case StillOpen(until):
            raise StartRefused(
                f"{wave.wave_name} cannot be tried again yet: StartRecovery of batch {intent.batch} was "
                f"announced at {intent.time:%H:%M:%S} UTC, and its job may not show in DRS before "
                f"{until:%H:%M:%S}."
            )


def _ended_jobs(hook: DrsHook, wave: WaveRecord, found: Sequence[str]) -> list[JobTypeDef]:
    """Return the jobs of the last attempt, or StartRefused unless DRS says of each that it has ended."""
    ids = [*wave.attempt_job_ids, *found]
    jobs = {job["jobID"]: job for job in hook.list_jobs(ids)} if ids else {}
    if unknown := [job_id for job_id in ids if job_id not in jobs]:
        raise StartRefused(
            f"{wave.wave_name} cannot be tried again: DRS does not know {', '.join(unknown)}, so nobody can "
            "say whether it has ended."
        )
    if running := [job_id for job_id in ids if jobs[job_id].get("status") != "COMPLETED"]:
        raise StartRefused(
            f"{wave.wave_name} cannot be tried again yet: {', '.join(running)} still runs in DRS. Clear the "
            "wave when it has ended; then what it launched is not launched again."
        )
    return list(jobs.values())


def _to_write(
    wave: WaveRecord,
    known: Sequence[ServerRecord],
    found: Sequence[ServerRecord],
    job_ids: set[str],
    at: datetime,
) -> list[ServerRecord]:
    """Return the servers of the last attempt's jobs as these ended, where the record says less or other."""
    ended = [
        (old, new.replace(attempt=wave.attempt, end_time=None if new.acting else new.end_time or at))
        for old, new in zip(known, found, strict=True)
        if new.job_id in job_ids
    ]
    return [new for old, new in ended if new != old and not old.recovered]


def _last_end(record: Execution, wave: WaveRecord) -> str:
    """Return what the new attempt leaves behind: the record itself holds only the current one."""
    because = f": {wave.failure}" if wave.failure else ""
    before = f"attempt {wave.attempt} ended {wave.status}{because}"
    return f"{before}. The execution was {record.status} and is open again" if record.final else before


def _opening_event(journal: Journal, wave: WaveRecord, why: str) -> Event:
    """Return the event of a new attempt, appended once; Airflow gives no task the name of who cleared it."""
    message = f"Attempt {wave.attempt} of {wave.wave_name}: {why}. Airflow does not tell who cleared it"
    event = journal.event(EventType.ATTEMPT_OPENED, message, wave=wave)
    return event.replace(once=f"{EventType.ATTEMPT_OPENED}|{wave.wave_number}|{wave.attempt}")
