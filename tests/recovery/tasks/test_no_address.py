"""An Airflow that has no address takes no execution for its own, and says so: another may be on the table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from drs_recovery.dag.maintenance import maintenance_dag
from drs_recovery.store.read_trail import read_events
from drs_recovery.tasks.airflow_runs import this_airflow
from tests.recovery.tasks.conftest import Drive, plan
from tests.recovery.tasks.sweeping import drilled

URL = "AIRFLOW__API__BASE_URL"
REAL = {"execution_type": "RECOVERY", "confirm": "shop"}
GONE = {"deleted": {"manual__1"}}


@pytest.fixture
def nameless(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An Airflow as it comes: without an address."""
    monkeypatch.delenv(URL)
    return monkeypatch


def maintain(drive: Drive, task_id: str = "reconcile", **fate: Any) -> list[str]:
    """Run a task of the maintenance once."""
    task = maintenance_dag(Path("no such folder")).get_task(task_id)
    done: list[str] = type(task).execute(task, drive.context(task_id, **fate))
    return done


@pytest.mark.parametrize("value", ["", " ", "/", "/airflow", "https://", "airflow.example"])
def test_what_names_no_host_is_no_address(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Any other Airflow may have the same path."""
    monkeypatch.setenv(URL, value)
    assert this_airflow() is None
    monkeypatch.setenv(URL, "https://airflow.example/af/")
    assert this_airflow() == "https://airflow.example/af"


def test_a_drill_is_refused(table: Any, nameless: Any, starts: Any) -> None:
    """In a sentence with the cure, on record: nobody would clean it up."""
    drive = Drive(plan())
    with pytest.raises(AirflowFailException, match=r"no address, .* Set AIRFLOW__API__BASE_URL in all of"):
        drive.execute("open_execution")
    with pytest.raises(AirflowFailException, match="CANCELLED"):
        drive.execute("complete_execution")
    assert drive.record.failure.kind == "REFUSED"
    assert starts() == 0


def test_a_recovery_is_let_go_and_says_so(table: Any, nameless: Any) -> None:
    """It orders nothing for after its end, and no setting keeps a real recovery from being started."""
    drive = Drive(plan(), **REAL)
    drive.execute("open_execution")
    (opened,) = (one for one in drive.store.run(read_events(drive.execution_id)) if one.type == "OPENED")
    assert "this Airflow has no address" in opened.detail
    drive.wave("database")
    assert drive.statuses == ["COMPLETED", "PENDING"]


def test_of_two_without_an_address_neither_ends_the_others_execution(table: Any, nameless: Any) -> None:
    """To the second the run of the first is gone: it ends nothing, and fails with the cure."""
    drive = Drive(plan(), **REAL)
    drive.execute("open_execution")
    before = drive.record
    with pytest.raises(AirflowException, match="no address"):
        maintain(drive, **GONE)
    assert drive.record == before


def test_nor_does_one_that_has_an_address(table: Any, nameless: pytest.MonkeyPatch) -> None:
    """It may be that it was given after the execution began; it may be another."""
    drive = Drive(plan(), **REAL)
    drive.execute("open_execution")
    nameless.setenv(URL, "https://the-other.example")
    before = drive.record
    assert maintain(drive, **GONE) == []
    assert drive.record == before


def test_nobody_takes_a_plan_from_a_run_that_may_be_anothers(table: Any, nameless: Any) -> None:
    """A second RECOVERY is refused, though the run of the first is not to be found here."""
    first, second = Drive(plan(), **REAL), Drive(plan(), run_id="manual__2", **REAL)
    first.execute("open_execution")
    with pytest.raises(AirflowFailException, match=first.execution_id):
        second.execute("open_execution", **GONE)


def test_a_clean_up_that_nobody_can_call_his_own_is_no_secret(table: Any) -> None:
    """Release 0.2 opened drills without an address: the maintenance fails with what is to be done."""
    drive = drilled(cleanup="always")
    table.client("dynamodb").update_item(
        TableName="recovery-executions",
        Key={"executionId": {"S": drive.execution_id}, "item": {"S": "EXECUTION"}},
        UpdateExpression="REMOVE airflowUrl",
    )
    with pytest.raises(AirflowException, match=rf"started none; {drive.execution_id}: .*recovery_clean_up"):
        maintain(drive, "start_clean_ups")
