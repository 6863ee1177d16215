"""What ``start_recovery`` writes: an intent before each StartRecovery, then its job, or AWS's refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.errors import IntentOpen, StartRefused, TransitionRefused
from drs_recovery.record.enums import WaveStatus, Writer
from drs_recovery.record.permission import check_start
from drs_recovery.store.changes import change, with_wave
from drs_recovery.store.intents import find_intent, put_servers, with_servers
from drs_recovery.store.jobs import for_attempt, place, record_job, with_intent
from drs_recovery.store.own_items import ids_item
from drs_recovery.store.requests import now
from drs_recovery.store.servers import read_servers, write_job
from drs_recovery.store.trail import append_change

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from drs_recovery.record.events import Event
    from drs_recovery.record.intent import Intent
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.store.requests import StoreProgram


def intend(
    execution_id: str, number: int, intent: Intent, event: Event | None = None
) -> StoreProgram[Execution]:
    """Write an intent, if the record permits the start; from here on a job may exist, so it is STARTED."""

    def alter(execution: Execution) -> StoreProgram[Execution]:
        wave = execution.wave(number)
        if any(known.intent_id == intent.intent_id for known in wave.intents):
            return execution
        check_start(execution, number)
        sent = [known for known in wave.intents if known.refusal is None]
        _check_free(wave, (yield from with_servers(execution_id, sent)), intent)
        others = yield from _others(execution_id, wave, intent)
        slim = yield from put_servers(execution_id, intent.replace(lost=_lost(wave, intent)))
        return with_wave(
            execution,
            number,
            intents=(*others, slim),
            status=WaveStatus.STARTED if not wave.status.begun else wave.status,
            start_time=wave.start_time or intent.time,
        )

    changed = yield from change(execution_id, Writer.START_RECOVERY, alter)
    yield from append_change(changed, event)
    return changed.execution


def refused(
    execution_id: str,
    number: int,
    intent: Intent,
    text: str,
    event: Event | None = None,
    *,
    lost: bool = False,
) -> StoreProgram[Execution]:
    """Write that no job came of an intent's call, and another may be sent.

    AWS definitely refused it; or it is ``lost``: no answer was heard, and DRS has shown no job for long.
    """

    def alter(execution: Execution) -> StoreProgram[Execution]:
        known = yield from find_intent(execution, number, intent)
        if known.job_id is not None:
            became = f"{place(execution, number, known)} became job {known.job_id}"
            raise TransitionRefused(f"{became}: {text}")
        if known.refusal is not None:
            return execution
        done = known.replace(refusal=text, lost=lost or known.lost)
        return with_intent(execution, number, done)

    changed = yield from change(execution_id, Writer.START_RECOVERY, alter)
    yield from append_change(changed, event, intent.intent_id)
    return changed.execution


def started(
    execution_id: str, number: int, intent: Intent, job_id: str, event: Event | None = None
) -> StoreProgram[Execution]:
    """Write the job of an intent, as DRS answered or as it was found there."""
    return (yield from record_job(execution_id, number, intent, job_id, event, writer=Writer.START_RECOVERY))


def not_started(
    execution_id: str, number: int, attempt: int, server_ids: Sequence[str], text: str
) -> StoreProgram[None]:
    """Write why no job of this attempt has these servers; one that has a job is left as it is."""
    servers = yield from read_servers(execution_id, number)
    yield from write_job(execution_id, for_attempt(servers, server_ids, attempt, error=text))


def nothing_to_start(execution_id: str, number: int, attempt: int) -> StoreProgram[Execution]:
    """Write that an attempt began and starts nothing: the sensor judges what is launched already.

    Refusals of this attempt leave the record, as the trail has them; an intent whose job may show late stays.
    """
    at = yield from now()

    def alter(execution: Execution) -> Execution:
        wave = execution.wave(number)
        is_live = any(intent.refusal is None for intent in wave.attempt_intents)
        if wave.attempt != attempt or _goes_on(wave.status) or is_live:
            return execution
        check_start(execution, number)
        kept = tuple(intent for intent in wave.intents if intent.attempt != attempt or intent.may_show)
        begun = wave.start_time or at
        return with_wave(execution, number, status=WaveStatus.STARTED, start_time=begun, intents=kept)

    return (yield from change(execution_id, Writer.START_RECOVERY, alter)).execution


def waited(execution_id: str, number: int, attempt: int, lasted: timedelta) -> StoreProgram[Execution]:
    """Write that a wave waited in the queue for so long: its time-out goes on by as much."""

    def alter(execution: Execution) -> Execution:
        wave = execution.wave(number)
        if wave.attempt != attempt or wave.status.final:
            return execution
        seconds = (wave.waited_seconds or 0) + int(lasted.total_seconds())
        return with_wave(execution, number, waited_seconds=seconds)

    return (yield from change(execution_id, Writer.START_RECOVERY, alter)).execution


def fail_wave(
    execution_id: str, number: int, attempt: int, failure: str, event: Event | None = None
) -> StoreProgram[Execution]:
    """Write that a wave cannot start; not while a job of it runs, or may: the sensor judges that."""
    at = yield from now()

    def alter(execution: Execution) -> Execution:
        wave = execution.wave(number)
        if wave.status is WaveStatus.FAILED and wave.attempt == attempt:
            return execution
        if wave.attempt != attempt:
            raise TransitionRefused(f"wave {wave.wave_name!r} is at attempt {wave.attempt}, not {attempt}")
        if wave.attempt_job_ids or wave.open_intents:
            raise TransitionRefused(
                f"wave {wave.wave_name!r} cannot fail to start ({failure}): {_live(wave)}"
            )
        return with_wave(execution, number, status=WaveStatus.FAILED, failure=failure, end_time=at)

    changed = yield from change(execution_id, Writer.START_RECOVERY, alter)
    yield from append_change(changed, event)
    return changed.execution


def _goes_on(status: WaveStatus) -> bool:
    """Whether a wave is past the point where its start is all that may be written of it."""
    return status.begun and status is not WaveStatus.STARTED


def _check_free(wave: WaveRecord, known: Sequence[Intent], intent: Intent) -> None:
    """Raise IntentOpen if a call for one of these servers, or this batch, is or may be a job (invariant 2).

    The caller then reads the record again, and cuts what is left. ``known`` are the intents
    of the wave that were not refused, with their servers.
    """
    place = f"wave {wave.wave_name!r}, attempt {intent.attempt}, batch {intent.batch}"
    if intent.attempt != wave.attempt:
        raise StartRefused(f"{place}: the wave is at attempt {wave.attempt}")
    for each in known:
        if each.open and (each.batch == intent.batch or set(each.servers) & set(intent.servers)):
            raise IntentOpen(f"{place}: {_live(wave)}; find its job, or that there is none, first")
    for each in known:
        taken = set(each.servers) & set(intent.servers)
        if each.attempt == wave.attempt and each.job_id and (each.batch == intent.batch or taken):
            servers = ", ".join(sorted(taken)) or "its servers"
            raise IntentOpen(f"{place}: job {each.job_id} was started for {servers} in batch {each.batch}")
    if any(
        each.batch == intent.batch and not _is_for_same_servers(each, intent) for each in wave.attempt_intents
    ):
        raise IntentOpen(f"{place}: that number stands for other servers on record: another start was here")


def _is_for_same_servers(known: Intent, intent: Intent) -> bool:
    """Whether an intent of the record is for the very servers of another."""
    return known.servers == intent.servers or known.servers_item == ids_item(intent.servers)


def _lost(wave: WaveRecord, intent: Intent) -> bool | None:
    """Return whether an answer for these very servers was lost: what takes its intent's place keeps that."""
    return (
        any(known.may_show and _is_for_same_servers(known, intent) for known in wave.attempt_intents) or None
    )


def _others(execution_id: str, wave: WaveRecord, intent: Intent) -> StoreProgram[list[Intent]]:
    """Return the other intents, without refused ones that this one replaces, or is a part of.

    The trail keeps them; a batch that is sent again for hours must not fill the record. A larger one that may
    become a job after all is kept, so that the job is recognised.
    """
    refused = [known for known in wave.attempt_intents if known.refusal is not None]
    larger = [known for known in refused if not known.may_show and known.count > intent.count]
    parted = yield from with_servers(execution_id, larger)
    gone = {known.intent_id for known in refused if _is_for_same_servers(known, intent)}
    gone |= {known.intent_id for known in parted if set(known.servers) > set(intent.servers)}
    return [known for known in wave.intents if known.intent_id not in gone]


def _live(wave: WaveRecord) -> str:
    jobs = [f"job {job_id} was started" for job_id in wave.attempt_job_ids]
    open_ = [f"the intent of batch {intent.batch} is open" for intent in wave.open_intents]
    return ", ".join(jobs + open_)
