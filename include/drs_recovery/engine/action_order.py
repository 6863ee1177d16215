"""Which actions must be over, on record, before an action or a start, whatever Airflow says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from drs_recovery.errors import StartRefused
from drs_recovery.names import group_id
from drs_recovery.record.enums import TaskState
from drs_recovery.store.tasks import read_tasks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from drs_recovery.plan import Plan
    from drs_recovery.plan.actions import Action, Moment
    from drs_recovery.record.models import Execution
    from drs_recovery.record.task_record import TaskRecord
    from drs_recovery.store.store import ExecutionStore

DONE = frozenset({TaskState.SUCCESS, TaskState.SKIPPED})
"""It did its work, or a person let it be."""

ENDED_BADLY = frozenset({TaskState.FAILED, TaskState.UNSEEN})
"""It ran, and failed, or nobody saw how it ended."""

NOT_DONE = ENDED_BADLY | {TaskState.REFUSED}


class Due(NamedTuple):
    """An action that runs in this execution, and where it stands; ``number`` is that of its wave, if any."""

    number: int | None
    moment: Moment
    action: Action

    @property
    def name(self) -> str:
        """The name of its task, in the group of its wave or in none."""
        return self.action.task_name(self.moment)

    def task_id(self, plan: Plan) -> str:
        """Return the id of its task."""
        if self.number is None:
            return self.name
        return f"{group_id(plan.waves[self.number].name)}.{self.name}"


def due_actions(plan: Plan, execution: Execution) -> list[Due]:
    """Return the actions of a plan that run in an execution of this type, in the order of the plan."""
    kind = execution.execution_type.value
    return [
        Due(number, moment, action) for number, moment, action in plan.all_actions if action.runs_in(kind)
    ]


def before_start(plan: Plan, execution: Execution, number: int) -> list[Due]:
    """Return the actions that must be over before a wave starts.

    Those before the plan and before the wave; and those after each wave it depends on that met its policy.
    """
    met = {other for other in execution.wave(number).depends_on if execution.wave(other).status.policy_met}
    return [
        due
        for due in due_actions(plan, execution)
        if (due.moment == "before" and due.number in {None, number})
        or (due.moment == "after" and due.number in met)
    ]


def before_action(plan: Plan, execution: Execution, wanted: Due) -> list[Due]:
    """Return the actions that must be over before another one runs."""
    match wanted.number, wanted.moment:
        case None, "before":
            needed = [due for due in due_actions(plan, execution) if due[:2] == (None, "before")]
        case None, _:
            needed = due_actions(plan, execution)
        case number, "before":
            needed = before_start(plan, execution, number)
        case number, _:
            needed = [due for due in due_actions(plan, execution) if due[:2] == (number, "after")]
    return needed[: needed.index(wanted)] if wanted in needed else needed


def check_actions_done(store: ExecutionStore, execution: Execution, plan: Plan, number: int) -> None:
    """Raise StartRefused unless every action that comes before a wave is over on record.

    A plan without actions costs no look.
    """
    if needed := before_start(plan, execution, number):
        check_over(plan, execution, needed, store.run(read_tasks(execution.execution_id)))


def check_over(plan: Plan, execution: Execution, needed: Iterable[Due], tasks: Sequence[TaskRecord]) -> None:
    """Raise StartRefused, naming the first action that is not over."""
    for due, why in not_over(execution, needed, tasks):
        raise StartRefused(
            f"the action {due.action.name!r}, task {due.task_id(plan)}, comes first, and {why}: clear it too"
        )


def not_over(
    execution: Execution, needed: Iterable[Due], tasks: Sequence[TaskRecord]
) -> Iterator[tuple[Due, str]]:
    """Yield the actions that are not over, each with how it stands on record."""
    known = {(task.wave_number, task.name): task for task in tasks}
    for due in needed:
        task = known.get((due.number, due.name))
        attempt = attempt_of(execution, due.number)
        if task is None:
            yield due, "has not run on record"
        elif due.action.may_repeat and task.attempt != attempt and task.state is not TaskState.SKIPPED:
            yield due, f"has not run in attempt {attempt}"
        elif not is_over(due.action, task):
            message = f": {task.message}" if task.message else ""
            yield due, f"is {task.state} on record{message}"


def is_over(action: Action, task: TaskRecord) -> bool:
    """Whether nothing waits for an action any more: it is done, or failed and the plan goes on without it."""
    return task.state in DONE or (task.state in ENDED_BADLY and action.on_failure == "continue")


def attempt_of(execution: Execution, number: int | None) -> int:
    """Return the attempt that an action belongs to: that of its wave."""
    return 1 if number is None else execution.wave(number).attempt
