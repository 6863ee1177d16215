"""How a running execution's record changes: read, altered, and the difference written under its version."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recovery.errors import ExecutionNotFound, RecordUnavailable
from recovery.execution.expressions import Update
from recovery.execution.models import Execution, WaveRecord
from recovery.execution.record import iso
from recovery.execution.requests import Wait, get, unmarshal
from recovery.execution.status import completed_waves, running_status
from recovery.execution.transitions import check_change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recovery.execution.enums import Writer
    from recovery.execution.requests import Item, Steps

EXECUTION = "EXECUTION"

TRIES = 14
"""Writers of parallel waves meet on one version; 14 tries with their pauses take about 4 s."""

Alter = Callable[[Execution], "Execution | Steps[Execution]"]
"""Returns the record as it shall be, the very same if it is so already, or raises what forbids it.

As steps where it reads more than the record, or puts what belongs beside it: always before the record itself.
"""


@dataclass(frozen=True)
class Changed:
    """The record after a change; ``written`` is False if it already held it."""

    execution: Execution
    written: bool


def read(execution_id: str) -> Steps[Execution]:
    """Read the record of an execution consistently."""
    item = yield from get(execution_id, EXECUTION)
    if item is None:
        raise ExecutionNotFound(f"no execution {execution_id!r} is on record in this table and Region")
    return parse(item)


def parse(item: Item) -> Execution:
    """Return the execution of an item; RecordUnavailable says what in it cannot be read."""
    return Execution.from_item(item)


def change(execution_id: str, writer: Writer, alter: Alter) -> Steps[Changed]:
    """Change the record under its version, reading again and retrying when somebody else was first.

    A write whose answer was lost, and that the client sent again, is refused the second time: read again, the
    record then holds the change already, which is a success.
    """
    for pause in pauses():
        before = yield from read(execution_id)
        altered = alter(before)
        after = altered if isinstance(altered, Execution) else (yield from altered)
        if after == before:
            return Changed(before, written=False)
        check_change(writer, before, after)
        answer = yield from _write(before, after)
        if answer is not None:
            return Changed(answer, written=True)
        yield Wait(pause)
    raise RecordUnavailable(
        f"execution {execution_id}: {writer} found its record changed by others {TRIES} times in a row"
    )


def pauses() -> Iterator[float]:
    """Yield the seconds to wait after each refused try: full jitter, so that writers do not meet again."""
    for retry in range(TRIES):
        yield random.uniform(0, min(0.8, 0.02 * 2**retry))  # noqa: S311 - no secret


def with_wave(execution: Execution, number: int, **changed: Any) -> Execution:
    """Return the execution with some fields of one wave changed."""
    wave = execution.wave(number)
    waves = list(execution.waves)
    waves[number] = wave.having(**changed)
    return execution.having(waves=tuple(waves))


def write_opening(before: Execution, after: Execution) -> Steps[Execution | None]:
    """Open an execution again that may be final; None if somebody changed its record meanwhile."""
    update = _difference(before, after)
    if before.final:
        update.remove("endTime")
        update.remove("outcome")
        update.set(("openSince",), iso(after.open_since) if after.open_since else None)
        update.require(same_cleanup(update, before))
    return (yield from _send(update))


def same_cleanup(update: Update, execution: Execution) -> str:
    """Return the condition that nobody wrote of the clean-up since: it and a new attempt exclude another."""
    if execution.cleanup is None:
        return update.absent("cleanup")
    return update.equal(("cleanup",), execution.cleanup.to_item())


def _write(before: Execution, after: Execution) -> Steps[Execution | None]:
    update = _difference(before, after)
    update.require(update.absent("endTime"))
    return (yield from _send(update))


def _send(update: Update) -> Steps[Execution | None]:
    answer = yield update.request(returning=True)
    return None if answer is None else parse(unmarshal(answer["Attributes"]))


def _difference(before: Execution, after: Execution) -> Update:
    """Return the update that makes one of the other; its status follows from the waves."""
    update = Update(before.execution_id, EXECUTION)
    changed = [
        (number, *pair)
        for number, pair in enumerate(zip(before.waves, after.waves, strict=True))
        if pair[0] != pair[1]
    ]
    if len(changed) == 1:
        _set_attributes(update, *changed[0])
    else:
        for number, _, wave in changed:
            update.set(("waves", number), wave.to_item())
    if after.failure != before.failure and after.failure is not None:
        update.set(("failure",), after.failure.to_item())
    if after.superseded_by != before.superseded_by:
        update.set(("supersededBy",), after.superseded_by)
    if after.account_id != before.account_id:
        update.set(("accountId",), after.account_id)
    if after.lag != before.lag and after.lag is not None:
        update.set(("lag",), after.lag.to_item())
    if after.warnings != before.warnings:
        update.set(("warnings",), [warning.to_item() for warning in after.warnings])
    update.set(("status",), running_status(after.waves).value)
    update.set(("completedWaves",), completed_waves(after.waves))
    update.set(("version",), before.version + 1)
    update.require(update.equal(("version",), before.version))
    return update


def _set_attributes(update: Update, number: int, before: WaveRecord, after: WaveRecord) -> None:
    """Set those attributes of a wave that differ, and no others (R-35)."""
    old, new = before.to_item(), after.to_item()
    for attribute in sorted(old.keys() | new.keys()):
        if old.get(attribute) != new.get(attribute):
            update.set(("waves", number, attribute), new.get(attribute))
