"""An execution that nobody is left to end is ended from its record, and no other."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from recovery.dag.maintenance import maintenance_dag
from recovery.execution.store import ExecutionStore

from .conftest import Drive, TaskInstance, plan

GONE = {"deleted": {"manual__1"}}
ENDED = {"runs": {"manual__1": "failed"}}


@pytest.fixture
def drive(table: Any) -> Drive:
    """A drill whose first wave is COMPLETED and whose second gate waits."""
    drive = Drive(plan())
    drive.execute("open_execution")
    drive.wave("database")
    drive.park("application.approve")
    return drive


def reconcile(drive: Drive, **fate: Any) -> list[str]:
    """Run the maintenance once."""
    task = maintenance_dag().get_task("reconcile")
    ended: list[str] = type(task).execute(task, drive.context("reconcile", **fate))
    return ended


def test_an_execution_whose_run_lives_is_never_touched(drive: Drive) -> None:
    """However long it waits."""
    before = drive.record
    assert reconcile(drive) == []
    assert drive.record == before


@pytest.mark.parametrize(("fate", "words"), [(GONE, "was deleted"), (ENDED, "ended failed")])
def test_r18_o1_an_execution_whose_run_is_over_is_ended(
    drive: Drive, fate: dict[str, Any], words: str
) -> None:
    """CANCELLED, with the finished wave told and the plan free; a second time there is nothing to do."""
    assert reconcile(drive, **fate) == [drive.execution_id]
    assert (drive.record.status, drive.statuses) == ("CANCELLED", ["COMPLETED", "CANCELLED"])
    assert words in drive.record.outcome
    assert "Finished: Database." in drive.record.outcome
    assert reconcile(drive, **fate) == []
    Drive(plan(), run_id="manual__2").execute("open_execution")


def test_a_job_that_still_runs_is_named(table: Any) -> None:
    """The run was deleted while a wave ran: DRS cannot stop the job, so the outcome names it."""
    table.control.set_speed("real")
    drive = Drive(plan())
    drive.execute("open_execution")
    (job_id,) = drive.execute("database.start_recovery")
    reconcile(drive, **GONE)
    assert (drive.record.status, drive.statuses) == ("CANCELLED", ["CANCELLED", "SKIPPED"])
    assert job_id in drive.record.outcome


def test_waves_that_all_finished_are_no_cancellation(table: Any) -> None:
    """Its run was deleted before `complete_execution` got to write the end: the waves say what it was."""
    drive = Drive(plan({"name": "Database", "servers": ["s-000000000000db001"]}))
    drive.execute("open_execution")
    drive.wave("database")
    reconcile(drive, **GONE)
    assert drive.record.status == "COMPLETED"


def test_one_that_cannot_be_ended_keeps_no_other_from_its_end(
    drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are ended, and the trouble is told: the task fails."""
    other = Drive(plan(id="other"), run_id="manual__1")
    other.execute("open_execution")
    close = ExecutionStore.close

    def broken(store: ExecutionStore, key: str, *more: Any) -> Any:
        if key == drive.execution_id:
            return store.get("00000000-0000-0000-0000-000000000000")
        return close(store, key, *more)

    monkeypatch.setattr(ExecutionStore, "close", broken)
    with pytest.raises(AirflowException, match=drive.execution_id):
        reconcile(drive, **GONE)
    assert (drive.record.final, other.record.final) == (False, True)


def test_what_aws_said_is_not_hidden_behind_the_run_that_is_gone(table: Any) -> None:
    """The wave FAILED before its run was deleted: FAILED, with AWS's words."""
    drive = Drive(plan())
    drive.execute("open_execution")
    table.control.deny("drs", "StartRecovery")
    with pytest.raises(AirflowFailException):
        drive.execute("database.start_recovery")
    reconcile(drive, **GONE)
    assert (drive.record.status, drive.statuses) == ("FAILED", ["FAILED", "SKIPPED"])
    assert "AccessDenied" in drive.record.outcome


def test_executions_of_another_airflow_are_none_of_its_business(
    drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two Airflows on one table: each knows its own runs only, and a run it does not know is not gone."""
    before = drive.record
    monkeypatch.setattr("recovery.tasks.reconcile.this_airflow", lambda: "https://the-other.example")
    assert reconcile(drive, **GONE) == []
    assert drive.record == before


def test_trouble_with_airflow_for_one_ends_the_others(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its words are told when all others are done."""
    other = Drive(plan(id="other"), run_id="manual__1")
    other.execute("open_execution")
    count = TaskInstance.get_dr_count

    def broken(ti: TaskInstance, dag_id: str, run_ids: list[str]) -> int:
        if dag_id == "shop":
            raise RuntimeError("API_SERVER_ERROR")
        return count(ti, dag_id, run_ids)

    monkeypatch.setattr(TaskInstance, "get_dr_count", broken)
    with pytest.raises(AirflowException, match="API_SERVER_ERROR"):
        reconcile(drive, **GONE)
    assert (drive.record.final, other.record.final) == (False, True)
