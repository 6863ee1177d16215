"""The job of an intent, on record in its wave and its servers, no matter which task learned of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.errors import TransitionRefused
from drs_recovery.record.enums import LaunchStatus
from drs_recovery.store.changes import change, with_wave
from drs_recovery.store.intents import find_intent, keep_past, with_known_servers
from drs_recovery.store.servers import read_servers, write_job
from drs_recovery.store.trail import append_change

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from drs_recovery.record.enums import Writer
    from drs_recovery.record.events import Event
    from drs_recovery.record.intent import Intent
    from drs_recovery.record.models import Execution
    from drs_recovery.record.server_record import ServerRecord
    from drs_recovery.store.requests import StoreProgram

_PROGRESS = (
    "job_id",
    "launch_status",
    "actions_due",
    "actions_status",
    "launch_start_time",
    "recovery_instance_id",
    "private_ip",
    "phase",
    "phase_since",
    "error",
    "end_time",
)
"""What an attempt writes of a server, and the next one writes again."""


def record_job(
    execution_id: str, number: int, intent: Intent, job_id: str, event: Event | None, *, writer: Writer
) -> StoreProgram[Execution]:
    """Write the job of an intent: in the wave first, where it must never be lost, then in its servers."""
    changed = yield from change(
        execution_id, writer, lambda execution: _with_job(execution, number, intent, job_id)
    )
    begun = {"job_id": job_id, "launch_status": LaunchStatus.PENDING, "launch_start_time": intent.time}
    known = yield from find_intent(changed.execution, number, intent)
    listed = yield from with_known_servers(execution_id, [known])
    servers = yield from read_servers(execution_id, number)
    yield from write_job(execution_id, for_attempt(servers, listed[0].servers, known.attempt, **begun))
    yield from append_change(changed, event, job_id)
    return changed.execution


def _with_job(execution: Execution, number: int, intent: Intent, job_id: str) -> StoreProgram[Execution]:
    """Return the execution with the job; that of an attempt that has finished may show late too."""
    wave = execution.wave(number)
    known = yield from find_intent(execution, number, intent)
    if known.job_id not in {None, job_id}:
        raise TransitionRefused(
            f"{place(execution, number, known)} is job {known.job_id} already, not {job_id}"
        )
    if job_id in wave.job_ids:
        if known.job_id == job_id:
            return execution
        raise TransitionRefused(f"wave {wave.wave_name!r}: job {job_id} is that of another intent")
    done = known.replace(job_id=job_id, refusal=None)
    if known not in wave.intents:
        yield from keep_past(execution.execution_id, number, [done])
    return with_intent(execution, number, done, job_ids=(*wave.job_ids, job_id))


def for_attempt(
    servers: Iterable[ServerRecord], ids: Sequence[str], attempt: int, **known: object
) -> Iterable[ServerRecord]:
    """Return those of the servers that have these ids, as an attempt begins with them."""
    absent = dict.fromkeys(_PROGRESS)
    for server in servers:
        if server.source_server_id in ids:
            yield server.replace(**(absent | known | {"attempt": attempt}))


def with_intent(execution: Execution, number: int, intent: Intent, **changed: object) -> Execution:
    """Return the execution with an intent of a wave, and other fields of the wave, changed."""
    intents = tuple(
        intent if known.intent_id == intent.intent_id else known for known in execution.wave(number).intents
    )
    return with_wave(execution, number, intents=intents, **changed)


def place(execution: Execution, number: int, intent: Intent) -> str:
    """Return how an intent is named where something about it is refused."""
    wave = execution.wave(number)
    return f"wave {wave.wave_name!r}, attempt {intent.attempt}, batch {intent.batch}: the intent"
