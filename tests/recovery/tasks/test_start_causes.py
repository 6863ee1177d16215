"""Whatever happens around StartRecovery, a batch is started once; what may pass is waited for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from recovery.aws.hooks.drs import DrsHook
from recovery.execution.store import ExecutionStore
from recovery.settings import settings
from recovery.tasks import base, batch, start

from .conftest import APP, DB, Drive, plan

START = "database.start_recovery"


@pytest.fixture
def drive(table: Any, monkeypatch: pytest.MonkeyPatch) -> Drive:
    """A drill of one wave, opened; botocore repeats nothing by itself, so that one fault is one error."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    table.control.set_speed("real")
    drive = Drive(plan({"name": "Database", "servers": [DB]}))
    drive.execute("open_execution")
    return drive


def parked(drive: Drive) -> TaskDeferred:
    """Execute the start until it lets go of its worker; return what it waits for."""
    with pytest.raises(TaskDeferred) as deferred:
        drive.execute(START)
    assert deferred.value.timeout is not None
    return deferred.value


def pause(deferred: TaskDeferred) -> timedelta:
    """Return how long a start waits that waits for nothing but time."""
    path, kwargs = deferred.trigger.serialize()
    assert path.endswith("DateTimeTrigger")
    return kwargs["moment"] - base.now() + timedelta(seconds=1)


def later(monkeypatch: pytest.MonkeyPatch, **gone: float) -> None:
    """Let some time have passed for the tasks."""
    for module in (batch, start):
        monkeypatch.setattr(module, "now", lambda: base.now() + timedelta(**gone))


def jobs(table: Any) -> list[dict[str, Any]]:
    """Return all jobs that DRS has, whoever heard of them."""
    table.control.clear_faults()
    items: list[dict[str, Any]] = table.client("drs").describe_jobs()["items"]
    return items


def told(drive: Drive, type_: str) -> list[str]:
    """Return what the audit trail tells of a type."""
    return [event.detail for event in drive.store.events(drive.execution_id) if event.type == type_]


