"""What tests of the clean-up work with: a drill that has ended, and its clean-up's DAG run."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import TaskAwaitingInput, TaskDeferred

from drs_recovery.dag.clean_up import clean_up_dag
from drs_recovery.names import CLEAN_UP
from drs_recovery.record.clean_up import clean_up_run_id
from drs_recovery.store.read_trail import read_events
from tests.recovery.tasks.conftest import DB, Drive, TaskInstance, plan

if TYPE_CHECKING:
    from airflow.sdk import DAG

ALWAYS = {"cleanup": "always"}
ASKS = {"cleanup": "after_approval"}
DB2, PAY = "s-000000000000db002", "s-00000000000pay001"
TASKS = ("approve", "terminate", "wait_for_termination", "check")


def drilled(*servers: str, run_id: str = "manual__1", **fields: Any) -> Drive:
    """Return a drill of one wave that has ended COMPLETED."""
    drive = launched(*servers, run_id=run_id, **fields)
    drive.execute("complete_execution")
    return drive


def launched(*servers: str, run_id: str = "manual__1", conf: Any = None, **fields: Any) -> Drive:
    """Return an execution of one wave whose servers are launched, before its end."""
    wave = {"name": "Database", "servers": list(servers or (DB, DB2))}
    drive = Drive(plan(wave, **fields), run_id=run_id, **(conf or {}))
    drive.execute("open_execution")
    drive.wave("database")
    return drive


class Sweep:
    """One DAG run that cleans a drill up, whose tasks a test executes by hand."""

    def __init__(self, drive: Drive, *, run_id: str | None = None) -> None:
        self.drive = drive
        self.dag: DAG = clean_up_dag()
        self.run = SimpleNamespace(
            dag_id=CLEAN_UP,
            run_id=run_id or clean_up_run_id(drive.record),
            conf={"execution_id": drive.execution_id},
            triggering_user_name=None,
            clear_number=0,
        )

    def context(self, task_id: str, **ti: Any) -> dict[str, Any]:
        """Return the context of a task."""
        instance = TaskInstance(task_id, CLEAN_UP, self.run.run_id, **ti)
        return {"dag_run": self.run, "ti": instance, "task_instance": instance, "dag": self.dag}

    def execute(self, task_id: str, **ti: Any) -> Any:
        """Execute a task, as its first try unless the test says otherwise."""
        task = copy.copy(self.dag.get_task(task_id))
        return type(task).execute(task, self.context(task_id, **ti))

    def resume(self, task_id: str, event: dict[str, Any], **kwargs: Any) -> Any:
        """Resume a parked or deferred task with an event."""
        task = copy.copy(self.dag.get_task(task_id))
        return task.execute_complete(self.context(task_id), event, **kwargs)

    def all(self) -> None:
        """Execute all tasks, none of which is to wait."""
        for task_id in TASKS:
            self.execute(task_id)

    def park(self, task_id: str) -> TaskDeferred:
        """Execute a task until it lets go of its worker; return what it waits for."""
        with pytest.raises(TaskDeferred) as deferred:
            self.execute(task_id)
        return deferred.value

    def ask(self) -> None:
        """Execute the gate until it waits for an answer."""
        with pytest.raises(TaskAwaitingInput):
            self.execute("approve")

    def answer(self, option: str = "Approve", by: str | None = "alice", **form: Any) -> Any:
        """Resume the gate as Airflow does after an answer."""
        event = {
            "chosen_options": [option],
            "params_input": form,
            "responded_at": datetime.now(UTC),
            "responded_by_user": {"id": by, "name": by} if by else None,
            "timedout": False,
        }
        return self.resume("approve", event)

    @property
    def cleanup(self) -> Any:
        """The clean-up as it is on record."""
        return self.drive.record.cleanup

    def details_of(self, type_: str) -> list[str]:
        """Return the details of all events of a type."""
        events = self.drive.store.run(read_events(self.drive.execution_id))
        return [event.detail for event in events if event.type == type_]


def instances(table: Any, region: str = "eu-west-1") -> set[str]:
    """Return the source servers that have a recovery instance in DRS."""
    items = table.client("drs", region).describe_recovery_instances()["items"]
    return {item["sourceServerID"] for item in items}


def calls(table: Any) -> list[list[str]]:
    """Return the instances of each TerminateRecoveryInstances that DRS got."""
    requests = table.control.requests(operation="TerminateRecoveryInstances")
    return [call["parameters"]["recoveryInstanceIDs"] for call in requests]


def change_raw(
    table: Any, drive: Drive, update: str, values: dict[str, Any] | None = None, **names: str
) -> None:
    """Change the raw record."""
    table.client("dynamodb").update_item(
        TableName="recovery-executions",
        Key={"executionId": {"S": drive.execution_id}, "item": {"S": "EXECUTION"}},
        UpdateExpression=update,
        **({"ExpressionAttributeValues": values} if values else {}),
        **({"ExpressionAttributeNames": names} if names else {}),
    )


def reopen(table: Any, drive: Drive) -> None:
    """Open an execution again, as a new attempt does."""
    change_raw(
        table,
        drive,
        "SET openSince = startTime, #status = :status REMOVE endTime, outcome",
        {":status": {"S": "POLLING"}},
        **{"#status": "status"},
    )
