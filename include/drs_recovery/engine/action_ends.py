"""What the actions of a plan mean for how its execution ends."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from drs_recovery.engine.action_order import NOT_DONE, due_actions, not_over
from drs_recovery.engine.frozen_plan import frozen_plan
from drs_recovery.errors import ExecutionNotFound, PlanError, RecordUnreadable
from drs_recovery.record.enums import TaskState
from drs_recovery.record.task_record import wave_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from drs_recovery.record.models import Execution
    from drs_recovery.record.status import RunEnd
    from drs_recovery.record.task_record import TaskRecord
    from drs_recovery.store.store import ExecutionStore

log = logging.getLogger(__name__)


def with_actions(
    store: ExecutionStore, execution: Execution, tasks: Sequence[TaskRecord], end: RunEnd
) -> RunEnd:
    """Return an end with the actions that a person let be, that failed and stopped nothing, or never ran.

    An execution whose waves all met their policy is a success only if its actions are over on record: a task
    that somebody marked did nothing.
    """
    actions = [task for task in tasks if task.action]
    skipped = [
        f"{_named(execution, task)} by {task.by}: {task.reason}"
        for task in actions
        if task.state is TaskState.SKIPPED
    ]
    tolerated = [
        f"{_named(execution, task)}: {task.message}"
        for task in actions
        if task.tolerated and task.state in NOT_DONE
    ]
    end = end.replace(task_skips=_joined(skipped), task_notes=_joined(tolerated))
    met = all(wave.status.policy_met for wave in execution.waves)
    if not met or end.task_failure or end.interrupted or execution.failure or execution.superseded_by:
        return end
    return end.replace(task_failure=_joined(_never_ran(store, execution, tasks)))


def _never_ran(store: ExecutionStore, execution: Execution, tasks: Sequence[TaskRecord]) -> Iterable[str]:
    try:
        plan = frozen_plan(store, execution.execution_id)
    except ExecutionNotFound:
        return  # its plan was never frozen, so nothing of it could run
    except (PlanError, RecordUnreadable) as error:
        log.exception("Whether the actions of %s ran cannot be found out", execution.execution_id)
        if any(task.action for task in tasks):
            yield f"whether its actions ran cannot be found out: {error}"
        return
    for due, why in not_over(execution, due_actions(plan, execution), tasks):
        yield f"action {due.action.name} of {_place(execution, due.number)} {why}"


def _named(execution: Execution, task: TaskRecord) -> str:
    wave = wave_of(execution, task.task_id)
    return f"{task.action} of {_place(execution, wave.wave_number if wave else None)}"


def _place(execution: Execution, number: int | None) -> str:
    return "the plan" if number is None else execution.wave(number).wave_name


def _joined(texts: Iterable[str]) -> str | None:
    return "; ".join(texts) or None
