"""Which actions of a plan run in each type of execution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.record.enums import ExecutionType

if TYPE_CHECKING:
    from drs_recovery.plan import Plan


def action_lines(plan: Plan, execution_type: str, number: int | None = None) -> list[str]:
    """Return what runs in executions of a type, in order; of one wave, or of all the plan."""
    return [
        f"{moment} {'the plan' if of is None else plan.waves[of].name}: {action.name} ({action.kind})"
        for of, moment, action in plan.all_actions
        if action.runs_in(execution_type) and number in {None, of}
    ]


def actions_by_type(plan: Plan) -> dict[str, list[str]]:
    """Return them for `DRILL` and `RECOVERY`, in their order; nothing of a plan without any."""
    if not plan.all_actions:
        return {}
    return {kind.value: action_lines(plan, kind.value) for kind in ExecutionType}


def action_sentences(plan: Plan) -> list[str]:
    """Return the same as sentences."""
    return [
        f"{plan.id} runs in a {kind}: {'; '.join(lines) or 'no action'}"
        for kind, lines in actions_by_type(plan).items()
    ]
