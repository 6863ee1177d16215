"""What a person may say of an action that did not do its work: that it runs again, or is let be."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from drs_recovery.engine.action_order import DONE, Due, attempt_of, due_actions
from drs_recovery.errors import TransitionRefused
from drs_recovery.names import Role, task_id
from drs_recovery.record.enums import EventType, TaskState
from drs_recovery.record.events import Event
from drs_recovery.record.permission import check_reopening
from drs_recovery.record.task_record import TaskRecord
from drs_recovery.store.tasks import read_tasks, write_action
from drs_recovery.store.trail import append_event

if TYPE_CHECKING:
    from datetime import datetime

    from drs_recovery.plan import Plan
    from drs_recovery.record.models import Execution
    from drs_recovery.store.store import ExecutionStore


class Named(NamedTuple):
    """An action that a person names, and what is on record of it.

    ``is_to_come``: the execution goes on, and its turn has not come.
    """

    plan: Plan
    due: Due
    known: TaskRecord | None
    is_to_come: bool = False

    @property
    def task_id(self) -> str:
        """The id of its task."""
        return self.due.task_id(self.plan)

    @property
    def to_clear(self) -> tuple[str, ...]:
        """The tasks to clear so that it runs, or is passed, with what follows it; none before its first run.

        A wave that it stands before has a new attempt then, and its gate asks again.
        """
        if self.is_to_come:
            return ()
        if self.due.number is None or self.due.moment == "after":
            return (self.task_id,)
        return task_id(Role.GATE, self.plan.waves[self.due.number].name), self.task_id


class Answer(NamedTuple):
    """What a person says of an action: AGAIN or SKIPPED, who, when and why."""

    state: TaskState
    by: str
    time: datetime
    reason: str


def find_action(store: ExecutionStore, execution: Execution, plan: Plan, named: str) -> Named:
    """Return the action of an execution, by its frozen plan, that a person names: by its name or its task.

    TransitionRefused where there is none, or several have the name.
    """
    due = due_actions(plan, execution)
    found = [one for one in due if named in {one.task_id(plan), one.action.name}]
    if len(found) != 1:
        known = ", ".join(one.task_id(plan) for one in found or due) or "none"
        wrong = "several actions have that name" if found else "it has no such action"
        raise TransitionRefused(f"{execution.execution_id}: {named!r}: {wrong}; by their tasks: {known}")
    tasks = store.run(read_tasks(execution.execution_id))
    item = next(
        (one for one in tasks if (one.wave_number, one.name) == (found[0].number, found[0].name)), None
    )
    return Named(plan, found[0], item, is_to_come=item is None and not execution.final)


def answer_action(store: ExecutionStore, execution: Execution, named: Named, answer: Answer) -> TaskRecord:
    """Put on record what a person says of an action; TransitionRefused where there is nothing to say.

    While it runs nobody can say that it did not do its work. One whose turn has not come can be let be, and
    is passed when it comes.
    """
    _check(execution, named, answer.state)
    known, due = named.known, named.due
    item = TaskRecord(
        task_id=named.task_id,
        wave_number=due.number,
        attempt=attempt_of(execution, due.number),
        try_number=known.try_number if known else 1,
        state=answer.state,
        start_time=known.start_time if known else None,
        end_time=answer.time,
        message=known.message if known else None,
        action=due.action.name,
        by=answer.by,
        reason=answer.reason,
    )
    written = store.run(write_action(execution.execution_id, known, item))
    if written.replace(revision=None) != item:
        raise TransitionRefused(f"{named.task_id} is {written.state} on record by now: nothing was changed")
    again = answer.state is TaskState.AGAIN
    event = Event(
        type=EventType.TASK_AGAIN if again else EventType.TASK_SKIPPED,
        time=answer.time,
        actor=answer.by,
        wave_number=due.number,
        attempt=item.attempt,
        detail=f"{due.action.name}: {answer.reason}",
    )
    store.run(append_event(execution.execution_id, event))
    return written


def take_back(
    store: ExecutionStore, execution: Execution, before: TaskRecord | None, after: TaskRecord
) -> None:
    """Put back what was on record, where Airflow did not do what belongs to it."""
    known = before or after.replace(state=TaskState.REFUSED, by=None, reason=None, message="has not run")
    store.run(write_action(execution.execution_id, after, known))


def _check(execution: Execution, named: Named, answer: TaskState) -> None:
    state = named.known.state if named.known else None
    place = f"{named.task_id} of {execution.execution_id}"
    if state in DONE:
        raise TransitionRefused(f"{place} is {state} on record: nothing is left to say of it")
    if not execution.final and state is TaskState.RUNNING:
        raise TransitionRefused(f"{place} runs: wait for it, or cancel")
    if named.is_to_come and answer is TaskState.AGAIN:
        raise TransitionRefused(f"{place} has not run: wait for it, or let it be with `recovery skip`")
    if execution.final:
        check_reopening(execution)
