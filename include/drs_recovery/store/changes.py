"""How a running execution's record changes: read, altered, and the difference written under its version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drs_recovery.record.base import iso
from drs_recovery.record.models import Execution
from drs_recovery.record.status import completed_waves, running_status
from drs_recovery.record.texts import text_name
from drs_recovery.record.transitions import check_change
from drs_recovery.store.expressions import Path, Update
from drs_recovery.store.fitting import BUDGETS, Fitted, fitted, recognised
from drs_recovery.store.intents import keep_past
from drs_recovery.store.own_items import put_ids, put_text
from drs_recovery.store.queries import EXECUTION, parse, read_execution
from drs_recovery.store.requests import TRIES, retrying, smaller_and_smaller, unmarshal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from drs_recovery.record.enums import Writer
from drs_recovery.store.requests import Item, StoreProgram

Change = Callable[[Execution], "Execution | StoreProgram[Execution]"]
"""Returns the record as it is to be, the very same if it is so already, or raises what forbids it.

As steps where it reads more than the record, or puts what belongs beside it: always before the record itself.
"""


@dataclass(frozen=True)
class Changed:
    """The record after a change; ``written`` is False if it already held it."""

    execution: Execution
    written: bool


def change(execution_id: str, writer: Writer, alter: Change) -> StoreProgram[Changed]:
    """Change the record under its version, reading again and retrying when somebody else was first.

    A write whose answer was lost, and that the client sent again, is refused the second time: read again, the
    record then holds the change already, which is a success.
    """

    def step() -> StoreProgram[Changed | None]:
        before = yield from read_execution(execution_id)
        altered = alter(before)
        after = altered if isinstance(altered, Execution) else (yield from altered)
        after = recognised(before, after)
        if after == before:
            return Changed(before, written=False)
        check_change(writer, before, after)
        return (yield from write(before, following(before, after), _still_runs))

    trouble = f"{writer} found its record changed by others {TRIES} times in a row"
    return (yield from retrying(step, f"execution {execution_id}: {trouble}"))


def with_wave(execution: Execution, number: int, **changed: Any) -> Execution:
    """Return the execution with some fields of one wave changed."""
    wave = execution.wave(number)
    waves = list(execution.waves)
    waves[number] = wave.replace(**changed)
    return execution.replace(waves=tuple(waves))


def following(before: Execution, after: Execution) -> Execution:
    """Return a running execution as it follows another: what its waves say of it, and the next version."""
    return after.replace(
        status=running_status(after.waves),
        completed_waves=completed_waves(after.waves),
        version=before.version + 1,
    )


def write(
    before: Execution,
    after: Execution,
    conditions: Callable[[Update, Execution], Iterable[str]],
    budgets: Sequence[int] = BUDGETS,
) -> StoreProgram[Changed | None]:
    """Make one record of the other; return what is on record then, None if a condition did not hold.

    What the item has no room for is put beside it first. If DynamoDB refuses the write for its size all the
    same, it is made again with less and less text; RecordTooLarge if no text is left.
    """

    def once(budget: int) -> StoreProgram[Changed | None]:
        fits = fitted(after, budget, before)
        yield from put_beside(before.execution_id, fits)
        update = Update(before.execution_id, EXECUTION)
        # First, so that its placeholders are short: a condition on 100 waves barely has room
        update.require(*conditions(update, before))
        set_difference(update, before, fits.execution)
        answer = yield update.request(returning=True)
        return None if answer is None else Changed(parse(unmarshal(answer["Attributes"])), written=True)

    return (yield from smaller_and_smaller(once, budgets))


def put_beside(execution_id: str, fits: Fitted) -> StoreProgram[None]:
    """Put what a record has no room for in items of its own."""
    for number, intent in fits.past:
        yield from keep_past(execution_id, number, [intent])
    for ids in fits.lists:
        yield from put_ids(execution_id, ids)
    for text in fits.texts:
        yield from put_text(execution_id, text_name(text), text)


def set_difference(update: Update, before: Execution, after: Execution) -> None:
    """Let an update make one of the other, in every attribute that differs."""
    old, new = before.to_item(), after.to_item()
    changed = [number for number, wave in enumerate(new["waves"]) if wave != old["waves"][number]]
    if len(changed) == 1:
        place = ("waves", changed[0])
        _set_attributes(update, place, old["waves"][changed[0]], new["waves"][changed[0]])
    else:
        for number in changed:
            update.set(("waves", number), new["waves"][number])
    _set_attributes(update, (), old | {"waves": None}, new | {"waves": None})


def same_version(update: Update, before: Execution) -> str:
    """Return the condition that nobody changed the record since."""
    return update.equal(("version",), before.version)


def same_cleanup(update: Update, execution: Execution) -> str:
    """Return the condition that nobody wrote its clean-up since: it and a new attempt exclude each other."""
    known = execution.cleanup
    if known is None:
        return update.absent("cleanup")
    status = update.equal(("cleanup", "status"), known.status.value)
    return update.both(update.equal(("cleanup", "time"), iso(known.time)), status)


def _still_runs(update: Update, before: Execution) -> Iterable[str]:
    yield same_version(update, before)
    yield update.absent("endTime")


def _set_attributes(update: Update, place: Path, old: Item, new: Item) -> None:
    """Set those attributes that differ, and no others (R-35)."""
    for attribute in sorted(old.keys() | new.keys()):
        if old.get(attribute) != new.get(attribute):
            update.set((*place, attribute), new.get(attribute))