class TestAnswerLost:
    """The job may exist, and nobody heard of it."""

    @pytest.mark.parametrize("effect", ["drop_after", "server_error_after"])
    def test_r15a_a_job_that_exists_is_adopted_at_once(self, drive: Drive, table: Any, effect: str) -> None:
        """By its tags; StartRecovery is sent once."""
        table.control.add_faults(
            {"calls": [{"effect": effect, "service": "drs", "operation": "StartRecovery", "times": 1}]}
        )
        (job_id,) = drive.execute(START)
        assert [job["jobID"] for job in jobs(table)] == [job_id]
        assert drive.record.waves[0].open_intents == ()

    def test_a_job_that_does_not_show_yet_is_looked_for_again(self, drive: Drive, table: Any) -> None:
        """The task lets go of its slot for ten seconds, and sends nothing meanwhile."""
        table.control.drop("drs", "StartRecovery", after=True, times=1)
        table.control.hide_jobs(looks=1, times=1)
        assert pause(parked(drive)) >= timedelta(seconds=10)
        assert "DRS shows no job of it yet" in told(drive, "START_WAITING")[0]
        (job_id,) = drive.execute(START)
        assert [job["jobID"] for job in jobs(table)] == [job_id]

    def test_what_never_became_a_job_is_sent_again_after_the_adoption_window(
        self, drive: Drive, table: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Not before: DRS may be slow to show a job."""
        table.control.drop("drs", "StartRecovery", after=False, times=1)
        parked(drive)
        later(monkeypatch, seconds=settings().adoption_seconds - 5)
        parked(drive)
        assert jobs(table) == []
        later(monkeypatch, seconds=settings().adoption_seconds + 5)
        (job_id,) = drive.execute(START)
        assert [job["jobID"] for job in jobs(table)] == [job_id]
        assert any("no job came of" in words for words in told(drive, "JOB_REFUSED"))

    def test_a_conflict_about_ones_own_job_is_adoption(
        self, drive: Drive, table: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The job showed after the window only: DRS refuses a second one, and the first is taken."""
        table.control.drop("drs", "StartRecovery", after=True, times=1)
        hidden = table.control.hide_jobs(seconds=100_000, times=1)
        parked(drive)
        later(monkeypatch, seconds=settings().adoption_seconds + 5)
        call = DrsHook.start_recovery

        def shows_by_now(hook: DrsHook, *servers: Any, **more: Any) -> Any:
            table.control.remove_fault(hidden)
            return call(hook, *servers, **more)

        monkeypatch.setattr(DrsHook, "start_recovery", shows_by_now)
        (job_id,) = drive.execute(START)
        assert [job["jobID"] for job in jobs(table)] == [job_id]

    def test_a_clock_that_is_ahead_hides_no_job(
        self, drive: Drive, table: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Clocks need not agree, ours and that of AWS: the tags tell the job, not its time."""
        later(monkeypatch, seconds=20)
        table.control.drop("drs", "StartRecovery", after=True, times=1)
        (job_id,) = drive.execute(START)
        assert [job["jobID"] for job in jobs(table)] == [job_id]

    def test_a_job_that_showed_too_late_is_found_before_anything_is_sent_again(
        self, drive: Drive, table: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It was taken for none, the next send was throttled, and meanwhile it has even ended."""
        table.control.drop("drs", "StartRecovery", after=True, times=1)
        table.control.hide_jobs(seconds=100_000, times=1)
        parked(drive)
        later(monkeypatch, seconds=settings().adoption_seconds + 5)
        table.control.throttle("drs", "StartRecovery")
        parked(drive)
        table.control.set_speed("immediate")
        (known,) = jobs(table)
        assert drive.execute(START) == [known["jobID"]]
        assert [job["jobID"] for job in jobs(table)] == [known["jobID"]]

    @pytest.mark.parametrize("real", [True, False])
    def test_a_job_of_somebody_else_is_never_taken_for_ours(
        self, drive: Drive, table: Any, real: bool
    ) -> None:
        """The same servers in the same seconds, and not our tags: it is waited for as any other."""
        table.control.drop("drs", "StartRecovery", after=False, times=1)
        parked(drive)
        table.client("drs").start_recovery(sourceServers=[{"sourceServerID": DB}], isDrill=not real)
        parked(drive)
        assert drive.record.waves[0].job_ids == ()

    def test_a_look_that_is_throttled_too_leaves_the_start_open(self, drive: Drive, table: Any) -> None:
        """A storm of throttling is when answers are lost: nothing is given up, and nothing sent again."""
        table.control.drop("drs", "StartRecovery", after=True, times=1)
        table.control.throttle("drs", "DescribeJobs")
        parked(drive)
        assert len(drive.record.waves[0].open_intents) == 1
        (known,) = jobs(table)
        assert drive.execute(START) == [known["jobID"]]

    def test_a_start_killed_before_its_call_is_sent_after_the_window(
        self, drive: Drive, table: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """SIGKILL between announcement and call: nobody can know that it was never sent."""
        with monkeypatch.context() as patch:
            patch.setattr(DrsHook, "start_recovery", _killed)
            with pytest.raises(KeyboardInterrupt):
                drive.execute(START)
        parked(drive)
        later(monkeypatch, seconds=settings().adoption_seconds + 5)
        (job_id,) = drive.execute(START)
        assert [job["jobID"] for job in jobs(table)] == [job_id]

    def test_a_start_killed_after_its_call_is_adopted(
        self, drive: Drive, table: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """SIGKILL between call and record: the job is found, and on record."""
        with monkeypatch.context() as patch:
            patch.setattr(ExecutionStore, "started", _killed)
            with pytest.raises(KeyboardInterrupt):
                drive.execute(START)
        (job_id,) = drive.execute(START)
        assert [job["jobID"] for job in jobs(table)] == [job_id]

    def test_a_process_that_was_held_up_sends_nothing_any_more(
        self, drive: Drive, table: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It was stopped after its announcement: another may have taken that for lost."""
        intend = ExecutionStore.intend

        def held_up(*arguments: Any, **more: Any) -> Any:
            written = intend(*arguments, **more)
            later(monkeypatch, seconds=settings().adoption_seconds / 2)
            return written

        monkeypatch.setattr(ExecutionStore, "intend", held_up)
        parked(drive)
        assert jobs(table) == []
        assert "not sent" in told(drive, "JOB_REFUSED")[0]


class TestPassing:
    """Throttling and trouble of AWS."""

    def test_p1_throttling_is_asked_again_at_once_some_times(self, drive: Drive, table: Any) -> None:
        """Each refusal is told; the job is started without a word to Airflow."""
        table.control.throttle("drs", "StartRecovery", times=2)
        assert len(drive.execute(START)) == 1
        assert len(told(drive, "JOB_REFUSED")) == 2

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

    def test_a_wave_gives_up_at_its_deadline_in_the_words_of_aws(
        self, drive: Drive, table: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """FAILED, not for ever waiting."""
        table.control.throttle("drs", "StartRecovery")
        parked(drive)
        later(monkeypatch, hours=settings().wave_timeout_hours)
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
        assert path == "recovery.aws.triggers.drs.DrsJobTrigger"
        assert (kwargs["job_ids"], kwargs["hold"]) == ([other], 10)
        assert other in told(drive, "START_WAITING")[0]
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
        later(monkeypatch, hours=settings().wave_timeout_hours)
        with pytest.raises(AirflowFailException, match=f"{other} .*execution that-one"):
            drive.execute(START)


class TestQuota:
    """DRS takes no more jobs."""

    def test_capacity_is_waited_for_and_the_quota_named(
        self, drive: Drive, table: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The wave starts when another job has ended; at its deadline it fails with the quota's name."""
        table.control.set_quotas(concurrentJobs=1)
        table.client("drs").start_recovery(sourceServers=[{"sourceServerID": APP}], isDrill=True)
        assert pause(parked(drive)) >= timedelta(seconds=30)
        assert "concurrent jobs" in told(drive, "START_WAITING")[0]
        with monkeypatch.context() as patch:
            later(patch, hours=settings().wave_timeout_hours)
            with pytest.raises(AirflowFailException, match="concurrent jobs"):
                drive.execute(START)
        assert drive.statuses == ["FAILED"]


def test_what_aws_does_not_allow_fails_at_once(drive: Drive, table: Any) -> None:
    """In AWS's words; nothing is waited for."""
    table.control.deny("drs", "StartRecovery")
    with pytest.raises(AirflowFailException, match="AccessDenied"):
        drive.execute(START)
    assert (drive.statuses, told(drive, "START_WAITING")) == (["FAILED"], [])


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt
