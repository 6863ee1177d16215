"""What ``approve`` and ``start_recovery`` share: a new attempt of their wave; the execution is open again.

Whichever of the two runs first after the run was cleared writes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drs_recovery.errors import StartRefused
from drs_recovery.record.attempts import reopened, resolved_intents, with_attempt
from drs_recovery.record.enums import Writer
from drs_recovery.record.permission import check_ask, check_attempt, check_reopening
from drs_recovery.record.transitions import check_opening
from drs_recovery.store.changes import (
    Changed,
    change,
    following,
    same_cleanup,
    same_version,
    with_wave,
    write,
)
from drs_recovery.store.intents import keep_past
from drs_recovery.store.lock import take_lock
from drs_recovery.store.queries import read_execution
from drs_recovery.store.requests import now, retrying
from drs_recovery.store.servers import write_found
from drs_recovery.store.trail import append_change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from drs_recovery.record.events import Event
    from drs_recovery.record.intent import Intent
    from drs_recovery.record.models import Execution
    from drs_recovery.record.server_record import ServerRecord
    from drs_recovery.store.expressions import Update
    from drs_recovery.store.requests import StoreProgram


@dataclass(frozen=True)
class Opening:
    """A new attempt of a wave after its last one, which has ended in DRS too.

    ``clear_number`` is how often the DAG run was cleared; ``resolved`` are the open intents of the wave with
    what became of them, ``servers`` its servers as their jobs show them now.
    """

    wave_number: int
    last: int
    clear_number: int
    resolved: Sequence[Intent] = ()
    servers: Sequence[ServerRecord] = ()


def open_attempt(
    execution_id: str,
    opening: Opening,
    event: Event | None = None,
    *,
    is_finished: Callable[[Execution], bool] | None = None,
) -> StoreProgram[Execution]:
    """Open a new attempt, and the execution again, if the record permits it and the plan's lock can be taken.

    The lock is taken between reading the record and writing it under the version read: see
    ``drs_recovery.store.lock``. Nothing is written before that.
    """
    at = yield from now()

    def step() -> StoreProgram[Changed | None]:
        before = yield from read_execution(execution_id)
        if _is_open(before, opening):
            return Changed(before, written=False)
        _check_as_it_was(before, opening)
        yield from take_lock(before, is_finished=is_finished, renew=True)
        yield from write_found(execution_id, opening.servers)
        past = resolved_intents(before.wave(opening.wave_number), opening.resolved)
        yield from keep_past(execution_id, opening.wave_number, past)
        after = with_attempt(before, opening.wave_number, opening.clear_number, opening.resolved, at)
        check_opening(before, after, opening.wave_number)
        return (yield from write(before, following(before, after), _as_it_was))

    trouble = f"execution {execution_id}: its record kept changing while an attempt was to open"
    changed = yield from retrying(step, trouble)
    yield from append_change(changed, event)
    return changed.execution


def open_again(
    execution_id: str, event: Event, *, is_finished: Callable[[Execution], bool] | None = None
) -> StoreProgram[Execution]:
    """Open an execution that ended, with no new attempt of a wave, if the plan's lock can be taken.

    An action of it that ended it runs again, or a person lets it be: the waves that never ran come again.
    """
    at = yield from now()

    def step() -> StoreProgram[Changed | None]:
        before = yield from read_execution(execution_id)
        if not before.final:
            return Changed(before, written=False)
        check_reopening(before)
        yield from take_lock(before, is_finished=is_finished, renew=True)
        after = reopened(before, at)
        check_opening(before, after, None)
        return (yield from write(before, following(before, after), _as_it_was))

    trouble = f"execution {execution_id}: its record kept changing while it was to open again"
    changed = yield from retrying(step, trouble)
    yield from append_change(changed, event, at)
    return changed.execution


def note_clear(execution_id: str, number: int, attempt: int, clear_number: int) -> StoreProgram[Execution]:
    """Write that an attempt which has not ended goes on after a clear: that clear opens no other one."""

    def alter(execution: Execution) -> Execution:
        wave = execution.wave(number)
        if (wave.clear_number or 0) >= clear_number or wave.attempt != attempt or wave.status.final:
            return execution
        check_ask(execution, number)
        return with_wave(execution, number, clear_number=clear_number)

    return (yield from change(execution_id, Writer.START_RECOVERY, alter)).execution


def _as_it_was(update: Update, before: Execution) -> Iterable[str]:
    """Yield the conditions of opening an execution again, which may be final."""
    yield same_version(update, before)
    if before.final:
        yield same_cleanup(update, before)


def _is_open(execution: Execution, opening: Opening) -> bool:
    """Whether this very attempt is open: a write whose answer was lost, sent again, finds it so."""
    wave = execution.wave(opening.wave_number)
    return (wave.attempt, wave.clear_number) == (opening.last + 1, opening.clear_number)


def _check_as_it_was(execution: Execution, opening: Opening) -> None:
    """Raise StartRefused unless the record is as it was when DRS was asked, and permits the attempt."""
    check_attempt(execution, opening.wave_number)
    wave = execution.wave(opening.wave_number)
    place = f"wave {wave.wave_name!r} of execution {execution.execution_id}"
    if wave.attempt != opening.last:
        raise StartRefused(f"{place} is at attempt {wave.attempt}, not {opening.last}")
    if (wave.clear_number or 0) >= opening.clear_number:
        raise StartRefused(
            f"{place} is {wave.status}, and its run was not cleared since: it was cleared "
            f"{opening.clear_number} times, as when attempt {wave.attempt} began"
        )
    known = {intent.intent_id for intent in opening.resolved}
    if unknown := [intent for intent in wave.open_intents if intent.intent_id not in known]:
        batches = ", ".join(str(intent.batch) for intent in unknown)
        raise StartRefused(f"{place}: nobody knows whether StartRecovery of batch {batches} became a job")
