"""Attempts of a wave: what a new one begins as, which servers it starts, and in which batches.

A batch is a number and its servers, which become one job. Both stand in its intent, and no number ever stands
for other servers: whoever comes after a crash cuts the same batches of the same servers, and whoever finds
others, since DRS says other things of them by then, or comes beside another start, is refused by the record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from drs_recovery.record.enums import WaveStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from drs_recovery.record.intent import Intent
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.record.server_record import ServerRecord


def to_start(wave: WaveRecord, servers: Iterable[ServerRecord]) -> list[ServerRecord]:
    """Return the servers that the current attempt of a wave starts: those no earlier one has launched.

    One whose post-launch action failed runs: DRS would terminate it to launch it again, and what was done
    on it would be lost. A new attempt judges it again. To have it launched again, start a new run.

    What this attempt itself has launched is among them: its batches stay the same whenever they are cut.
    """
    return [
        server for server in servers if server.wave_number == wave.wave_number and not _launched(wave, server)
    ]


def _launched(wave: WaveRecord, server: ServerRecord) -> bool:
    return server.launched and server.attempt < wave.attempt


def resolved_intents(wave: WaveRecord, resolved: Sequence[Intent]) -> list[Intent]:
    """Return the intents of a wave; ``resolved`` are those whose result is known now."""
    by_id = {intent.intent_id: intent for intent in resolved}
    return [by_id.get(intent.intent_id, intent) for intent in wave.intents]


def with_attempt(
    execution: Execution, number: int, clear_number: int, resolved: Sequence[Intent], at: datetime
) -> Execution:
    """Return the execution with a new attempt of a wave, and open again.

    Waves that never ran are to come again. An answer to a gate is for the attempt it was asked for: it stays
    in the trail. The intents of earlier attempts leave the record, for items of their own; their jobs stay.
    """
    waves = tuple(
        _restarted(wave, clear_number, resolved) if wave.wave_number == number else _to_come_again(wave)
        for wave in execution.waves
    )
    return _open_again(execution, waves, at)


def reopened(execution: Execution, at: datetime) -> Execution:
    """Return the execution open again with no new attempt: what ended it was no wave of it."""
    return _open_again(execution, tuple(map(_to_come_again, execution.waves)), at)


def _open_again(execution: Execution, waves: tuple[WaveRecord, ...], at: datetime) -> Execution:
    since = at if execution.final else execution.open_since
    forgotten = dict.fromkeys(
        ("end_time", "outcome", "task_failure", "task_skips", "task_notes", "cancel_asked", "plan_gone_since")
    )
    return execution.replace(waves=waves, open_since=since, **forgotten)


def _restarted(wave: WaveRecord, clear_number: int, resolved: Sequence[Intent]) -> WaveRecord:
    found = [intent.job_id for intent in resolved if intent.job_id and intent.job_id not in wave.job_ids]
    return wave.replace(
        status=WaveStatus.PENDING,
        attempt=wave.attempt + 1,
        clear_number=clear_number,
        waiting_since=None,
        approval=None,
        approvals_given=None,
        failure=None,
        start_time=None,
        waited_seconds=None,
        end_time=None,
        intents=(),
        job_ids=(*wave.job_ids, *found),
    )


def _to_come_again(wave: WaveRecord) -> WaveRecord:
    """Return another wave: one that never ran comes again, and its gate asks again."""
    if wave.status is not WaveStatus.SKIPPED:
        return wave
    answered = wave.approval is not None or bool(wave.approvals_given)
    return wave.replace(
        status=WaveStatus.PENDING,
        waiting_since=None,
        approval=None,
        approvals_given=None,
        attempt=wave.attempt + answered,
    )


class Cut(NamedTuple):
    """A batch that may be announced."""

    number: int
    servers: tuple[str, ...]


def cut(wave: WaveRecord, servers: Sequence[str], size: int) -> list[Cut]:
    """Return the batches of servers that no live intent of the attempt has.

    Servers that were refused together are sent together again, under their number, the smallest batches
    first: what was parted stays parted. All others get new numbers.
    """
    free, known = set(servers), []
    for intent in sorted(wave.attempt_intents, key=lambda intent: (len(intent.servers), intent.batch)):
        if intent.refusal and len(intent.servers) <= size and free.issuperset(intent.servers):
            known.append(Cut(intent.batch, intent.servers))
            free.difference_update(intent.servers)
    rest = [server for server in servers if server in free]
    new = [tuple(rest[first : first + size]) for first in range(0, len(rest), size)]
    numbered = [Cut(number, part) for number, part in enumerate(new, next_number(wave))]
    return sorted([*known, *numbered])


def next_number(wave: WaveRecord) -> int:
    """Return the first number that stands for no batch of the attempt yet."""
    return max((intent.batch for intent in wave.attempt_intents), default=-1) + 1
