"""What the sensor and its trigger write: progress, and a wave's end. Nothing here ends an execution."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from drs_recovery.errors import RecordTooLarge, TransitionRefused
from drs_recovery.record.base import iso
from drs_recovery.record.enums import WaveStatus, Writer
from drs_recovery.record.judge import checking as is_checked
from drs_recovery.record.judge import judge, well
from drs_recovery.record.transitions import check_change
from drs_recovery.store.changes import change, with_wave
from drs_recovery.store.expressions import Update
from drs_recovery.store.queries import EXECUTION, read_execution
from drs_recovery.store.requests import now
from drs_recovery.store.servers import read_servers, write_progress
from drs_recovery.store.trail import append_change

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from drs_recovery.record.events import Event
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.record.server_record import ServerRecord
    from drs_recovery.store.requests import StoreProgram


_WATCHED = frozenset(status for status in WaveStatus if status.running)


def poll(
    execution_id: str,
    number: int,
    attempt: int,
    changed: Sequence[ServerRecord] = (),
    event: Event | None = None,
    *,
    checking: bool = False,
) -> StoreProgram[Execution]:
    """Write progress of a wave, and its servers with all that is known of each.

    Nothing at all for an attempt or a wave that has finished. ``checking``: its jobs have ended, and only its
    checks are waited for.
    """

    def alter(execution: Execution) -> Execution:
        wave = execution.wave(number)
        if execution.final or wave.attempt != attempt or wave.status not in _WATCHED:
            return execution
        if wave.status is WaveStatus.STARTED or checking:
            return with_wave(
                execution, number, status=WaveStatus.CHECKING if checking else WaveStatus.POLLING
            )
        return execution

    result = yield from change(execution_id, Writer.SENSOR, alter)
    wave = result.execution.wave(number)
    if not result.execution.final and wave.attempt == attempt and wave.status in _WATCHED:
        yield from write_progress(execution_id, _servers_of_wave(number, changed))
        yield from append_change(result, event)
    return result.execution


def polled(execution_id: str, at: datetime) -> StoreProgram[None]:
    """Write when DRS was last asked; never backwards, and not once the execution is final.

    It makes no room for itself: where there is none, the next change of the record makes some.
    """
    update = Update(execution_id, EXECUTION)
    update.set(("lastPolledTime",), iso(at))
    earlier = update.either(update.absent("lastPolledTime"), update.less(("lastPolledTime",), iso(at)))
    update.require(update.present("executionId"), update.absent("endTime"), earlier)
    with suppress(RecordTooLarge):
        yield update.request()


def write_end(
    execution_id: str,
    number: int,
    attempt: int,
    servers: Sequence[ServerRecord],
    status: WaveStatus,
    *,
    failure: str | None = None,
    event: Event | None = None,
) -> StoreProgram[Execution]:
    """Write a wave's servers, then its final status.

    COMPLETED only if all servers on record are LAUNCHED for good, and no post-launch action of them failed,
    no matter what a second sensor wrote meanwhile; PARTIAL only if they meet the wave's policy.
    """
    at = yield from now()

    def alter(execution: Execution) -> Execution:
        wave = execution.wave(number)
        if _has_ended_so(wave, attempt, status):
            return execution
        _check_no_start(wave, status)
        return with_wave(execution, number, status=status, failure=failure, end_time=at)

    before = yield from read_execution(execution_id)
    after = alter(before)
    if after != before:
        check_change(Writer.SENSOR, before, after)
        yield from write_progress(execution_id, _at_their_end(servers, before.wave(number), status, at))
        if status.policy_met:
            _check_met(status, before.wave(number), (yield from read_servers(execution_id, number)))
    changed = yield from change(execution_id, Writer.SENSOR, alter)
    yield from append_change(changed, event)
    return changed.execution


def _check_no_start(wave: WaveRecord, status: WaveStatus) -> None:
    """Raise TransitionRefused where the attempt's first job is announced: there is nothing to judge yet."""
    announced = any(intent.open for intent in wave.attempt_intents)
    if announced and not wave.attempt_job_ids and status is not WaveStatus.TIMED_OUT:
        raise TransitionRefused(f"wave {wave.wave_name!r} is being started: it cannot end {status}")


def _has_ended_so(wave: WaveRecord, attempt: int, status: WaveStatus) -> bool:
    """Whether the wave has ended so already; TransitionRefused if this attempt cannot end it."""
    if wave.attempt != attempt:
        raise TransitionRefused(
            f"wave {wave.wave_name!r} is at attempt {wave.attempt}: attempt {attempt} cannot end it; "
            "clear its start_recovery task too"
        )
    if not status.final:
        raise TransitionRefused(f"wave {wave.wave_name!r} cannot end {status}: that is no end")
    if wave.status.final and wave.status is not status:
        raise TransitionRefused(f"wave {wave.wave_name!r} is {wave.status} and cannot become {status}")
    return wave.status.final


def _at_their_end(
    servers: Sequence[ServerRecord], wave: WaveRecord, status: WaveStatus, at: datetime
) -> Iterable[ServerRecord]:
    """Return the wave's servers with an end time; those of a wave that timed out have none.

    They may still be launching, even if the sensor believes otherwise: nobody saw their jobs to the end. Nor
    has one whose checks are not decided: another attempt goes on with them.
    """
    for server in _servers_of_wave(wave.wave_number, servers):
        if status is WaveStatus.TIMED_OUT or is_checked(wave, server):
            yield server.replace(end_time=None)
        else:
            yield server.replace(end_time=server.end_time or at)


def _servers_of_wave(number: int, servers: Sequence[ServerRecord]) -> list[ServerRecord]:
    if foreign := [server.label for server in servers if server.wave_number != number]:
        raise TransitionRefused(f"the sensor of wave {number} may not write servers of another: {foreign}")
    return list(servers)


def _check_met(status: WaveStatus, wave: WaveRecord, servers: Sequence[ServerRecord]) -> None:
    """Raise TransitionRefused unless the servers on record allow the status (invariant 1)."""
    allowed = {status, WaveStatus.COMPLETED}
    ended = all(server.end_time is not None for server in servers)
    if ended and len(servers) <= (wave.server_count or 0) and judge(wave, servers)[0] in allowed:
        return
    wrong = [
        f"{server.label} {server.launch_status or 'without launch status'}"
        for server in servers
        if not well(wave, server) or server.end_time is None
    ]
    raise TransitionRefused(
        f"wave {wave.wave_name!r} is not {status}: {len(servers)} of {wave.server_count} servers are on "
        f"record; not launched, or not well: {', '.join(wrong) or 'none'}"
    )
