"""What may pass is waited for, by its cause; what may not fails at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException, TaskDeferred

from drs_recovery.record.models import Execution
from drs_recovery.tasks.room_trigger import RoomTrigger
from drs_recovery.tasks.start import StartRecovery
from tests.recovery.tasks.conftest import APP, DB, Drive, plan
from tests.recovery.tasks.starting import START, details_of, later, parked, pause


@pytest.mark.parametrize("on_failure", ["stop", "continue"])
def test_a_connection_that_cannot_be_used_at_all_ends_a_wave_that_others_go_on_without(
    table: Any, monkeypatch: pytest.MonkeyPatch, on_failure: str
) -> None:
    """Whatever it raises, once Airflow tries no more: until then it may pass."""
    drive = Drive(plan({"name": "Database", "servers": [DB], "on_failure": on_failure}))
    drive.execute("open_execution")
    monkeypatch.setattr(StartRecovery, "_drs", _no_connection)
    with pytest.raises(AirflowNotFoundException):
        drive.execute(START)
    assert drive.statuses == ["PENDING"]
    ends = on_failure == "continue"
    with pytest.raises(AirflowFailException if ends else AirflowNotFoundException, match="aws_dr"):
        drive.execute(START, try_number=4)
    assert drive.statuses == ["FAILED" if ends else "PENDING"]


def _no_connection(*_: Any) -> Any:
    raise AirflowNotFoundException("The conn_id `aws_dr` isn't defined")


class TestPassing:
    """Throttling and trouble of AWS."""

    def test_p1_throttling_is_asked_again_at_once_some_times(self, drive: Drive, table: Any) -> None:
        """Each refusal is shown; the job is started without a word to Airflow."""
        table.control.throttle("drs", "StartRecovery", times=2)
        assert len(drive.execute(START)) == 1
        assert len(details_of(drive, "JOB_REFUSED")) == 2

    def test_retry_after_seconds_is_respected(self, drive: Drive, table: Any) -> None:
        """The task waits that long, without a worker."""
        table.control.throttle("drs", "StartRecovery", retry_after_seconds=40)
        assert pause(parked(drive)) >= timedelta(seconds=40)
        table.control.clear_faults()
        assert len(drive.execute(START)) == 1

    def test_a3_trouble_before_the_call_starts_nothing(self, drive: Drive, table: Any, starts: Any) -> None:
        """Invariant 12 cannot be checked: nothing is announced, and the check is made again later."""
        table.control.break_calls("drs", "DescribeRecoveryInstances")
        parked(drive)
        assert (starts(), drive.record.waves[0].intents) == (0, ())
        table.control.clear_faults()
        assert len(drive.execute(START)) == 1

    def test_a_table_that_is_away_is_waited_for(self, drive: Drive, table: Any, starts: Any) -> None:
        """Nothing is started without its announcement on record."""
        table.control.break_calls("dynamodb", "UpdateItem")
        parked(drive)
        assert starts() == 0
        table.control.clear_faults()
        assert len(drive.execute(START)) == 1

    def test_a_wave_gives_up_at_its_deadline_in_the_text_of_aws(
        self, drive: Drive, table: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """FAILED, not for ever waiting."""
        table.control.throttle("drs", "StartRecovery")
        parked(drive)
        later(monkeypatch, hours=4)
        with pytest.raises(AirflowFailException, match="ThrottlingException"):
            drive.execute(START)
        assert drive.statuses == ["FAILED"]


def test_a_table_that_is_away_is_waited_for_as_long_as_the_frozen_plan_says(table: Any) -> None:
    """Its file names a shorter time-out by now."""
    wave = {"name": "Database", "servers": [DB]}
    opened = Drive(plan(wave | {"timeout": timedelta(hours=1)}))
    opened.execute("open_execution")
    table.control.break_calls("dynamodb", "UpdateItem")
    edited = Drive(plan(wave | {"timeout": timedelta(minutes=10)}))
    edited.run = opened.run
    assert parked(edited).timeout > timedelta(minutes=50)


def test_r21_what_may_pass_is_waited_for_as_long_as_the_wave_may_take(
    table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time-out of the wave's plan, counted from when the start began to wait."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    drive = Drive(plan({"name": "Database", "servers": [DB], "timeout": timedelta(hours=1)}))
    drive.execute("open_execution")
    table.control.throttle("drs", "StartRecovery")
    assert parked(drive).timeout <= timedelta(hours=1, minutes=5)
    later(monkeypatch, hours=1)
    with pytest.raises(AirflowFailException, match="ThrottlingException"):
        drive.execute(START)
    assert drive.statuses == ["FAILED"]


class TestBusy:
    """A server is in another job."""

    @pytest.fixture
    def other(self, table: Any, drive: Drive) -> str:
        """A job that somebody started by hand."""
        job = table.client("drs").start_recovery(sourceServers=[{"sourceServerID": DB}], isDrill=True)["job"]
        return str(job["jobID"])

    def test_r02_the_job_in_the_way_is_waited_for(self, drive: Drive, table: Any, other: str) -> None:
        """By the poller that all share; then the wave starts."""
        path, kwargs = parked(drive).trigger.serialize()
        assert path == "drs_recovery.aws.triggers.drs.DrsJobTrigger"
        assert (kwargs["job_ids"], kwargs["hold"]) == ([other], 10)
        assert other in details_of(drive, "START_WAITING")[0]
        table.control.set_speed("immediate")
        table.client("drs").describe_jobs()
        (job_id,) = drive.execute(START)
        assert job_id != other

    def test_r02_the_deadline_names_the_job_and_its_execution(
        self, drive: Drive, table: Any, other: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whoever reads the outcome knows whom to ask."""
        arn = table.client("drs").describe_jobs(filters={"jobIDs": [other]})["items"][0]["arn"]
        table.client("drs").tag_resource(resourceArn=arn, tags={"recovery:execution": "that-one"})
        parked(drive)
        later(monkeypatch, hours=4)
        with pytest.raises(AirflowFailException, match=f"{other} .*execution that-one"):
            drive.execute(START)


