"""What is wrong with the operators that a plan names: found by making them, which a plan by itself cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.errors import PlanError
from drs_recovery.plan.warnings import warned
from drs_recovery.tasks.actions import action_task
from drs_recovery.text.visible import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from drs_recovery.plan import Plan
    from drs_recovery.plan.actions import Action, Moment


def operator_problems(plan: Plan, file: Path) -> list[str]:
    """Return each operator that is not there or does not take its arguments: ``file:line:col: message``."""
    found = []
    for number, moment, index, action in _operators(plan):
        try:
            action_task(plan, moment, number, action)
        except PlanError as error:
            place = () if number is None else ("waves", number)
            at = warned(file, (*place, moment, index, "operator"), error.problems[0])
            found.append(
                f"{printable(str(file))}:{at.mark.line}:{at.mark.column}: {printable(error.problems[0])}"
            )
    return found


def _operators(plan: Plan) -> Iterator[tuple[int | None, Moment, int, Action]]:
    moments: tuple[Moment, Moment] = ("before", "after")
    for number in (None, *range(len(plan.waves))):
        for moment in moments:
            for index, action in enumerate(plan.actions(moment, number)):
                if action.operator:
                    yield number, moment, index, action
