"""The gate before a wave: whether it asks, whom and for how long, and what an answer does.

A gate is passed by a person who may answer it, or not at all: a time-out never approves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from drs_recovery.engine.attempt import Clear, current_attempt
from drs_recovery.engine.frozen_plan import frozen_plan
from drs_recovery.engine.opened_by_0_1 import waits_since
from drs_recovery.engine.permission import approvals_before, rules_of_gate, wave_on_record
from drs_recovery.engine.queue import turn_of
from drs_recovery.errors import StartRefused
from drs_recovery.names import in_log
from drs_recovery.record.enums import Decision, EventType
from drs_recovery.record.permission import check_ask
from drs_recovery.store.programs import approve
from drs_recovery.store.servers import read_servers
from drs_recovery.store.trail import append_event
from drs_recovery.text.durations import duration_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_recovery.engine.journal import Journal
    from drs_recovery.plan import Plan
    from drs_recovery.record.approvals import GateRules
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.record.parts import Approval
    from drs_recovery.record.server_record import ServerRecord
    from drs_recovery.store.store import ExecutionStore

LEAST_WAIT = timedelta(seconds=10)
"""A gate that is asked again at the end of its time waits so long all the same: Airflow fails a task that is
resumed while the worker that parked it still ends."""


@dataclass(frozen=True)
class GateRequest:
    """A gate that comes to its turn; ``asked`` says that Airflow may have asked its question before."""

    wave_number: int
    wave_name: str
    clear: Clear
    asked: bool


@dataclass(frozen=True)
class Passes:
    """Nobody is asked, and why."""

    message: str


@dataclass(frozen=True)
class Asks:
    """The wave is PAUSED until somebody answers, for so long at most; ``servers`` are the execution's.

    ``given`` are approvals of this attempt that do not pass the gate yet, and ``queue`` is where the wave
    would stand among those that wait for room in DRS, if any do.
    """

    execution: Execution
    wave: WaveRecord
    plan: Plan
    rules: GateRules
    given: Sequence[Approval]
    servers: Sequence[ServerRecord]
    timeout: timedelta
    queue: str | None


@dataclass(frozen=True)
class Closed:
    """The answer, or that there was none, ended the wave before its start."""

    message: str


@dataclass(frozen=True)
class Again:
    """The answer was an approval that does not pass the gate, or not yet: it is asked again."""

    message: str


def open_gate(
    record: Execution, request: GateRequest, store: ExecutionStore, journal: Journal
) -> Passes | Asks:
    """Pass the gate, or put on record that it waits.

    StartRefused or LockHeld where no answer could let the wave start.
    """
    number = request.wave_number
    wave_on_record(record, number, request.wave_name)
    record = current_attempt(store, journal, record, number, request.clear, opens_gate=True)
    wave = record.wave(number)
    if not wave.status.policy_met:
        check_ask(record, number)
    plan = frozen_plan(store, record.execution_id)
    if record.request is not None and not request.asked:  # an earlier release may have asked by another task
        _check_asked(wave)
    if (why := _passes(wave)) is not None:
        return Passes(why)
    rules = rules_of_gate(plan, record, number)
    event = journal.event(EventType.GATE_WAITING, f"waits for {rules.who}", wave=wave)
    since = waits_since(store, record, wave)
    record = store.run(approve.pause(record.execution_id, number, event, since=since, needed=rules.needed))
    wave = record.wave(number)
    given = approvals_before(store, record, wave, rules)
    left = (wave.waiting_since or journal.now()) + plan.gate_timeout - journal.now()
    servers = store.run(read_servers(record.execution_id))
    timeout = max(left, min(LEAST_WAIT, plan.gate_timeout))
    turn = turn_of(store, journal, record, wave)
    return Asks(record, wave, plan, rules, given, servers, timeout, turn.outlook if turn else None)


def record_answer(
    store: ExecutionStore, journal: Journal, record: Execution, wave: WaveRecord, answer: Approval
) -> Closed | Again | None:
    """Put an answer on record, or that the gate's time passed without one; None if it lets the wave start."""
    if answer.decision is Decision.APPROVED:
        return _record_approval(store, journal, record, wave, answer)
    execution_id = record.execution_id
    if answer.decision is Decision.TIMED_OUT:
        waited = duration_text(frozen_plan(store, execution_id).gate_timeout)
        message = f"Nobody answered the gate of {wave.wave_name} within {waited}"
        event = journal.event(EventType.GATE_TIMED_OUT, message, wave=wave)
        closed = Closed(f"{message}: the execution is cancelled")
    else:
        event = journal.event(EventType.REJECTED, _reason(answer), wave=wave, who=answer.by)
        closed = Closed(f"{wave.wave_name} was rejected by {answer.by}: {_reason(answer)}")
    store.run(approve.reject(execution_id, wave.wave_number, answer, event))
    return closed


def _record_approval(
    store: ExecutionStore, journal: Journal, record: Execution, wave: WaveRecord, answer: Approval
) -> Again | None:
    """Put an approval on record, as it counts; one that does not count stands in the trail alone."""
    key, number = record.execution_id, wave.wave_number
    rules = rules_of_gate(frozen_plan(store, key), record, number)
    earlier = approvals_before(store, record, wave, rules)
    if refusal := rules.refusal(answer, earlier):
        event = journal.event(EventType.APPROVAL_REFUSED, refusal, wave=wave, who=answer.by)
        once = f"{EventType.APPROVAL_REFUSED}|{number}|{wave.attempt}|{answer.time}"
        store.run(append_event(key, event.replace(once=once)))
        return Again(refusal)
    if rules.breaks_glass(answer):
        text = f"{answer.by} alone passed the gate, which waited for {rules.who}: {_reason(answer)}"
        event = journal.event(EventType.BREAK_GLASS, text, wave=wave, who=answer.by)
        store.run(approve.approve(key, number, answer.replace(break_glass=True), event))
        return None
    if missing := rules.missing([*earlier, answer]):
        text = f"{_reason(answer)}. {missing} more must approve"
        event = journal.event(EventType.APPROVAL_GIVEN, text, wave=wave, who=answer.by)
        store.run(approve.count_approval(key, number, answer, event))
        return Again(f"{answer.by} approved, and {missing} more must: {rules.who}")
    event = journal.event(EventType.APPROVED, _reason(answer), wave=wave, who=answer.by)
    store.run(approve.approve(key, number, answer, event))
    return None


def _reason(answer: Approval) -> str:
    return answer.reason or "no reason given"


def _check_asked(wave: WaveRecord) -> None:
    """Raise StartRefused for an approval of a wave that waits, and whose gate has never asked anybody.

    Airflow tells a task what was answered to its own question, and this is the first time it could ask.
    """
    if wave.approved and wave.status in {"PENDING", "PAUSED"}:
        by = wave.approval.by if wave.approval else None
        raise StartRefused(
            f"the record holds an approval of {wave.wave_name!r} by {by!r}, and Airflow has never asked "
            "for one: it was not given here. Somebody wrote to the table; start a new run"
        )


def _passes(wave: WaveRecord) -> str | None:
    """Return why nobody is asked; None where somebody must be."""
    if wave.status.policy_met:
        return f"{wave.wave_name} is {wave.status}: there is nothing to ask"
    if not wave.pause_before_wave:
        return f"No gate is due before {wave.wave_name}"
    if wave.approved and wave.approval:
        by = in_log(wave.approval.by or "nobody")
        return f"{in_log(wave.wave_name)} was approved by {by} at {wave.approval.time}"
    return None
