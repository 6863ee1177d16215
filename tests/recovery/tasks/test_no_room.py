"""DynamoDB refuses all writes of a task for their size: the task ends, and the execution after it."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.errors import RecordTooLarge
from drs_recovery.record.enums import EventType, ExecutionStatus
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.requests import unmarshal
from tests.recovery.tasks.conftest import DB, Drive, plan

if TYPE_CHECKING:
    from collections.abc import Iterator

TASKS = ["open_execution", "database.approve", "database.start_recovery", "database.wait_for_recovery"]
TOO_LARGE = "Item size to update has exceeded the maximum allowed size"


def without_room(table: Any, drive: Drive, task: str, operation: str) -> bool:
    """Execute a task while such writes are refused; whether it went through."""
    table.control.deny("dynamodb", operation, error="ValidationException", message=TOO_LARGE)
    try:
        drive.execute(task)
    except (AirflowFailException, RecordTooLarge):
        drive.states[task] = "failed"
        return False
    else:
        return True
    finally:
        table.control.clear_faults()


def locks(table: Any) -> Iterator[dict[str, Any]]:
    items = table.client("dynamodb").scan(TableName="recovery-executions")["Items"]
    return (item for item in map(unmarshal, items) if item["item"] == "LOCK")


@pytest.mark.parametrize("operation", ["PutItem", "UpdateItem"])
@pytest.mark.parametrize("task", TASKS)
def test_a_task_without_room_does_not_wait_for_it(table: Any, task: str, operation: str) -> None:
    """It goes through without what has no room, or fails at once; then the execution is ended anyhow."""
    drive = Drive(plan({"name": "Database", "servers": [DB]}))
    for before in TASKS[: TASKS.index(task)]:
        drive.execute(before)
    went_through = without_room(table, drive, task, operation)
    for after in TASKS[TASKS.index(task) + 1 :]:
        if went_through:
            drive.execute(after)
        else:
            drive.states[after] = "upstream_failed"
    with nullcontext() if went_through else suppress(AirflowFailException):
        drive.execute("complete_execution")
    assert drive.record.final
    assert drive.record.status is ExecutionStatus.COMPLETED or not went_through
    assert not list(locks(table))
    jobs = table.control.requests(operation="StartRecovery")
    assert len(jobs) == len(drive.record.job_ids), "a job was started, and is not on record"


@pytest.mark.parametrize("operation", ["PutItem", "UpdateItem"])
def test_complete_execution_ends_it_at_its_next_try(table: Any, operation: str) -> None:
    """Nothing of what it wrote is lost, and what it could not write it writes then."""
    drive = Drive(plan({"name": "Database", "servers": [DB]}))
    for task in TASKS:
        drive.execute(task)
    assert not without_room(table, drive, "complete_execution", operation)
    drive.execute("complete_execution")
    assert drive.record.status is ExecutionStatus.COMPLETED
    assert not list(locks(table))
    ends = [
        event
        for event in drive.store.run(read_events(drive.execution_id))
        if event.type is EventType.EXECUTION_ENDED
    ]
    assert len(ends) == 1
