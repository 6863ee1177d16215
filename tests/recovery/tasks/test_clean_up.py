"""A drill cleans up after itself: its own instances, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.aws.hooks.drs import DrsHook
from drs_recovery.engine import clean_up
from drs_recovery.engine.follow_up_kind import StillThere
from tests.recovery.tasks.conftest import DB, Drive
from tests.recovery.tasks.sweeping import (
    ALWAYS,
    DB2,
    PAY,
    Sweep,
    calls,
    change_raw,
    drilled,
    instances,
    launched,
)


@pytest.fixture
def sweep(table: Any) -> Sweep:
    """The clean-up of a drill of two servers whose plan says always."""
    return Sweep(drilled(**ALWAYS))


class TestOrder:
    """The end of a drill orders its clean-up."""

    def test_a_drill_whose_plan_says_always_is_due_at_its_end(self, table: Any) -> None:
        """The record has it with the final status."""
        record = drilled(**ALWAYS).record
        assert (record.cleanup.mode, record.cleanup.status) == ("always", "PENDING")
        assert record.cleanup_due == record.end_time

    def test_it_is_due_as_long_after_the_end_as_the_plan_says(self, table: Any) -> None:
        """`cleanup_after`."""
        record = drilled(cleanup="after_approval", cleanup_after="8h").record
        assert record.cleanup_due == record.end_time + timedelta(hours=8)

    def test_where_the_plan_is_silent_nothing_is_due(self, table: Any) -> None:
        """The default is never."""
        assert drilled().record.cleanup is None

    def test_a_recovery_is_never_due(self, table: Any) -> None:
        """Only drills are ever cleaned up."""
        drive = launched(conf={"execution_type": "RECOVERY", "confirm": "shop"}, **ALWAYS)
        drive.execute("complete_execution")
        assert (drive.record.status, drive.record.cleanup) == ("COMPLETED", None)

    def test_a_plan_that_cannot_be_read_keeps_no_drill_from_its_end(
        self, table: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It ends, and nothing is ordered."""
        drive = launched(**ALWAYS)
        key = {"executionId": {"S": drive.execution_id}, "item": {"S": "PLAN"}}
        table.client("dynamodb").put_item(TableName="recovery-executions", Item=key | {"plan": {"S": "{}"}})
        drive.execute("complete_execution")
        assert (drive.record.status, drive.record.cleanup) == ("COMPLETED", None)


