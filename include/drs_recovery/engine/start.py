"""The start of a wave: what the record permits is started, each server once.

A start ends in one of five ways, each with its result type. What is refused for good and concerns the wave as
a whole is raised.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drs_recovery.aws.utils.errors import is_final, said
from drs_recovery.engine.action_order import check_actions_done
from drs_recovery.engine.attempt import Clear, current_attempt
from drs_recovery.engine.frozen_plan import frozen_plan
from drs_recovery.engine.parting import SERVERS_PER_JOB
from drs_recovery.engine.permission import check_approvals, check_no_recovery, wave_on_record
from drs_recovery.engine.queue import turn_of
from drs_recovery.engine.room import most_at_once
from drs_recovery.engine.start_outcome import held_text
from drs_recovery.engine.starting import Starting
from drs_recovery.errors import RecordUnavailable, RecoveryError, StartRefused, TransitionRefused
from drs_recovery.plan.launch import launch_of
from drs_recovery.record.attempts import to_start
from drs_recovery.record.enums import EventType, OnFailure
from drs_recovery.record.permission import check_start
from drs_recovery.store.programs import start_recovery
from drs_recovery.store.queries import read_execution
from drs_recovery.store.servers import read_servers
from drs_recovery.store.trail import append_event

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.engine.journal import Journal
    from drs_recovery.engine.parting import TryLater
    from drs_recovery.engine.queue import Turn
    from drs_recovery.plan import Plan
    from drs_recovery.plan.launch import ServerLaunch
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.record.queue import Place
    from drs_recovery.record.server_record import ServerRecord
    from drs_recovery.store.queue import QueueKey
    from drs_recovery.store.store import ExecutionStore

log = logging.getLogger(__name__)

NOBODY_KNOWS = (
    "{} has no servers on record: it selects them by tags, and DRS could not be asked for them when the "
    "execution opened. Start a new run when it can"
)


@dataclass(frozen=True)
class Ports:
    """What a start reaches: the record, the audit trail, and DRS where the frozen plan says."""

    store: ExecutionStore
    journal: Journal
    drs: Callable[[Plan], DrsHook]


@dataclass(frozen=True)
class StartRequest:
    """A start of a wave by one process: which wave, since when it waits, and what it knows already.

    ``refused`` are servers, by the text of the refusal, that are not tried again. ``asks_to_replace`` says
    that the DAG run asks for real instances to be replaced; the record of an earlier release may lack that.
    ``last_try`` says that Airflow does not try the task again.
    """

    wave_number: int
    wave_name: str
    since: datetime
    clear: Clear
    refused: Mapping[str, Collection[str]]
    asks_to_replace: bool = False
    last_try: bool = False


@dataclass(frozen=True)
class AlreadyMet:
    """The wave has met its policy: nothing is started again."""

    job_ids: Sequence[str]


@dataclass(frozen=True)
class Started:
    """Every server of the attempt is in a job on record, or was launched by an earlier attempt."""

    new: Sequence[str]
    job_ids: Sequence[str]


@dataclass(frozen=True)
class Waiting:
    """Some servers wait, until the deadline at the latest; those that were refused are not tried again."""

    new: Sequence[str]
    waits: Sequence[TryLater]
    since: datetime
    deadline: datetime
    refused: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Queued:
    """Some servers wait for room in DRS, in the queue; those that were refused are not tried again."""

    new: Sequence[str]
    place: Place
    queue: QueueKey
    since: datetime
    refused: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Refused:
    """Nothing of the wave was started: it is FAILED on record, with the reason."""

    new: Sequence[str]
    reason: str


StartResult = AlreadyMet | Started | Waiting | Queued | Refused


def start_wave(record: Execution, request: StartRequest, ports: Ports) -> StartResult:
    """Start what can be started of a wave.

    Raises StartRefused or LockHeld where the record does not permit it, RecordUnavailable while the table is
    away, and what AWS refuses of the wave as a whole.
    """
    try:
        return _start_wave(record, request, ports)
    except Exception as error:
        if is_final(error):
            _give_up_turn(record, request, ports)
        if refused := _end_for_others(record, request, ports, error):
            return refused
        raise


def _start_wave(record: Execution, request: StartRequest, ports: Ports) -> StartResult:
    wave_on_record(record, request.wave_number, request.wave_name)
    record = current_attempt(
        ports.store, ports.journal, record, request.wave_number, request.clear, opens_gate=False
    )
    wave = record.wave(request.wave_number)
    if wave.status.policy_met:
        return AlreadyMet(wave.job_ids)
    check_start(record, request.wave_number)
    plan = frozen_plan(ports.store, record.execution_id)
    check_approvals(ports.store, record, wave, plan)
    check_actions_done(ports.store, record, plan, request.wave_number)
    if wave.server_count == 0:
        return _fail_wave(wave, NOBODY_KNOWS.format(wave.wave_name), record, ports)
    if (starting := _starting(record, wave, plan, request, ports)) is None:
        return Started((), wave.job_ids)
    return _start_in_turn(starting, wave, request, ports)


def _start_in_turn(
    starting: Starting, wave: WaveRecord, request: StartRequest, ports: Ports
) -> Started | Waiting | Queued | Refused:
    """Start what has room in DRS, behind who waits for it already; an announced job is looked for first."""
    record = starting.record
    turn = turn_of(ports.store, ports.journal, record, wave)
    since = min(request.since, wave.start_time or request.since)
    if turn and not wave.open_intents and turn.is_behind:
        place = turn.wait(min(len(starting.servers), starting.size), len(starting.servers))
        return Queued((), place, turn.queue, since, {text: [*ids] for text, ids in request.refused.items()})
    outcome = starting.run(request.refused)
    if waiting := _waits(starting, turn, since, ports):
        return waiting
    if outcome.refusals and (reason := starting.failure()):
        text = f"Nothing of {wave.wave_name} was started: {reason}"
        return _fail_wave(wave, text, record, ports, outcome.job_ids)
    now = ports.store.run(read_execution(record.execution_id))
    return Started(outcome.job_ids, now.wave(request.wave_number).job_ids)


def _starting(
    record: Execution, wave: WaveRecord, plan: Plan, request: StartRequest, ports: Ports
) -> Starting | None:
    """Return the start of what earlier attempts have not launched; None if they launched everything."""
    servers = ports.store.run(read_servers(record.execution_id, wave.wave_number))
    if len(servers) != wave.server_count:
        raise StartRefused(
            f"{wave.wave_name} has {wave.server_count} servers, but {len(servers)} are on record."
        )
    if not (wanted := to_start(wave, servers)):
        log.info("All servers of %s were launched by an earlier attempt", wave.wave_name)
        ports.store.run(start_recovery.nothing_to_start(record.execution_id, wave.wave_number, wave.attempt))
        return None
    if record.is_drill:
        check_no_recovery(ports.store, record, [server.source_server_id for server in wanted])
    # Of a record that does not say what its run asked for, nothing real is replaced
    asked = record.request.replace_recovered if record.request else None
    return Starting(
        ports.drs(plan),
        ports.store,
        ports.journal,
        record,
        wave.wave_number,
        wanted,
        replace=asked == record.plan_id,
        size=SERVERS_PER_JOB,
        unrecorded_replace=request.asks_to_replace and record.request is None,
        settings=_settings(record, wave, plan, wanted),
    )


def _settings(
    record: Execution, wave: WaveRecord, plan: Plan, servers: Sequence[ServerRecord]
) -> dict[str, ServerLaunch]:
    """Return as what the frozen plan wants servers launched, of those of which it says anything."""
    ids = [server.source_server_id for server in servers]
    said = plan.waves[wave.wave_number]
    settings = {server: launch_of(said, server, drill=record.is_drill) for server in ids}
    return {server: launch for server, launch in settings.items() if launch.said}


def _waits(starting: Starting, turn: Turn | None, since: datetime, ports: Ports) -> Waiting | Queued | None:
    """Return what is waited for, if anything is.

    Who waits for something else than room leaves the queue, and so does what the quotas never let start.
    """
    outcome = starting.outcome
    no_room = [held for held in outcome.waits if held.wait.no_room]
    if turn and no_room and most_at_once(starting.hook).takes(first := len(no_room[0].servers)):
        waiting = sum(len(held.servers) for held in no_room)
        place = turn.wait(first, waiting, no_room[0].wait.reason)
        return Queued(outcome.job_ids, place, turn.queue, since, outcome.refused)
    if turn:
        turn.leave()
    return _wait_or_leave_out(starting, since, ports) if outcome.waits else None


def _wait_or_leave_out(starting: Starting, since: datetime, ports: Ports) -> Waiting | None:
    """Return what is waited for, with an event; None where all has waited too long and is left out."""
    outcome = starting.outcome
    wave = ports.store.run(read_execution(starting.record.execution_id)).wave(starting.wave_number)
    deadline = since + wave.allowed
    if ports.journal.now() >= deadline:
        for held in outcome.waits:
            text = f"{held.wait.reason} It was waited for until {deadline:%H:%M} UTC."
            starting.leave_out(dict.fromkeys(held.servers, text))
        return None
    for held in outcome.waits:
        who = held_text(starting.servers, held)
        text = f"{who}, until {deadline:%H:%M} UTC at the latest: {held.wait.reason}"
        event = ports.journal.event(EventType.START_WAITING, text, wave=wave)
        once = event.replace(once=f"waits|{wave.attempt}|{text}")
        ports.store.run(append_event(starting.record.execution_id, once, starting.record))
    waits = [held.wait for held in outcome.waits]
    return Waiting(outcome.job_ids, waits, since, deadline, outcome.refused)


def _give_up_turn(record: Execution, request: StartRequest, ports: Ports) -> None:
    """Leave the queue, where the table lets us: what does not start keeps no room from others."""
    with suppress(RecordUnavailable, TransitionRefused):
        wave = ports.store.run(read_execution(record.execution_id)).wave(request.wave_number)
        if turn := turn_of(ports.store, ports.journal, record, wave):
            turn.leave()


def _end_for_others(
    record: Execution, request: StartRequest, ports: Ports, error: Exception
) -> Refused | None:
    """Fail a wave that cannot start, where others go on without it: they look for its end on record.

    Whatever the error is, a connection that does not exist for one; but what our own rules refuse ends none.
    """
    over = is_final(error) or request.last_try
    if isinstance(error, RecoveryError) or not over:
        return None
    wave = ports.store.run(read_execution(record.execution_id)).wave(request.wave_number)
    begun = wave.attempt_job_ids or wave.open_intents or wave.status.final
    if wave.on_failure is OnFailure.CONTINUE and not begun:
        return _fail_wave(wave, f"{wave.wave_name} cannot start: {said(error)}", record, ports)
    return None


def _fail_wave(
    wave: WaveRecord, reason: str, record: Execution, ports: Ports, new: Sequence[str] = ()
) -> Refused:
    event = ports.journal.event(EventType.WAVE_ENDED, reason, wave=wave)
    ports.store.run(
        start_recovery.fail_wave(record.execution_id, wave.wave_number, wave.attempt, reason, event)
    )
    return Refused(new, reason)
