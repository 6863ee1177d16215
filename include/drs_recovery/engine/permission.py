"""What a task checks beside the rules of the record itself, which are in `drs_recovery.record.permission`.

What is believed of whom is the hierarchy of trust in ``docs/security.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.errors import StartRefused
from drs_recovery.store.queries import open_executions
from drs_recovery.store.servers import read_server_ids

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from drs_recovery.plan import Plan
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


def check_approver(wave: WaveRecord, plan: Plan) -> None:
    """Raise StartRefused when the gate was passed by someone who is none of the plan's approvers."""
    answer = wave.approval
    given = answer is not None and answer.given_by_one_of(plan.approvers)
    if wave.pause_before_wave and plan.approvers and not given:
        by = answer.by if answer else None
        raise StartRefused(
            f"wave {wave.wave_name!r}: {by!r} is none of the plan's approvers, {', '.join(plan.approvers)}"
        )


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
    for other in store.run(open_executions()):
        if other.is_drill or other.execution_id == drill.execution_id:
            continue
        shared = set(servers) & store.run(read_server_ids(other.execution_id))
        if shared:
            yield other, ", ".join(sorted(shared))
