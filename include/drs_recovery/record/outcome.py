"""How an execution ended, as text for people: names, counts and reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.record.base import iso
from drs_recovery.record.enums import LaunchStatus, WaveStatus
from drs_recovery.record.judge import named, unreadable
from drs_recovery.record.status import inconsistency
from drs_recovery.record.targets import rpo_text, rto_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from drs_recovery.record.intent import Intent
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.record.server_record import ServerRecord

MOST_INSTANCES = 20
"""Named in an outcome; the record has them all."""

_ENDED_BADLY = {WaveStatus.PARTIAL, WaveStatus.FAILED, WaveStatus.CANCELLED, WaveStatus.TIMED_OUT}


def outcome(
    execution: Execution,
    servers: Sequence[ServerRecord],
    *,
    interrupted: str | None = None,
    at: datetime | None = None,
) -> str:
    """Return the outcome of a closed execution; ``interrupted`` is what ended its DAG run before its time.

    It names the waves that finished also when others did not (R-47), and what still runs in DRS (R-45). With
    ``at``, the end, it adds what was achieved beside RTO and RPO, if anything was recovered.
    """
    return " ".join([*_sentences(execution, servers, interrupted), *_achieved(execution, at)])


def _sentences(
    execution: Execution, servers: Sequence[ServerRecord], interrupted: str | None
) -> Iterable[str]:
    waves = execution.waves
    yield from _causes(execution, interrupted)
    finished = [wave for wave in waves if wave.status.policy_met]
    yield f"Finished: {_names(finished)}." if finished else "No wave finished."
    unread = sum(unreadable(wave, servers) for wave in waves)
    if servers or unread:
        launched = sum(server.launch_status is LaunchStatus.LAUNCHED for server in servers)
        lost = f"; {unread} cannot be read on record" if unread else ""
        yield f"{launched} of {len(servers) + unread} servers launched{lost}."
    if interrupted is not None:
        yield from _instances(servers)
    for wave in waves:
        if wave.status in _ENDED_BADLY:
            yield _sentence(_wave_end(wave, interrupted))
    if never := [wave for wave in waves if wave.status is WaveStatus.SKIPPED]:
        yield f"Never started: {_names(never)}."
    if (wrong := unexplained(execution, interrupted)) is not None:
        yield _sentence(f"The record is {wrong}")


def _causes(execution: Execution, interrupted: str | None) -> Iterable[str]:
    """Say what ended it beside its waves."""
    if execution.superseded_by is not None:
        yield f"Superseded by execution {execution.superseded_by}."
    if execution.failure is not None:
        yield _sentence(f"{execution.failure.kind.capitalize()}: {execution.failure.message}")
    if execution.task_failure is not None:
        yield _sentence(f"Failed: {execution.task_failure}")
    if interrupted is not None:
        yield _sentence(f"Interrupted: {interrupted}")
    if execution.task_skips is not None:
        yield _sentence(f"Skipped: {execution.task_skips}")
    if execution.task_notes is not None:
        yield _sentence(f"Failed, and stopped nothing: {execution.task_notes}")


def _instances(servers: Sequence[ServerRecord]) -> Iterable[str]:
    """Name what an execution that was ended by hand leaves in EC2."""
    there = [server for server in servers if server.recovery_instance_id is not None]
    names = ", ".join(f"{server.recovery_instance_id} of {server.label}" for server in there[:MOST_INSTANCES])
    if there:
        more = len(there) - MOST_INSTANCES
        yield f"Recovery instances on record: {names}{f', and {more} more' if more > 0 else ''}."


def _achieved(execution: Execution, at: datetime | None) -> Iterable[str]:
    if not all(wave.status.policy_met for wave in execution.waves):
        return
    if at is not None and (rto := rto_text(execution, at)):
        yield f"RTO: {rto}."
    if rpo := rpo_text(execution):
        yield f"RPO: {rpo}."


def _wave_end(wave: WaveRecord, interrupted: str | None) -> str:
    """Return how a wave ended; the interruption, which has its own sentence, is not repeated."""
    why = wave.failure or "no reason is on record"
    if interrupted is not None and f"{why}; ".startswith(f"{interrupted}; "):
        why = "; ".join(left_behind(wave, wave.open_intents))
    goes_on = " (on_failure: continue)" if wave.unblocks_dependents and not wave.status.policy_met else ""
    ended = f"{wave.wave_name} {wave.status}{goes_on}"
    return f"{ended}: {why}" if why else ended


def left_behind(wave: WaveRecord, unknown: Iterable[Intent]) -> Iterable[str]:
    """Yield what a wave leaves that was not watched to its end; DRS cannot stop a job.

    ``unknown`` are its open intents, with their servers.
    """
    if wave.attempt_job_ids:
        yield f"may still run in DRS: {', '.join(wave.attempt_job_ids)}"
    for intent in unknown:
        servers = named(intent.servers) or f"{intent.count} servers, whose list cannot be read,"
        announced = f"StartRecovery of batch {intent.batch} was announced at {iso(intent.time)} for {servers}"
        yield f"{announced} and nobody knows whether it became a job"
    for intent in wave.attempt_intents:
        if intent.refusal:
            yield f"batch {intent.batch} was not started: {intent.refusal}"


def unexplained(execution: Execution, interrupted: str | None) -> str | None:
    """Return in which way the record of a closed execution contradicts itself; None where it does not."""
    known = (execution.superseded_by, execution.failure, execution.task_failure, interrupted)
    if any(why is not None for why in known):
        return None
    return inconsistency(execution.waves, execution.total_waves)


def _names(waves: Iterable[WaveRecord]) -> str:
    return ", ".join(wave.wave_name for wave in waves)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