class TestTermination:
    """From the first look to DONE."""

    def test_r48_it_is_done_when_the_instances_are_gone(self, table: Any, sweep: Sweep) -> None:
        """Not when the job was accepted; how the drill ended stays what it was."""
        before = sweep.drive.record
        sweep.execute("approve")
        table.control.set_speed("real")
        (job_id,) = sweep.execute("terminate")
        assert (sweep.cleanup.status, sweep.cleanup.terminated) == ("TERMINATING", None)
        assert sweep.cleanup.job_ids == (job_id,)
        sweep.park("wait_for_termination")
        with pytest.raises(StillThere, match="still lists"):
            sweep.execute("check")
        assert sweep.cleanup.status == "TERMINATING"
        table.control.set_speed("immediate")
        sweep.execute("wait_for_termination")
        assert sweep.execute("check") == 2
        assert (sweep.cleanup.status, sweep.cleanup.terminated) == ("DONE", 2)
        assert instances(table) == set()
        after = sweep.drive.record
        kept = {"cleanup": None, "cleanup_due": None}
        assert after.replace(**kept) == before.replace(**kept)
        assert after.cleanup_due is None

    def test_r49_a_terminate_job_that_lists_no_servers_is_over(self, table: Any, sweep: Sweep) -> None:
        """Its status is trusted, and that the instances are gone."""
        sweep.all()
        (job,) = table.client("drs").describe_jobs(filters={"jobIDs": list(sweep.cleanup.job_ids)})["items"]
        assert (job["status"], job["participatingServers"]) == ("COMPLETED", [])
        assert sweep.cleanup.status == "DONE"

    def test_the_trail_has_it_once(self, table: Any, sweep: Sweep) -> None:
        """Who was terminated by which job, once, however often the tasks run."""
        for _ in range(2):
            sweep.all()
        assert [
            len(sweep.details_of(type_))
            for type_ in ("CLEANUP_STARTED", "CLEANUP_JOB_STARTED", "CLEANUP_DONE")
        ] == [
            1,
            1,
            1,
        ]
        assert len(calls(table)) == 1

    def test_t1_instances_of_another_execution_are_left(self, table: Any) -> None:
        """Of the same servers too: a later drill has replaced the first one's instances."""
        first, other = drilled(**ALWAYS), drilled(PAY, id="payroll", run_id="manual__2")
        second = drilled(DB2, run_id="manual__3")
        Sweep(first).all()
        assert instances(table) == {DB2, PAY}
        assert other.record.cleanup is None
        assert second.record.status == "COMPLETED"

    def test_a_real_instance_is_never_terminated(self, table: Any) -> None:
        """Even one whose job is on a drill's record: DRS does not call it a drill's."""
        drive = launched(**ALWAYS)
        job = table.client("drs").start_recovery(sourceServers=[{"sourceServerID": DB}], isDrill=False)["job"]
        _add_job(table, drive, job["jobID"])
        drive.execute("complete_execution")
        sweep = Sweep(drive)
        sweep.all()
        assert instances(table) == {DB}
        assert (sweep.cleanup.status, sweep.cleanup.terminated) == ("DONE", 1)

    def test_an_instance_that_became_real_meanwhile_is_left(
        self, table: Any, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Recovered between the first look and the call: DRS is asked again right before it."""
        prepare = DrsHook.prepare_start

        def recovered(hook: DrsHook) -> None:
            table.client("drs").start_recovery(sourceServers=[{"sourceServerID": DB}], isDrill=False)
            instances(table)
            prepare(hook)

        monkeypatch.setattr(DrsHook, "prepare_start", recovered)
        sweep.all()
        assert instances(table) == {DB}
        assert [len(ids) for ids in calls(table)] == [1]

    def test_instances_that_are_gone_are_no_trouble(self, table: Any, sweep: Sweep) -> None:
        """Somebody was first, in part or wholly."""
        drs = table.client("drs")
        first = drs.describe_recovery_instances()["items"][0]["recoveryInstanceID"]
        drs.terminate_recovery_instances(recoveryInstanceIDs=[first])
        instances(table)
        sweep.all()
        assert (sweep.cleanup.status, sweep.cleanup.terminated) == ("DONE", 1)
        assert Sweep(sweep.drive).execute("terminate") == []

    def test_t2_more_than_one_job_takes_go_in_batches(
        self, table: Any, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A job for each, and all are waited for."""
        monkeypatch.setattr(clean_up, "INSTANCES_PER_JOB", 1)
        sweep.all()
        assert [len(ids) for ids in calls(table)] == [1, 1]
        assert (sweep.cleanup.status, sweep.cleanup.terminated) == ("DONE", 2)
        assert len(sweep.cleanup.job_ids) == 2

    def test_what_is_left_at_the_end_is_named(self, table: Any, sweep: Sweep) -> None:
        """FAILED, on record and in the trail; how the drill ended stays COMPLETED."""
        sweep.execute("approve")
        table.control.set_speed("real")
        sweep.execute("terminate")
        with pytest.raises(StillThere, match="still lists i-"):
            sweep.execute("check", try_number=4)
        assert (sweep.cleanup.status, len(sweep.cleanup.left)) == ("FAILED", 2)
        assert "still lists" in sweep.details_of("CLEANUP_FAILED")[0]
        assert sweep.drive.record.status == "COMPLETED"
        table.control.set_speed("immediate")
        sweep.all()
        assert (sweep.cleanup.status, sweep.cleanup.left, sweep.cleanup.failure) == ("DONE", (), None)


def test_r47_a_drill_is_cleaned_up_by_hand_though_its_plan_says_never(table: Any) -> None:
    """Also one that was cancelled; a RECOVERY never."""
    sweep = Sweep(drilled())
    sweep.all()
    assert (sweep.cleanup.mode, sweep.cleanup.status, instances(table)) == ("never", "DONE", set())
    real = launched(run_id="manual__2", conf={"execution_type": "RECOVERY", "confirm": "shop"})
    real.execute("complete_execution")
    with pytest.raises(AirflowFailException, match="only a drill is ever cleaned up"):
        Sweep(real).execute("terminate")
    assert instances(table) == {DB, DB2}


def _add_job(table: Any, drive: Drive, job_id: str) -> None:
    jobs = {":jobs": {"L": [{"S": job_id}]}}
    change_raw(table, drive, "SET waves[0].jobIds = list_append(waves[0].jobIds, :jobs)", jobs)
