"""What tests of new attempts work with: executions that ended badly, and whose run was cleared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from botocore.exceptions import ClientError

from drs_recovery.dag.maintenance import maintenance_dag
from drs_recovery.store.read_trail import read_events
from tests.recovery.tasks.conftest import APP, DB, WEB, Drive, plan

if TYPE_CHECKING:
    from drs_recovery.record.events import Event

FILES = "s-00000000000fil001"
BROKEN = "no capacity for m5.large"
NOWHERE = Path("no such folder")
"""No folder of plans: the maintenance looks for deleted plans only where there is one."""


def three(**fields: Any) -> Any:
    """Return a plan of three waves: a database, two servers behind a gate, and one that comes last."""
    return plan(
        {"name": "Database", "servers": [DB]},
        {"name": "Application", "servers": [APP, WEB], "pause_before_wave": True},
        {"name": "Last", "servers": [FILES]},
        **fields,
    )


def end(drive: Drive) -> None:
    with pytest.raises(AirflowFailException):
        drive.execute("complete_execution")


def fails(drive: Drive, task: str, texts: str) -> None:
    with pytest.raises(AirflowFailException, match=texts):
        drive.execute(task)


def approve(drive: Drive) -> None:
    drive.park("application.approve")
    drive.answer("application.approve", by="bob", reason="mended")


def started(table: Any) -> list[list[str]]:
    """Return the servers of every StartRecovery that DRS has got."""
    calls = table.control.requests(operation="StartRecovery")
    return [[s["sourceServerID"] for s in call["parameters"]["sourceServers"]] for call in calls]


def details_of(drive: Drive, type_: str) -> list[Event]:
    return [event for event in drive.store.run(read_events(drive.execution_id)) if event.type == type_]


def reconcile(drive: Drive, **fate: Any) -> list[str]:
    task = maintenance_dag(NOWHERE).get_task("reconcile")
    ended: list[str] = type(task).execute(task, drive.context("reconcile", **fate))
    return ended


def opened(table: Any, **conf: Any) -> Drive:
    """Return an execution whose first wave is COMPLETED and whose gate was approved."""
    drive = Drive(three(), **conf)
    drive.execute("open_execution")
    drive.wave("database")
    drive.park("application.approve")
    drive.answer("application.approve", reason="go on")
    return drive


def fail(table: Any) -> Drive:
    """Return a drill whose second wave has FAILED: APP did not launch; its run has ended, and was cleared."""
    drive = opened(table)
    table.control.fail_server(APP, phase="LAUNCH", raw_error=BROKEN)
    drive.execute("application.start_recovery")
    fails(drive, "application.wait_for_recovery", BROKEN)
    end(drive)
    table.control.clear_faults()
    assert (drive.record.status, drive.statuses) == ("FAILED", ["COMPLETED", "FAILED", "SKIPPED"])
    drive.clear()
    return drive


def time_out(table: Any, drive: Drive) -> Drive:
    """End the second wave TIMED_OUT while its job runs on, and its run, which is cleared."""
    table.control.set_speed("real")
    job_ids = drive.execute("application.start_recovery")
    event = {"status": "timeout", "job_ids": job_ids, "message": "too long"}
    with pytest.raises(AirflowFailException, match="too long"):
        drive.resume("application.wait_for_recovery", event)
    end(drive)
    assert drive.record.status == "TIMED_OUT"
    drive.clear()
    return drive


def raising(error: BaseException) -> Any:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def denied() -> ClientError:
    """Return what AWS says of a call that the role may not make."""
    return ClientError(
        {
            "Error": {"Code": "AccessDeniedException", "Message": "not authorized to perform drs:Describe"},
            "ResponseMetadata": {"HTTPStatusCode": 403},
        },
        "DescribeRecoveryInstances",
    )


def instances(table: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = table.client("drs").describe_recovery_instances()["items"]
    return items
