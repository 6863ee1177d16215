"""A drill cleans up after itself: its own instances, when the record permits it, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from recovery.aws.hooks.drs import DrsHook
from recovery.execution import CleanupStatus, ExecutionStatus
from recovery.tasks import base, terminate

from .conftest import DB, Drive, plan
from .sweeping import DB2, PAY, Sweep, calls, drilled, instances, launched

ALWAYS = {"cleanup": "always"}
ASKS = {"cleanup": "after_approval"}


@pytest.fixture(autouse=True)
def _once(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let botocore repeat nothing by itself, so that one fault is one error."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


@pytest.fixture
def sweep() -> Sweep:
    """The clean-up of a drill of two servers whose plan says always."""
    return Sweep(drilled(**ALWAYS))


class TestOrder:
    """The end of a drill orders its clean-up."""

    def test_a_drill_whose_plan_says_always_is_due_at_its_end(self, table: Any) -> None:
        """Whatever it takes, the record has it with the final status."""
        record = drilled(**ALWAYS).record
        assert (record.cleanup.mode, record.cleanup.status) == ("always", "PENDING")
        assert record.cleanup_due == record.end_time

    def test_it_is_due_as_long_after_the_end_as_the_plan_says(self, table: Any) -> None:
        """`cleanup_after`."""
        record = drilled(cleanup="after_approval", cleanup_after="8h").record
        assert record.cleanup_due == record.end_time + timedelta(hours=8)

    def test_without_a_word_in_the_plan_nothing_is_due(self, table: Any) -> None:
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

    def test_r48_done_is_said_when_the_instances_are_gone(self, table: Any, sweep: Sweep) -> None:
        """Not when the job was accepted; how the drill ended stays what it was."""
        before = sweep.drive.record
        sweep.execute("approve")
        table.control.set_speed("real")
        (job_id,) = sweep.execute("terminate")
        assert (sweep.cleanup.status, sweep.cleanup.terminated) == ("TERMINATING", None)
        assert sweep.cleanup.job_ids == (job_id,)
        sweep.park("wait_for_termination")
        with pytest.raises(AirflowException, match="still lists"):
            sweep.execute("check")
        assert sweep.cleanup.status == "TERMINATING"
        table.control.set_speed("immediate")
        sweep.execute("wait_for_termination")
        assert sweep.execute("check") == 2
        assert (sweep.cleanup.status, sweep.cleanup.terminated) == ("DONE", 2)
        assert instances(table) == set()
        after = sweep.drive.record
        kept = {"cleanup": None, "cleanup_due": None}
        assert after.having(**kept) == before.having(**kept)
        assert after.cleanup_due is None

    def test_r49_a_terminate_job_that_lists_no_servers_is_over(self, table: Any, sweep: Sweep) -> None:
        """Its status is trusted, and that the instances are gone."""
        sweep.all()
        (job,) = table.client("drs").describe_jobs(filters={"jobIDs": list(sweep.cleanup.job_ids)})["items"]
        assert (job["status"], job["participatingServers"]) == ("COMPLETED", [])
        assert sweep.cleanup.status == "DONE"

    def test_the_trail_tells_it(self, table: Any, sweep: Sweep) -> None:
        """Who was terminated by which job, once, however often the tasks run."""
        for _ in range(2):
            sweep.all()
        assert [
            len(sweep.told(type_)) for type_ in ("CLEANUP_STARTED", "CLEANUP_JOB_STARTED", "CLEANUP_DONE")
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

    def test_t2_more_than_one_job_takes_go_in_batches(self, table: Any, sweep: Sweep) -> None:
        """A job for each, and all are waited for."""
        sweep.dag.get_task("terminate").batch_size = 1  # type: ignore[attr-defined]
        sweep.all()
        assert [len(ids) for ids in calls(table)] == [1, 1]
        assert (sweep.cleanup.status, sweep.cleanup.terminated) == ("DONE", 2)
        assert len(sweep.cleanup.job_ids) == 2

    def test_what_is_left_at_the_end_is_named(self, table: Any, sweep: Sweep) -> None:
        """FAILED, on record and in the trail; how the drill ended stays COMPLETED."""
        sweep.execute("approve")
        table.control.set_speed("real")
        sweep.execute("terminate")
        with pytest.raises(AirflowException, match="still lists i-"):
            sweep.execute("check", try_number=4)
        assert (sweep.cleanup.status, len(sweep.cleanup.left)) == ("FAILED", 2)
        assert "still lists" in sweep.told("CLEANUP_FAILED")[0]
        assert sweep.drive.record.status == "COMPLETED"
        table.control.set_speed("immediate")
        sweep.all()
        assert (sweep.cleanup.status, sweep.cleanup.left, sweep.cleanup.failure) == ("DONE", (), None)


class TestTrouble:
    """What may pass is waited for; what was done is not done again."""

    @pytest.mark.parametrize("effect", ["drop_after", "server_error_after"])
    def test_the_job_of_a_lost_answer_is_found(self, table: Any, sweep: Sweep, effect: str) -> None:
        """It holds the servers: nothing is sent a second time."""
        sweep.execute("approve")
        table.control.set_speed("real")
        fault = {"effect": effect, "service": "drs", "operation": "TerminateRecoveryInstances", "times": 1}
        table.control.add_faults({"calls": [fault]})
        (job_id,) = sweep.execute("terminate")
        assert (sweep.cleanup.job_ids, len(calls(table))) == ((job_id,), 1)
        table.control.set_speed("immediate")
        sweep.execute("wait_for_termination")
        assert sweep.execute("check") == 2

    def test_a_call_that_never_arrived_is_made_again(self, table: Any, sweep: Sweep) -> None:
        """After a pause without a worker slot."""
        table.control.drop("drs", "TerminateRecoveryInstances", after=False, times=1)
        sweep.execute("approve")
        waiting = sweep.park("terminate")
        assert instances(table) == {DB, DB2}
        sweep.resume("terminate", {}, **waiting.kwargs)
        assert sweep.cleanup.status == "TERMINATING"
        sweep.execute("check")
        assert instances(table) == set()

    @pytest.mark.parametrize(
        "operation", ["TerminateRecoveryInstances", "DescribeRecoveryInstances", "DescribeJobs"]
    )
    def test_throttling_is_waited_for(self, table: Any, sweep: Sweep, operation: str) -> None:
        """Of whatever it asks; the trail says what it waits for."""
        table.control.throttle("drs", operation)
        sweep.park("terminate")
        assert "Throttling" in sweep.told("CLEANUP_HELD")[0]
        table.control.clear_faults()
        sweep.all()
        assert sweep.cleanup.status == "DONE"

    def test_a_conflict_waits_for_the_job_in_the_way(self, table: Any, sweep: Sweep) -> None:
        """Of another drill, say: it is named, and waited for by its id."""
        table.control.set_speed("real")
        servers = [{"sourceServerID": server} for server in (DB, PAY)]
        job = table.client("drs").start_recovery(sourceServers=servers, isDrill=True)["job"]["jobID"]
        waiting = sweep.park("terminate")
        assert waiting.trigger.serialize()[1]["job_ids"] == [job]
        assert job in sweep.told("CLEANUP_HELD")[0]
        table.control.set_speed("immediate")
        sweep.all()
        assert instances(table) == {DB, PAY}

    def test_the_drills_own_jobs_are_waited_for(self, table: Any) -> None:
        """Cancelled while it launched: what its job launches yet is cleaned up too."""
        table.control.set_speed("real")
        drive = Drive(plan({"name": "Database", "servers": [DB]}, **ALWAYS))
        drive.execute("open_execution")
        (job,) = drive.execute("database.start_recovery")
        drive.states["database.wait_for_recovery"] = "skipped"
        with pytest.raises(AirflowFailException):
            drive.execute("complete_execution")
        sweep = Sweep(drive)
        waiting = sweep.park("terminate")
        assert waiting.trigger.serialize()[1]["job_ids"] == [job]
        assert sweep.cleanup.status == "PENDING"
        table.control.set_speed("immediate")
        sweep.all()
        assert (sweep.cleanup.terminated, instances(table)) == (1, set())

    def test_a_recovery_of_the_same_servers_goes_before(self, table: Any, sweep: Sweep) -> None:
        """Nothing locks its servers while it is not over."""
        recovery = Drive(
            sweep.drive.plan, run_id="manual__2", execution_type="RECOVERY", confirm="shop", reason="fire"
        )
        recovery.execute("open_execution")
        sweep.park("terminate")
        assert "goes before" in sweep.told("CLEANUP_HELD")[0]
        assert calls(table) == []
        recovery.wave("database")
        recovery.execute("complete_execution")
        sweep.all()
        assert instances(table) == {DB, DB2}
        assert (sweep.cleanup.status, calls(table)) == ("DONE", [])

    def test_what_aws_does_not_allow_fails_in_its_words(self, table: Any, sweep: Sweep) -> None:
        """On record, at once."""
        table.control.deny("drs", "TerminateRecoveryInstances")
        with pytest.raises(AirflowFailException, match="AccessDenied"):
            sweep.execute("terminate")
        assert sweep.cleanup.status == "FAILED"
        assert "AccessDenied" in sweep.cleanup.failure
        assert sweep.drive.record.status == ExecutionStatus.COMPLETED

    def test_an_exhausted_quota_is_waited_for(self, table: Any, sweep: Sweep) -> None:
        """Terminate jobs count."""
        table.control.set_quotas(concurrent_jobs=0)
        sweep.park("terminate")
        assert "Quota" in sweep.told("CLEANUP_HELD")[0]

    def test_the_wait_has_an_end(self, table: Any, sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
        """FAILED, with what was waited for."""
        table.control.throttle("drs", "TerminateRecoveryInstances")
        waiting = sweep.park("terminate")
        monkeypatch.setattr(terminate, "now", lambda: base.now() + timedelta(hours=5))
        with pytest.raises(AirflowFailException, match="Throttling"):
            sweep.resume("terminate", {}, **waiting.kwargs)
        assert sweep.cleanup.status == "FAILED"

    def test_r50_it_asks_in_the_account_and_region_of_the_execution(
        self, table: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Those of the frozen plan, with every call."""
        monkeypatch.setenv("AIRFLOW_CONN_THE_OTHER", "aws://OTHERKEY:secret@")
        drive = drilled(aws_conn_id="the_other", **ALWAYS)
        table.control.clear_requests()
        Sweep(drive).all()
        drs = table.control.requests(service="drs")
        assert {(call["accessKey"], call["region"]) for call in drs} == {("OTHERKEY", "eu-west-1")}


