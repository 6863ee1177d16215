"""What a task checks beside the rules of the record itself, which are in `drs_recovery.record.permission`.

What is believed of whom is the hierarchy of trust in ``docs/security.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.errors import ParamsError, StartRefused
from drs_recovery.plan.gate_rules import gate_rules
from drs_recovery.record.approvals import lacking
from drs_recovery.store.approvals import read_approvals
from drs_recovery.store.queries import open_executions
from drs_recovery.store.servers import read_server_ids

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from drs_recovery.plan import Plan
    from drs_recovery.record.approvals import GateRules, GivenApproval
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.store.store import ExecutionStore


def wave_on_record(execution: Execution, number: int, name: str) -> WaveRecord:
    """Return the wave that a task stands for; a plan edited in flight may have put another in its place."""
    wave = execution.waves[number] if number < len(execution.waves) else None
    if wave is None or wave.wave_name != name:
        held = ", ".join(wave.wave_name for wave in execution.waves)
        raise StartRefused(
            f"the plan was edited while this execution runs: {name!r} is no wave of it in this place; it was "
            f"opened with {held}"
        )
    return wave


def rules_of_gate(plan: Plan, execution: Execution, number: int) -> GateRules:
    """Return who may pass the gate of a wave in this execution, by its frozen plan."""
    return gate_rules(plan, number, drill=execution.is_drill, requested_by=execution.requested_by)


def check_gates(execution: Execution, plan: Plan) -> None:
    """Raise ParamsError for a gate that nobody could pass in this run: it would wait for nothing."""
    for wave in execution.waves:
        rules = rules_of_gate(plan, execution, wave.wave_number)
        if wave.pause_before_wave and not rules.is_passable:
            raise ParamsError(
                f"the gate of wave {wave.wave_name!r} waits for {rules.who}: too few are left. Let somebody "
                "else ask for the run"
            )


def check_approvals(store: ExecutionStore, execution: Execution, wave: WaveRecord, plan: Plan) -> None:
    """Raise StartRefused unless the gate was passed by as many people as it needs, or by break-glass."""
    if not wave.pause_before_wave:
        return
    rules = rules_of_gate(plan, execution, wave.wave_number)
    earlier = approvals_before(store, execution, wave, rules)
    if reason := lacking(rules, wave, earlier):
        raise StartRefused(f"wave {wave.wave_name!r}: {reason}")


def approvals_before(
    store: ExecutionStore, execution: Execution, wave: WaveRecord, rules: GateRules
) -> list[GivenApproval]:
    """Return who approved a gate that needs several, before the one who passed it."""
    if rules.needed == 1:
        return []
    return store.run(read_approvals(execution.execution_id, wave.wave_number, wave.attempt))


def check_no_recovery(store: ExecutionStore, drill: Execution, servers: Collection[str]) -> None:
    """Raise StartRefused when a RECOVERY that is not finished, of any plan, holds one of a drill's servers.

    The RECOVERY would find them in a job, or lose its instances to the drill.
    """
    for other, shared in recoveries_with(store, drill, servers):
        raise StartRefused(
            f"the RECOVERY {other.execution_id} of {other.plan_name} holds {shared}: "
            "no drill starts with them"
        )


def recoveries_with(
    store: ExecutionStore, drill: Execution, servers: Collection[str]
) -> Iterator[tuple[Execution, str]]:
    """Yield each RECOVERY that is not finished and holds some of a drill's servers, with which ones."""
    for other, shared in executions_with(store, drill, servers):
        if not other.is_drill:
            yield other, ", ".join(sorted(shared))


def executions_with(
    store: ExecutionStore, execution: Execution, servers: Collection[str]
) -> Iterator[tuple[Execution, set[str]]]:
    """Yield each other execution that is not finished and holds some of these servers, with which ones."""
    for other in store.run(open_executions()):
        if other.execution_id == execution.execution_id:
            continue
        if shared := set(servers) & store.run(read_server_ids(other.execution_id)):
            yield other, shared
