"""What ``open_execution`` writes: the record with all its waves, its frozen plan and servers, a failure."""

from __future__ import annotations

from collections import Counter
from operator import eq
from typing import TYPE_CHECKING

from drs_recovery.errors import TransitionRefused
from drs_recovery.names import MOST_WAVES
from drs_recovery.record.enums import ExecutionStatus, WaveStatus, Writer
from drs_recovery.store.changes import Changed, change, put_beside
from drs_recovery.store.fitting import BUDGETS, fitted
from drs_recovery.store.frozen import Frozen, put_frozen, read_frozen
from drs_recovery.store.queries import EXECUTION, read_execution
from drs_recovery.store.requests import put_new, smaller_and_smaller
from drs_recovery.store.servers import server_item
from drs_recovery.store.trail import append_change

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from drs_recovery.record.events import Event
    from drs_recovery.record.models import Execution
    from drs_recovery.record.parts import Failure, Lag, PreflightWarning
    from drs_recovery.record.server_record import ServerRecord
    from drs_recovery.store.requests import StoreProgram


def open_execution(execution: Execution, event: Event | None = None) -> StoreProgram[Execution]:
    """Put the record, all waves PENDING, unless it is there; return what is on record."""
    _check_opening(execution)
    opened = execution.replace(open_since=execution.start_time)
    put = yield from _put(opened)
    on_record = put or (yield from read_execution(execution.execution_id))
    yield from append_change(Changed(on_record, written=put is not None), event)
    return on_record


def _put(opened: Execution) -> StoreProgram[Execution | None]:
    """Put a record where there is none, with what it has room for; None if one is there."""

    def once(budget: int) -> StoreProgram[Execution | None]:
        fits = fitted(opened, budget)
        yield from put_beside(opened.execution_id, fits)
        put = yield from put_new(opened.execution_id, EXECUTION, fits.execution.to_item())
        return fits.execution if put else None

    return (yield from smaller_and_smaller(once, BUDGETS))


def freeze(
    execution_id: str,
    plan: str,
    servers: Sequence[ServerRecord],
    event: Event | None = None,
    *,
    minimum_launched: Mapping[int, int] | None = None,
    account_id: str | None = None,
    account_ids: Mapping[int, str] | None = None,
    unasked: frozenset[int] = frozenset(),
    same_plan: Callable[[str, str], bool] = eq,
) -> StoreProgram[Execution]:
    """Freeze the plan, its servers, by wave number how many each needs, and the accounts they are in.

    A wave without a number needs all that are not optional. ``account_id`` is where the plan itself leads,
    ``account_ids`` where its waves are recovered, absent if that is not known. Only ``unasked`` waves may
    have no servers: DRS could not be asked for them. The first put of the PLAN item decides; what follows
    repeats it. Another plan then is TransitionRefused;
    ``same_plan``: whether another release froze the same plan as another text.
    """
    wanted = Frozen(plan=plan, servers=tuple(servers), minimum_launched=dict(minimum_launched or {}))
    execution = yield from read_execution(execution_id)
    if execution.frozen:
        changed = Changed(execution, written=False)
    else:
        _check_servers(execution, wanted.servers, unasked)
        frozen = yield from _decide(execution, wanted, same_plan)
        for server in frozen.servers:
            item = server_item(server.wave_number, server.source_server_id)
            yield from put_new(execution_id, item, server.to_item())
        changed = yield from change(
            execution_id,
            Writer.OPEN,
            lambda record: _with_counts(record, frozen, account_id, account_ids or {}),
        )
    yield from append_change(changed, event)
    return changed.execution


def note_preflight(
    execution_id: str, warnings: Sequence[PreflightWarning], lag: Lag, event: Event | None = None
) -> StoreProgram[Execution]:
    """Record what the checks before the start warn of, and how old the data are; the last look counts."""
    changed = yield from change(
        execution_id, Writer.OPEN, lambda execution: execution.replace(warnings=tuple(warnings), lag=lag)
    )
    yield from append_change(changed, event)
    return changed.execution


def note_failure(execution_id: str, failure: Failure, event: Event | None = None) -> StoreProgram[Execution]:
    """Record why the execution comes to nothing; the first failure stays."""

    def alter(execution: Execution) -> Execution:
        return execution if execution.failure else execution.replace(failure=failure)

    changed = yield from change(execution_id, Writer.OPEN, alter)
    yield from append_change(changed, event, failure.kind, failure.message)
    return changed.execution


def _check_opening(execution: Execution) -> None:
    """Raise TransitionRefused unless this is how a record begins: every wave there, and none begun."""
    waves = execution.waves
    begins = (
        execution.status is ExecutionStatus.PENDING
        and not execution.final
        and 1 <= execution.total_waves == len(waves) <= MOST_WAVES
        and [wave.wave_number for wave in waves] == list(range(len(waves)))
        and all(wave.status is WaveStatus.PENDING for wave in waves)
        and all(number in range(len(waves)) for wave in waves for number in wave.depends_on)
    )
    if not begins:
        held = ", ".join(f"{wave.wave_number} {wave.wave_name} {wave.status}" for wave in waves) or "none"
        raise TransitionRefused(
            f"execution {execution.execution_id} cannot be opened {execution.status} with the waves {held}; "
            f"it begins with all its {execution.total_waves} waves, 1 to {MOST_WAVES}, in order and PENDING"
        )


def _check_servers(execution: Execution, servers: Sequence[ServerRecord], unasked: frozenset[int]) -> None:
    """Raise TransitionRefused for a wave without servers (R-39), or a server in two."""
    counts = Counter(server.wave_number for server in servers)
    asked = (wave for wave in execution.waves if wave.wave_number not in unasked)
    if empty := [wave.wave_name for wave in asked if not counts[wave.wave_number]]:
        raise TransitionRefused(f"execution {execution.execution_id}: no servers for {', '.join(empty)}")
    twice = Counter(server.source_server_id for server in servers)
    wrong = sorted(name for name, count in twice.items() if count > 1)
    wrong += [f"wave {number}" for number in counts if number >= len(execution.waves)]
    if wrong:
        raise TransitionRefused(
            f"execution {execution.execution_id}: in two waves, or in none on record: {', '.join(wrong)}"
        )


def _decide(
    execution: Execution, wanted: Frozen, same_plan: Callable[[str, str], bool]
) -> StoreProgram[Frozen]:
    """Freeze unless something is frozen; return what counts."""
    if (yield from put_frozen(execution.execution_id, wanted)):
        return wanted
    frozen = yield from read_frozen(execution.execution_id)
    if frozen is None or not same_plan(frozen.plan, wanted.plan):
        raise TransitionRefused(
            f"execution {execution.execution_id} was opened with another version of plan "
            f"{execution.plan_id!r}; start a new run"
        )
    return frozen


def _with_counts(
    execution: Execution, frozen: Frozen, account_id: str | None, account_ids: Mapping[int, str]
) -> Execution:
    counts = Counter(server.wave_number for server in frozen.servers)
    waves = tuple(
        wave.replace(
            server_count=counts[wave.wave_number],
            minimum_launched=frozen.minimum_launched.get(wave.wave_number),
            account_id=account_ids.get(wave.wave_number),
        )
        for wave in execution.waves
    )
    return execution.replace(waves=waves, account_id=account_id)