class TestQuota:
    """DRS takes no more jobs."""

    @pytest.fixture(autouse=True)
    def _other(self, table: Any, drive: Drive) -> None:
        """A job that somebody started by hand takes all the room."""
        table.control.set_quotas(concurrentJobs=1)
        table.client("drs").start_recovery(sourceServers=[{"sourceServerID": APP}], isDrill=True)

    def test_capacity_is_waited_for_in_the_queue_and_the_quota_named(self, drive: Drive) -> None:
        """As long as it takes; `test_queue.py` has the rest."""
        with pytest.raises(TaskDeferred) as deferred:
            drive.execute(START)
        assert (type(deferred.value.trigger), deferred.value.timeout) == (RoomTrigger, None)
        assert "concurrent jobs" in details_of(drive, "START_WAITING")[0]

    def test_in_an_account_that_nobody_knows_it_asks_again_until_the_deadline(
        self, drive: Drive, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """There is no queue of it: an execution of an early release, or AWS did not say."""
        monkeypatch.setattr(Execution, "account_of", lambda *_: None)
        assert pause(parked(drive)) >= timedelta(seconds=30)
        assert "concurrent jobs" in details_of(drive, "START_WAITING")[0]
        with monkeypatch.context() as patch:
            later(patch, hours=4)
            with pytest.raises(AirflowFailException, match="concurrent jobs"):
                drive.execute(START)
        assert drive.statuses == ["FAILED"]


def test_what_aws_does_not_allow_fails_at_once(drive: Drive, table: Any) -> None:
    """In AWS's words; nothing is waited for."""
    table.control.deny("drs", "StartRecovery")
    with pytest.raises(AirflowFailException, match="AccessDenied"):
        drive.execute(START)
    assert (drive.statuses, details_of(drive, "START_WAITING")) == (["FAILED"], [])
