"""An execution that nobody is left to end is ended from its record, and no other."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from drs_recovery.clock import now
from drs_recovery.dag.maintenance import maintenance_dag
from drs_recovery.store.programs import complete_execution
from drs_recovery.store.queries import read_execution
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.servers import read_servers
from drs_recovery.tasks import base
from tests.recovery.tasks.conftest import Drive, TaskInstance, plan

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


NOWHERE = Path("no such folder")


def reconcile(drive: Drive, plans: Path = NOWHERE, **fate: Any) -> list[str]:
    """Run the maintenance once."""
    task = maintenance_dag(plans).get_task("reconcile")
    ended: list[str] = type(task).execute(task, drive.context("reconcile", **fate))
    return ended


def test_an_execution_whose_run_lives_is_never_touched(drive: Drive) -> None:
    """However long it waits."""
    before = drive.record
    assert reconcile(drive) == []
    assert drive.record == before


@pytest.mark.parametrize(
    ("fate", "texts"), [(GONE, "was deleted; Airflow does not tell by whom"), (ENDED, "ended failed")]
)
def test_r18_o1_an_execution_whose_run_is_over_is_ended(
    drive: Drive, fate: dict[str, Any], texts: str
) -> None:
    """CANCELLED, with the finished wave told and the plan free; a second time there is nothing to do."""
    assert reconcile(drive, **fate) == [drive.execution_id]
    assert (drive.record.status, drive.statuses) == ("CANCELLED", ["COMPLETED", "CANCELLED"])
    assert texts in drive.record.outcome
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
    """The others are ended, and the trouble is shown: the task fails."""
    other = Drive(plan(id="other"), run_id="manual__1")
    other.execute("open_execution")
    close = complete_execution.close_waves

    def broken(key: str, *more: Any) -> Any:
        if key == drive.execution_id:
            return read_execution("00000000-0000-0000-0000-000000000000")
        return close(key, *more)

    monkeypatch.setattr(complete_execution, "close_waves", broken)
    with pytest.raises(AirflowException, match=drive.execution_id):
        reconcile(drive, **GONE)
    assert (drive.record.final, other.record.final) == (False, True)


def test_what_aws_stated_is_not_hidden_behind_the_run_that_is_gone(table: Any) -> None:
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
    monkeypatch.setattr("drs_recovery.tasks.airflow_runs.this_airflow", lambda: "https://the-other.example")
    assert reconcile(drive, **GONE) == []
    assert drive.record == before


def test_trouble_with_airflow_for_one_ends_the_others(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its words are shown when all others are done."""
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


@pytest.fixture
def plans(tmp_path: Path) -> Path:
    """Give a folder with the file of the plan, and of another; what is in them does not matter."""
    (tmp_path / "shop.yaml").touch()
    (tmp_path / "another.yaml").touch()
    return tmp_path


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that says how many minutes have passed."""

    def pass_(minutes: float) -> None:
        monkeypatch.setattr(base, "now", lambda: now() + timedelta(minutes=minutes))

    return pass_


def trail(drive: Drive) -> list[str]:
    events = drive.store.run(read_events(drive.execution_id))
    return [event.type.value for event in events if event.type.value.startswith("PLAN_")]


def test_r45_r64_an_execution_of_a_deleted_plan_is_cancelled_with_what_it_leaves(
    drive: Drive, plans: Path, later: Any
) -> None:
    """Airflow holds its run for ever: CANCELLED, finished waves and instances are named, the plan is free."""
    (plans / "shop.yaml").rename(plans / "renamed.yaml")
    later(4)
    assert reconcile(drive, plans) == []
    later(8)
    assert reconcile(drive, plans) == [drive.execution_id]
    assert (drive.record.status, drive.statuses) == ("CANCELLED", ["COMPLETED", "CANCELLED"])
    outcome = drive.record.outcome
    assert "its plan shop was deleted: the file is gone since 20" in outcome
    assert "Finished: Database." in outcome
    (server,) = drive.store.run(read_servers(drive.execution_id, 0))
    assert server.recovery_instance_id
    assert server.recovery_instance_id in outcome
    assert trail(drive) == ["PLAN_GONE"]
    Drive(plan(), run_id="manual__2").execute("open_execution")


def test_r45_the_job_of_a_deleted_plan_runs_on_and_is_named(table: Any, plans: Path, later: Any) -> None:
    """DRS cannot stop it."""
    table.control.set_speed("real")
    drive = Drive(plan())
    drive.execute("open_execution")
    (job_id,) = drive.execute("database.start_recovery")
    (plans / "shop.yaml").unlink()
    for minute in (4, 8):
        later(minute)
        reconcile(drive, plans)
    assert (drive.record.status, drive.statuses) == ("CANCELLED", ["CANCELLED", "SKIPPED"])
    assert f"in DRS: {job_id}" in drive.record.outcome


def test_a_plan_that_is_missing_for_a_moment_cancels_nothing(drive: Drive, plans: Path, later: Any) -> None:
    """A deployment replaces files: what counts is that the file is missing without a break."""
    for minute in (10, 20):
        (plans / "shop.yaml").unlink()
        later(minute)
        assert reconcile(drive, plans) == []
        later(minute + 2)
        assert reconcile(drive, plans) == []
        (plans / "shop.yml").touch()
        later(minute + 9)
        assert reconcile(drive, plans) == []
        (plans / "shop.yml").rename(plans / "shop.yaml")
    assert trail(drive) == ["PLAN_GONE", "PLAN_BACK"] * 2
    assert not drive.record.final


def test_a_plan_that_is_newer_than_the_maintenance_sees_is_not_deleted(
    drive: Drive, plans: Path, later: Any
) -> None:
    """Its file and its first execution are younger than the snapshot this run of the maintenance has."""
    (plans / "shop.yaml").unlink()
    later(2)
    assert reconcile(drive, plans) == []
    assert trail(drive) == []


@pytest.mark.parametrize("what", ["empty", "gone"])
def test_a_folder_without_any_plan_is_no_deletion(drive: Drive, plans: Path, later: Any, what: str) -> None:
    """A volume that is not mounted must not end every recovery under way."""
    for file in plans.iterdir():
        file.unlink()
    if what == "gone":
        plans.rmdir()
    for minute in (4, 10, 20):
        later(minute)
        assert reconcile(drive, plans) == []
    assert trail(drive) == []


def test_an_unreadable_plan_is_not_deleted(drive: Drive, plans: Path, later: Any) -> None:
    """Its run goes on, on the version it was started with."""
    (plans / "shop.yaml").write_text("waves: [")
    for minute in (4, 10):
        later(minute)
        assert reconcile(drive, plans) == []
    assert trail(drive) == []


def test_a_deleted_plan_of_another_airflow_is_none_of_its_business(
    drive: Drive, plans: Path, later: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has other plans."""
    monkeypatch.setattr("drs_recovery.tasks.airflow_runs.this_airflow", lambda: "https://the-other.example")
    (plans / "shop.yaml").unlink()
    for minute in (4, 10):
        later(minute)
        assert reconcile(drive, plans) == []
    assert trail(drive) == []


def test_the_file_that_comes_back_too_late_starts_nothing(
    drive: Drive, plans: Path, later: Any, starts: Any
) -> None:
    """Airflow schedules the run again: its gate and its start refuse, and the record stays as it ended."""
    (plans / "shop.yaml").unlink()
    for minute in (4, 8):
        later(minute)
        reconcile(drive, plans)
    (plans / "shop.yaml").touch()
    before, sent = drive.record, starts()
    with pytest.raises(AirflowFailException, match="the wave is CANCELLED"):
        drive.answer("application.approve")
    with pytest.raises(AirflowFailException, match="is CANCELLED, for good"):
        drive.execute("application.start_recovery")
    with pytest.raises(AirflowFailException, match="was deleted"):
        drive.execute("complete_execution")
    assert (drive.record, starts()) == (before, sent)
