"""Whatever happens around StartRecovery, a batch is started once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from drs_recovery.aws.hooks.drs import DrsHook
from drs_recovery.settings import settings
from drs_recovery.store.programs import start_recovery
from tests.recovery.tasks.conftest import DB, Drive
from tests.recovery.tasks.starting import START, details_of, jobs, later, parked, pause, taken_for_none


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
        assert "DRS shows no job of it yet" in details_of(drive, "START_WAITING")[0]
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
        assert any("no job came of" in texts for texts in details_of(drive, "JOB_REFUSED"))

    def test_a_conflict_about_ones_own_job_is_adoption(
        self, drive: Drive, table: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The job showed after the window only: DRS refuses a second one, and the first is taken."""
        hidden = taken_for_none(drive, table, monkeypatch)
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
        taken_for_none(drive, table, monkeypatch)
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
            patch.setattr(start_recovery, "started", _killed)
            with pytest.raises(KeyboardInterrupt):
                drive.execute(START)
        (job_id,) = drive.execute(START)
        assert [job["jobID"] for job in jobs(table)] == [job_id]

    def test_a_process_that_was_held_up_sends_nothing_any_more(
        self, drive: Drive, table: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It was stopped after its announcement: another may have taken that for lost."""
        intend = start_recovery.intend

        def held_up(*arguments: Any, **more: Any) -> Any:
            written = yield from intend(*arguments, **more)
            later(monkeypatch, seconds=settings().adoption_seconds / 2)
            return written

        monkeypatch.setattr(start_recovery, "intend", held_up)
        parked(drive)
        assert jobs(table) == []
        assert "not sent" in details_of(drive, "JOB_REFUSED")[0]


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt
