"""Why waves were left open: what AWS said, what our rules refused, or what a person did to the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
from botocore.exceptions import EndpointConnectionError

from drs_recovery.aws.hooks.drs import DrsHook
from drs_recovery.clock import now
from drs_recovery.errors import RecordUnavailable
from drs_recovery.record.enums import TaskState
from drs_recovery.record.task_record import TaskRecord
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.tasks import note_task
from tests.recovery.tasks.attempts import denied, end, raising
from tests.recovery.tasks.conftest import DB, WEB, Drive, plan

if TYPE_CHECKING:
    from collections.abc import Callable

LAST_TRY = {"try_number": 4}
URL = "https://drs.eu-west-1.amazonaws.com"


def unreachable() -> EndpointConnectionError:
    return EndpointConnectionError(endpoint_url=URL)


def last_lines(drive: Drive) -> list[tuple[str, int | None]]:
    events = drive.store.run(read_events(drive.execution_id))
    return [(event.type.value, event.attempt) for event in events if event.type in {"REFUSED", "FAILED"}]


@pytest.fixture
def opened(table: Any) -> Drive:
    """A drill of two waves, opened."""
    drive = Drive(plan())
    drive.execute("open_execution")
    return drive


def test_what_our_rules_refuse_is_reported_refused(opened: Drive) -> None:
    """The trail tells a refusal of ours from a failure, with the attempt it concerns."""
    with pytest.raises(AirflowFailException, match="Database is PENDING"):
        opened.execute("application.start_recovery")
    assert last_lines(opened) == [("REFUSED", 1)]


def test_what_aws_refuses_is_reported_failed_and_fails_the_execution(
    opened: Drive, monkeypatch: pytest.MonkeyPatch, starts: Any
) -> None:
    """FAILED, not CANCELLED: nobody ended the run; the words of AWS are in record and outcome."""
    monkeypatch.setattr(DrsHook, "list_recovery_instances", raising(denied()))
    with pytest.raises(AirflowFailException, match="AccessDenied"):
        opened.execute("database.start_recovery")
    assert last_lines(opened) == [("FAILED", 1)]
    opened.states = {"database.start_recovery": "failed", "application.approve": "upstream_failed"}
    end(opened)
    assert (opened.record.status, opened.statuses) == ("FAILED", ["FAILED", "SKIPPED"])
    assert "AccessDeniedException" in opened.record.outcome
    assert starts() == 0


def test_a_passing_error_is_reported_when_no_retry_is_left(
    opened: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each earlier try raises it for Airflow and tells nothing."""
    monkeypatch.setattr(DrsHook, "list_recovery_instances", raising(ConnectionResetError(URL)))
    for number in (1, 2, 3):
        with pytest.raises(ConnectionResetError):
            opened.execute("database.start_recovery", try_number=number)
    assert last_lines(opened) == []
    with pytest.raises(ConnectionResetError):
        opened.execute("database.start_recovery", **LAST_TRY)
    assert last_lines(opened) == [("FAILED", 1)]
    end(opened)
    assert opened.record.status == "FAILED"
    assert URL in opened.record.outcome


def test_a_bug_of_the_last_try_is_reported_too(opened: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it was: the trail says what failed the task."""
    monkeypatch.setattr(DrsHook, "list_recovery_instances", raising(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        opened.execute("database.start_recovery", **LAST_TRY)
    assert last_lines(opened) == [("FAILED", 1)]


def test_a_trail_that_cannot_be_written_hides_no_error(
    opened: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DRS and DynamoDB fail together: the log says what failed first."""
    monkeypatch.setattr(DrsHook, "list_recovery_instances", raising(ConnectionResetError(URL)))
    monkeypatch.setattr("drs_recovery.tasks.base.append_event", raising(RecordUnavailable("no table")))
    with pytest.raises(ConnectionResetError):
        opened.execute("database.start_recovery", **LAST_TRY)


@pytest.fixture
def away(watched: Drive, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str]], None]:
    """DRS cannot be reached any more: the sensor's last try, resumed with a trigger's event."""
    monkeypatch.setattr(DrsHook, "list_jobs", raising(unreachable()))

    def resume(event: dict[str, str]) -> None:
        watched.dag.get_task("database.wait_for_recovery").execute_complete(
            watched.context("database.wait_for_recovery", **LAST_TRY), event
        )

    return resume


def test_a_sensor_that_cannot_reach_drs_to_judge_asks_on(
    watched: Drive, away: Callable[[dict[str, str]], None]
) -> None:
    """The wave has time yet: its trigger takes over again, and no try is lost."""
    with pytest.raises(TaskDeferred):
        away({"status": "success"})
    assert last_lines(watched) == []
    assert watched.statuses == ["STARTED"]


def test_a_sensor_that_cannot_reach_drs_in_time_fails_its_wave(
    watched: Drive, away: Callable[[dict[str, str]], None]
) -> None:
    """Nobody ended the run by hand: FAILED, with the words and the job that may run on."""
    with pytest.raises(EndpointConnectionError):
        away({"status": "timeout", "message": "the jobs did not end in time"})
    watched.states = {"database.wait_for_recovery": "failed"}
    (job_id,) = watched.record.waves[0].job_ids
    end(watched)
    assert (watched.record.status, watched.statuses) == ("FAILED", ["FAILED"])
    assert URL in watched.record.outcome
    assert job_id in watched.record.outcome


def test_a_refusal_after_tasks_were_marked_by_hand_is_cancelled(opened: Drive, starts: Any) -> None:
    """The first wave was marked success without a start: our rule refuses the second, in its words."""
    with pytest.raises(AirflowFailException):
        opened.execute("application.approve")
    opened.states = {"database.wait_for_recovery": "success", "application.approve": "failed"}
    end(opened)
    assert (opened.record.status, starts()) == ("CANCELLED", 0)
    assert opened.record.outcome.count("Database is PENDING") == 1


def test_a_refusal_in_a_wave_that_is_done_ends_nothing(
    opened: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old words of a wave that was cleared and COMPLETED are not those that ended the run."""
    with pytest.raises(AirflowFailException, match="has no jobs"):
        opened.execute("database.wait_for_recovery")
    opened.wave("database")
    opened.park("application.approve")
    opened.answer("application.approve")
    monkeypatch.setattr(DrsHook, "list_recovery_instances", raising(denied()))
    with pytest.raises(AirflowFailException):
        opened.execute("application.start_recovery")
    end(opened)
    assert (opened.record.status, opened.statuses) == ("FAILED", ["COMPLETED", "FAILED"])
    assert "has no jobs" not in opened.record.outcome


def test_lines_from_before_a_wave_went_on_are_not_its_last(opened: Drive) -> None:
    """The start failed, was cleared and started the job: what AWS said before ends nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DrsHook, "list_recovery_instances", raising(denied()))
        with pytest.raises(AirflowFailException):
            opened.execute("database.start_recovery")
    opened.execute("database.start_recovery", try_number=2)
    opened.states = {"database.wait_for_recovery": "failed", "application.approve": "skipped"}
    end(opened)
    assert (opened.record.status, opened.statuses) == ("CANCELLED", ["CANCELLED", "SKIPPED"])
    assert "AccessDenied" not in opened.record.outcome


def test_what_a_gate_refused_before_it_was_asked_is_not_its_last(table: Any) -> None:
    """Its wave was not its turn; it was cleared, and waits when the run is ended by hand."""
    drive = Drive(plan())
    drive.execute("open_execution")
    with pytest.raises(AirflowFailException, match="waits for waves"):
        drive.execute("application.approve")
    drive.wave("database")
    drive.clear()
    drive.park("application.approve")
    drive.states = {"application.approve": "failed", "application.start_recovery": "skipped"}
    end(drive)
    assert drive.record.status == "CANCELLED"
    assert "waits for waves" not in drive.record.outcome


def test_a_failure_of_another_attempt_is_not_the_last(opened: Drive) -> None:
    """What is on record of a task says which attempt it concerns."""
    old = TaskRecord(
        task_id="database.start_recovery",
        wave_number=0,
        attempt=2,
        state=TaskState.FAILED,
        end_time=now(),
        message="no capacity",
    )
    opened.store.run(note_task(opened.execution_id, old))
    opened.states = {"database.approve": "failed", "database.start_recovery": "skipped"}
    end(opened)
    assert opened.record.status == "CANCELLED"


def test_a_run_of_one_wave_that_is_ended_while_its_sensor_waits_is_cancelled(watched: Drive) -> None:
    """Airflow leaves no skipped task behind: a wave that runs, with no failure on record, is the evidence."""
    watched.states = dict.fromkeys(
        ["open_execution", "database.approve", "database.start_recovery"], "success"
    )
    watched.states["database.wait_for_recovery"] = "failed"
    (job_id,) = watched.record.waves[0].job_ids
    end(watched)
    assert (watched.record.status, watched.statuses) == ("CANCELLED", ["CANCELLED"])
    assert "the DAG run was ended while Database was running" in watched.record.outcome
    assert job_id in watched.record.outcome


def test_the_last_of_several_waves_is_like_a_single_one(table: Any) -> None:
    """The earlier wave is COMPLETED, and told."""
    table.control.set_speed("immediate")
    drive = Drive(plan({"name": "One", "servers": [DB]}, {"name": "Two", "servers": [WEB]}))
    drive.execute("open_execution")
    drive.wave("one")
    drive.execute("two.approve")
    drive.execute("two.start_recovery")
    drive.states = {"one.wait_for_recovery": "success", "two.wait_for_recovery": "failed"}
    end(drive)
    assert (drive.record.status, drive.statuses) == ("CANCELLED", ["COMPLETED", "CANCELLED"])
    assert "Finished: One" in drive.record.outcome


@pytest.mark.parametrize("task", ["approve", "start_recovery"])
def test_a_task_marked_failed_before_its_wave_began_is_an_end_by_hand(table: Any, task: str) -> None:
    """While the wave before runs: that one ends well, and the execution is CANCELLED, not inconsistent."""
    table.control.set_speed("immediate")
    drive = Drive(plan({"name": "One", "servers": [DB]}, {"name": "Two", "servers": [WEB]}))
    drive.execute("open_execution")
    drive.wave("one")
    drive.states = {"one.wait_for_recovery": "success", f"two.{task}": "failed"}
    drive.states["two.wait_for_recovery"] = "upstream_failed"
    end(drive)
    assert (drive.record.status, drive.statuses) == ("CANCELLED", ["COMPLETED", "CANCELLED"])
    assert f"two.{task} failed and left no message" in drive.record.outcome


def test_a_sensor_that_judged_its_single_wave_is_no_end_by_hand(watched: Drive) -> None:
    """The wave is FAILED on record: so is the execution, whatever Airflow's states look like."""
    event = {"status": "error", "message": "DRS does not know it"}
    with pytest.raises(AirflowFailException):
        watched.resume("database.wait_for_recovery", event)
    watched.states = {"database.wait_for_recovery": "failed"}
    end(watched)
    assert watched.record.status == "FAILED"
