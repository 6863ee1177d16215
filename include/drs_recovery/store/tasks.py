"""The items of tasks: of other operators, and of ours that failed; one each, which its last try writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.errors import RecordUnreadable
from drs_recovery.record.enums import TaskState
from drs_recovery.record.task_record import TaskRecord
from drs_recovery.store.passed_over import PassedOver, log_it, readable
from drs_recovery.store.requests import Request, asked, key, marshal, query_items, unmarshal

if TYPE_CHECKING:
    from drs_recovery.store.requests import Item, StoreProgram

PREFIX = "TASK#"

OF_NO_WAVE = "run"
"""Stands in the place of a wave's number."""


def task_item(task: TaskRecord) -> str:
    """Return the range key of a task."""
    wave = OF_NO_WAVE if task.wave_number is None else f"{task.wave_number:03}"
    return f"{PREFIX}{wave}#{task.name}"


def note_task(execution_id: str, task: TaskRecord) -> StoreProgram[bool]:
    """Write how a try of a task stands; whether it was written. A later try is never written over.

    The task's own process writes it, or Airflow after that was killed, in any order. Nothing of the
    execution's record changes: only ``complete_execution`` draws conclusions.
    """
    answer = yield Request(
        "put_item",
        {
            "Item": marshal(task.to_item() | key(execution_id, task_item(task))),
            "ConditionExpression": "attribute_not_exists(tryNumber) OR tryNumber <= :try",
            "ExpressionAttributeValues": marshal({":try": task.try_number}),
        },
    )
    return answer is not None


def write_action(execution_id: str, before: TaskRecord | None, after: TaskRecord) -> StoreProgram[TaskRecord]:
    """Write how an action of the plan stands, unless somebody wrote it since; return what is on record then.

    A write whose answer was lost, and that is sent again, finds itself on record.
    """
    item = after.replace(revision=(before.revision or 0) + 1 if before else 1)
    unchanged = "attribute_not_exists(#item)" if before is None else "revision = :revision"
    values = {} if before is None else {"ExpressionAttributeValues": marshal({":revision": before.revision})}
    names = {"ExpressionAttributeNames": {"#item": "item"}} if before is None else {}
    condition = {"ConditionExpression": unchanged, **values, **names}
    written = marshal(item.to_item() | key(execution_id, task_item(item)))
    if (yield Request("put_item", {"Item": written, **condition})) is not None:
        return item
    known = yield from read_task(execution_id, item)
    return known or item


def read_task(execution_id: str, like: TaskRecord) -> StoreProgram[TaskRecord | None]:
    """Read one task, consistently; None where it has left nothing. ``like`` has its wave and its name."""
    wanted = {"Key": marshal(key(execution_id, task_item(like))), "ConsistentRead": True}
    answer = yield from asked(Request("get_item", wanted))
    return _task(unmarshal(answer["Item"])) if "Item" in answer else None


def pass_over_failures(execution_id: str, number: int) -> StoreProgram[None]:
    """Write of the failed tasks of ours that their wave went on after them: they end nothing any more."""
    for task in (yield from read_tasks(execution_id)):
        if task.wave_number == number and task.own and task.state is not TaskState.RETRIED:
            yield from note_task(execution_id, task.replace(state=TaskState.RETRIED))


def read_tasks(execution_id: str, passed_over: PassedOver = log_it) -> StoreProgram[list[TaskRecord]]:
    """Read the tasks of an execution, consistently; one that cannot be read hides no other."""
    return readable((yield from query_items(execution_id, PREFIX)), _task, passed_over)


def _task(item: Item) -> TaskRecord:
    """Return the task of an item; RecordUnreadable for one that stands under another's key."""
    task = TaskRecord.from_item(item)
    if task_item(task) != item["item"]:
        raise RecordUnreadable(f"{item['item']} holds another task: {task.task_id}")
    return task
