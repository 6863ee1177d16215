"""In any trouble a clean-up waits, or fails with the reason, and terminates nothing it should not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from drs_recovery.aws.hooks.drs import DrsHook
from drs_recovery.clock import now
from drs_recovery.engine.clean_up import CleanUp
from drs_recovery.engine.termination import Termination
from drs_recovery.record.enums import CleanupStatus, ExecutionStatus
from drs_recovery.store.programs import clean_up
from drs_recovery.store.queue import QueueKey, leave, queue_up
from drs_recovery.store.servers import read_servers
from drs_recovery.tasks import base
from tests.recovery.execution.test_queue import place
from tests.recovery.tasks.conftest import DB, Drive, plan
from tests.recovery.tasks.sweeping import ALWAYS, DB2, PAY, Sweep, calls, drilled, instances, reopen


@pytest.fixture(autouse=True)
def _once(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let botocore repeat nothing by itself, so that one fault is one error."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


@pytest.fixture
def sweep(table: Any) -> Sweep:
    """The clean-up of a drill of two servers whose plan says always."""
    return Sweep(drilled(**ALWAYS))


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
        """In each of its calls; the trail has what it waits for."""
        table.control.throttle("drs", operation)
        sweep.park("terminate")
        assert "Throttling" in sweep.details_of("CLEANUP_HELD")[0]
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
        assert job in sweep.details_of("CLEANUP_HELD")[0]
        table.control.set_speed("immediate")
        sweep.all()
        assert instances(table) == {DB, PAY}

    def test_one_that_a_job_holds_keeps_no_other_alive(self, table: Any, sweep: Sweep) -> None:
        """The others are terminated at once; it goes when the job in its way has ended."""
        table.control.set_speed("real")
        servers = [{"sourceServerID": server} for server in (DB, PAY)]
        job = table.client("drs").start_recovery(sourceServers=servers, isDrill=True)["job"]["jobID"]
        waiting = sweep.park("terminate")
        gone, kept = (_instance(sweep, server) for server in (DB2, DB))
        assert calls(table)[-1] == [gone]
        assert len(sweep.cleanup.job_ids) == 1
        assert waiting.trigger.serialize()[1]["job_ids"] == [job]
        assert kept in sweep.cleanup.instances

    @pytest.mark.parametrize("server", [DB, DB2])
    def test_one_that_is_gone_meanwhile_keeps_no_other_alive(
        self, table: Any, sweep: Sweep, monkeypatch: pytest.MonkeyPatch, server: str
    ) -> None:
        """Terminated by hand between the look and the call, which DRS refuses as a whole."""
        call, there = DrsHook.terminate_recovery_instances, [_instance(sweep, server)]

        def after(hook: DrsHook, ids: Any) -> Any:
            while there:
                drs = table.client("drs")
                drs.disconnect_recovery_instance(recoveryInstanceID=there[0])
                drs.delete_recovery_instance(recoveryInstanceID=there.pop())
            return call(hook, ids)

        monkeypatch.setattr(DrsHook, "terminate_recovery_instances", after)
        sweep.all()
        assert instances(table) == set()
        assert sweep.cleanup.status == "DONE"

    @pytest.mark.parametrize("named", [True, False], ids=["named", "not named"])
    def test_one_that_aws_refuses_keeps_no_other_alive(self, table: Any, sweep: Sweep, named: bool) -> None:
        """FAILED, when all others are terminated."""
        bad = _instance(sweep, DB)
        message = f"{bad} cannot be terminated." if named else "One of them cannot be terminated."
        table.control.deny(
            "drs", "TerminateRecoveryInstances", resource=bad, error="ValidationException", message=message
        )
        with pytest.raises(AirflowFailException, match="cannot be terminated"):
            sweep.execute("terminate")
        assert instances(table) == {DB}
        assert sweep.cleanup.status == "FAILED"

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
        assert "goes before" in sweep.details_of("CLEANUP_HELD")[0]
        assert calls(table) == []
        recovery.wave("database")
        recovery.execute("complete_execution")
        sweep.all()
        assert instances(table) == {DB, DB2}
        assert (sweep.cleanup.status, calls(table)) == ("DONE", [])

    def test_a_wave_that_waits_for_room_goes_before(self, table: Any, sweep: Sweep) -> None:
        """A job that terminates takes of the same room as one that launches."""
        here = QueueKey("123456789012", "eu-west-1")
        waiting = place("payroll", since=now(), seen=now())
        sweep.drive.store.run(queue_up(here, waiting))
        sweep.park("terminate")
        assert "'payroll' waits for room in DRS, and goes before" in sweep.details_of("CLEANUP_HELD")[0]
        assert calls(table) == []
        sweep.drive.store.run(leave(here, waiting))
        sweep.all()
        assert (sweep.cleanup.status, instances(table)) == ("DONE", set())

    def test_a_recovery_that_comes_between_two_calls_goes_before_the_second(
        self, table: Any, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A refused call is sent again in parts: a RECOVERY that was opened meanwhile holds what is left."""
        message = "One of them cannot be terminated."
        table.control.deny(
            "drs", "TerminateRecoveryInstances", error="ValidationException", message=message, times=1
        )
        after = Termination._after

        def recovered(*arguments: Any) -> Any:
            sure = {"execution_type": "RECOVERY", "confirm": "shop", "reason": "fire"}
            Drive(sweep.drive.plan, run_id="manual__2", **sure).execute("open_execution")
            return after(*arguments)

        monkeypatch.setattr(Termination, "_after", recovered)
        sweep.park("terminate")
        assert "goes before" in sweep.details_of("CLEANUP_HELD")[0]
        assert len(calls(table)) == 1
        assert instances(table) == {DB, DB2}

    def test_what_aws_does_not_allow_fails_in_its_text(self, table: Any, sweep: Sweep) -> None:
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
        assert "Quota" in sweep.details_of("CLEANUP_HELD")[0]

    def test_the_wait_has_an_end(self, table: Any, sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
        """FAILED, with what was waited for."""
        table.control.throttle("drs", "TerminateRecoveryInstances")
        waiting = sweep.park("terminate")
        later = base.now() + timedelta(hours=5)
        monkeypatch.setattr(base, "now", lambda: later)
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


def _instance(sweep: Sweep, server: str) -> str:
    servers = sweep.drive.store.run(read_servers(sweep.drive.execution_id))
    (found,) = [one.recovery_instance_id for one in servers if one.source_server_id == server]
    assert found is not None
    return found


class TestReopened:
    """An execution may be opened again: its clean-up leaves it alone."""

    def test_a_running_execution_keeps_its_instances(self, table: Any, sweep: Sweep) -> None:
        """The run that was made for the earlier end is skipped."""
        reopen(table, sweep.drive)
        for task_id in ("approve", "terminate", "wait_for_termination", "check"):
            with pytest.raises(AirflowSkipException, match="opened again"):
                sweep.execute(task_id)
        assert calls(table) == []

    def test_it_is_looked_for_right_before_each_call(
        self, table: Any, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Opened again after the first look."""
        free = CleanUp._free

        def reopened(*arguments: Any) -> Any:
            reopen(table, sweep.drive)
            return free(*arguments)

        monkeypatch.setattr(CleanUp, "_free", reopened)
        with pytest.raises(AirflowFailException, match="opened again"):
            sweep.execute("terminate")
        assert calls(table) == []

    def test_a_clean_up_by_hand_of_what_runs_is_refused(self, table: Any, sweep: Sweep) -> None:
        """Under any run id."""
        reopen(table, sweep.drive)
        with pytest.raises(AirflowFailException, match="only what has ended"):
            Sweep(sweep.drive, run_id="by hand").execute("terminate")

    def test_the_next_end_orders_a_clean_up_of_its_own(self, table: Any, sweep: Sweep) -> None:
        """In a DAG run of its own, though the first was over."""
        sweep.drive.store.run(clean_up.clean_up(sweep.drive.record, CleanupStatus.KEPT))
        first = sweep.run.run_id
        reopen(table, sweep.drive)
        sweep.drive.execute("complete_execution")
        again = Sweep(sweep.drive)
        assert again.run.run_id != first
        assert again.cleanup.status == "PENDING"
        again.all()
        assert instances(table) == set()