class TestApproval:
    """`cleanup: after_approval`."""

    @pytest.fixture
    def sweep(self, table: Any) -> Sweep:
        """The clean-up of a drill whose plan asks first."""
        return Sweep(drilled(**ASKS))

    def test_it_terminates_when_an_approver_says_so(self, table: Any, sweep: Sweep) -> None:
        """Who and why are on record."""
        sweep.ask()
        assert (sweep.cleanup.status, calls(table)) == ("WAITING", [])
        sweep.answer(reason="seen enough")
        assert (sweep.cleanup.approval.by, sweep.told("CLEANUP_APPROVED")) == ("alice", ["seen enough"])
        sweep.all()
        assert (sweep.cleanup.status, instances(table)) == ("DONE", set())

    def test_a_rejection_keeps_the_instances(self, table: Any, sweep: Sweep) -> None:
        """KEPT on record; nothing else is done, and it is no failure."""
        sweep.ask()
        sweep.answer("Reject", by="bob", reason="still testing")
        with pytest.raises(AirflowSkipException):
            sweep.execute("terminate")
        assert (sweep.cleanup.status, sweep.cleanup.approval.by) == ("KEPT", "bob")
        assert sweep.drive.record.cleanup_due is None
        assert (instances(table), calls(table)) == ({DB, DB2}, [])

    def test_what_was_kept_is_asked_for_again(self, table: Any, sweep: Sweep) -> None:
        """By hand: the old answer is none to the new question."""
        sweep.ask()
        sweep.answer("Reject")
        sweep.ask()
        assert (sweep.cleanup.status, sweep.cleanup.approval) == ("WAITING", None)
        sweep.answer()
        sweep.all()
        assert sweep.cleanup.status == "DONE"

    def test_nobody_answers(self, table: Any, sweep: Sweep) -> None:
        """Kept: a time-out approves nothing."""
        sweep.ask()
        sweep.resume("approve", {"error": "late", "error_type": "timeout"})
        assert (sweep.cleanup.status, sweep.cleanup.approval.decision) == ("KEPT", "TIMED_OUT")

    def test_a_gate_marked_success_terminates_nothing(self, table: Any, sweep: Sweep) -> None:
        """The record gives the permission, not Airflow's task states."""
        with pytest.raises(AirflowFailException, match="needs an approval"):
            sweep.execute("terminate")
        assert (sweep.cleanup.status, calls(table)) == ("FAILED", [])

    def test_an_approval_by_someone_else_terminates_nothing(self, table: Any, sweep: Sweep) -> None:
        """Only by one of the frozen plan's approvers."""
        sweep.ask()
        sweep.answer(by="mallory")
        with pytest.raises(AirflowFailException, match="none of the plan's approvers"):
            sweep.execute("terminate")
        assert calls(table) == []

    def test_an_answer_by_nobody_is_none(self, table: Any, sweep: Sweep) -> None:
        """Airflow names who answered, or the clean-up fails."""
        sweep.ask()
        with pytest.raises(AirflowFailException, match="nobody"):
            sweep.answer(by=None)

    def test_it_asks_the_plans_approvers_and_lists_what_would_go(
        self, table: Any, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Those of the frozen plan."""
        asked: dict[str, Any] = {}
        monkeypatch.setattr(
            "airflow.providers.standard.operators.hitl.upsert_hitl_detail",
            lambda **detail: asked.update(detail),
        )
        sweep.ask()
        assert [user["id"] for user in asked["assigned_users"]] == ["alice", "bob"]
        for item in table.client("drs").describe_recovery_instances()["items"]:
            assert f"`{item['recoveryInstanceID']}` | `{item['sourceServerID']}`" in asked["body"]
        assert asked["params"]["reason"]["value"] is None

    def test_after_a_failure_it_is_not_asked_again(self, table: Any, sweep: Sweep) -> None:
        """The approval of this end stands; after a rejection it does not."""
        sweep.ask()
        sweep.answer()
        table.control.deny("drs", "TerminateRecoveryInstances")
        with pytest.raises(AirflowFailException):
            sweep.execute("terminate")
        table.control.clear_faults()
        sweep.all()
        assert sweep.cleanup.status == "DONE"


class TestReopened:
    """An execution may be opened again: its clean-up leaves it alone."""

    def test_a_running_execution_keeps_its_instances(self, table: Any, sweep: Sweep) -> None:
        """The run that was made for the earlier end is skipped."""
        _reopen(table, sweep.drive)
        for task_id in ("approve", "terminate", "wait_for_termination", "check"):
            with pytest.raises(AirflowSkipException, match="opened again"):
                sweep.execute(task_id)
        assert calls(table) == []

    def test_it_is_looked_for_right_before_each_call(
        self, table: Any, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Opened again after the first look."""
        begin = terminate.TerminateInstances._begin

        def reopened(*arguments: Any) -> None:
            begin(*arguments)
            _reopen(table, sweep.drive)

        monkeypatch.setattr(terminate.TerminateInstances, "_begin", reopened)
        with pytest.raises(AirflowFailException, match="opened again"):
            sweep.execute("terminate")
        assert calls(table) == []

    def test_a_clean_up_by_hand_of_what_runs_is_refused(self, table: Any, sweep: Sweep) -> None:
        """Whatever the run is called."""
        _reopen(table, sweep.drive)
        with pytest.raises(AirflowFailException, match="only what has ended"):
            Sweep(sweep.drive, run_id="by hand").execute("terminate")

    def test_the_next_end_orders_a_clean_up_of_its_own(self, table: Any, sweep: Sweep) -> None:
        """In a DAG run of its own, whatever became of the first."""
        sweep.drive.store.clean_up(sweep.drive.record, CleanupStatus.KEPT)
        first = sweep.run.run_id
        _reopen(table, sweep.drive)
        sweep.drive.execute("complete_execution")
        again = Sweep(sweep.drive)
        assert again.run.run_id != first
        assert again.cleanup.status == "PENDING"
        again.all()
        assert instances(table) == set()


def test_r47_a_drill_is_cleaned_up_by_hand_whatever_its_plan_says(table: Any) -> None:
    """Also one that was cancelled; a RECOVERY never."""
    sweep = Sweep(drilled())
    sweep.all()
    assert (sweep.cleanup.mode, sweep.cleanup.status, instances(table)) == ("never", "DONE", set())
    real = launched(run_id="manual__2", conf={"execution_type": "RECOVERY", "confirm": "shop"})
    real.execute("complete_execution")
    with pytest.raises(AirflowFailException, match="only a drill is ever cleaned up"):
        Sweep(real).execute("terminate")
    assert instances(table) == {DB, DB2}


def _raw(table: Any, drive: Drive, update: str, values: dict[str, Any] | None = None, **names: str) -> None:
    """Change the raw record."""
    table.client("dynamodb").update_item(
        TableName="recovery-executions",
        Key={"executionId": {"S": drive.execution_id}, "item": {"S": "EXECUTION"}},
        UpdateExpression=update,
        **({"ExpressionAttributeValues": values} if values else {}),
        **({"ExpressionAttributeNames": names} if names else {}),
    )


def _add_job(table: Any, drive: Drive, job_id: str) -> None:
    jobs = {":jobs": {"L": [{"S": job_id}]}}
    _raw(table, drive, "SET waves[0].jobIds = list_append(waves[0].jobIds, :jobs)", jobs)


def _reopen(table: Any, drive: Drive) -> None:
    """Open an execution again, as a new attempt does."""
    _raw(
        table,
        drive,
        "SET openSince = startTime, #status = :status REMOVE endTime, outcome",
        {":status": {"S": "POLLING"}},
        **{"#status": "status"},
    )
