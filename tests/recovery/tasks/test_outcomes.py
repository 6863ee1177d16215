"""What a plan says of servers that fail and of waves that do: who may be missing, and who goes on without."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.clock import now
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.servers import read_servers
from tests.recovery.tasks.conftest import APP, DB, WEB, Drive, plan
from tests.recovery.tasks.policies import DATA, FULL, LAST, NEXT, fails, opened, wave_fails


def passed_on(drive: Drive, slug: str, *names: str) -> None:
    """Leave tasks of a wave as Airflow leaves what follows a failed task."""
    drive.states |= {f"{slug}.{name}": "upstream_failed" for name in names}


def details_of(drive: Drive, type_: str) -> list[str]:
    return [event.detail for event in drive.store.run(read_events(drive.execution_id)) if event.type == type_]


class TestServers:
    """A wave is judged by those of its servers that it needs."""

    def test_a_wave_that_an_optional_server_fails_is_partial(self, table: Any) -> None:
        """The next wave starts, and the outcome names who is missing and why."""
        table.control.fail_server(APP, raw_error=FULL)
        drive = opened({"name": "Data", "servers": [DB, APP], "optional": [APP]}, LAST)
        drive.wave("data")
        drive.wave("last")
        assert drive.execute("complete_execution") == "PARTIAL"
        assert (drive.record.status, drive.statuses) == ("PARTIAL", ["PARTIAL", "COMPLETED"])
        assert "Data PARTIAL: 1 of its 2 servers did not launch" in drive.record.outcome
        assert f"optional app-1.shop.example (shop-app-1, {APP}): {FULL}" in drive.record.outcome
        assert "2 of 3 servers launched" in drive.record.outcome

    @pytest.mark.parametrize(("minimum", "status"), [(1, "PARTIAL"), ("66%", "PARTIAL"), ("67%", "FAILED")])
    def test_as_many_must_be_launched_as_the_plan_demands(
        self, table: Any, minimum: int | str, status: str
    ) -> None:
        """Two of three are launched: a percentage rounds up."""
        table.control.fail_server(APP, raw_error=FULL)
        drive = opened({"name": "Data", "servers": [DB, APP, WEB], "minimum_launched": minimum})
        drive.execute("data.start_recovery")
        if status == "FAILED":
            fails(drive, "data.wait_for_recovery", "1 of its 3 servers did not launch")
        else:
            drive.execute("data.wait_for_recovery")
        assert drive.statuses == [status]

    def test_a_server_that_is_not_optional_fails_its_wave(self, table: Any) -> None:
        """Whoever else was launched; the reason says what the policy demands."""
        table.control.fail_server(DB, raw_error=FULL)
        drive = opened({"name": "Data", "servers": [DB, APP], "optional": [APP]})
        drive.execute("data.start_recovery")
        fails(drive, "data.wait_for_recovery", r"\(0 of the 1 that are not optional did, 1 must\)")
        assert drive.statuses == ["FAILED"]

    def test_r07_nothing_launched_is_failed_though_all_are_optional(self, table: Any) -> None:
        """No policy makes a success of nothing."""
        table.control.fail_server(DB, raw_error=FULL)
        drive = opened({"name": "Data", "servers": [DB], "optional": [DB]})
        drive.execute("data.start_recovery")
        fails(drive, "data.wait_for_recovery", "none of its 1 servers launched")
        assert drive.statuses == ["FAILED"]

    def test_servers_of_a_batch_that_was_refused_did_not_launch(
        self, table: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One job a server: AWS refuses that of the optional one."""
        monkeypatch.setattr("drs_recovery.engine.start.SERVERS_PER_JOB", 1)
        table.control.deny("drs", "StartRecovery", resource=APP)
        drive = opened({"name": "Data", "servers": [DB, APP], "optional": [APP]})
        drive.wave("data")
        assert drive.statuses == ["PARTIAL"]
        assert "AccessDenied" in drive.record.waves[0].failure

    def test_p2_a_wave_whose_policy_is_met_already_is_judged_after_its_jobs(self, table: Any) -> None:
        """The optional server hangs: the wave polls on, though all it needs is launched."""
        table.control.hang_server(APP)
        drive = opened({"name": "Data", "servers": [DB, APP], "optional": [APP]})
        drive.execute("data.start_recovery")
        event = {"status": "timeout", "message": "too long"}
        with pytest.raises(AirflowFailException, match="Still runs in DRS: drsjob-"):
            drive.resume("data.wait_for_recovery", event)
        assert drive.statuses == ["TIMED_OUT"]

    def test_the_policy_is_frozen_with_the_servers(self, table: Any) -> None:
        """By tags and percentages, resolved once; a policy that fits no servers launches nothing."""
        web = {"name": "Web", "servers": {"tags": {"Tier": "web"}}, "optional": [WEB]}
        drive = opened(
            web | {"minimum_launched": "50%", "on_failure": "continue", "timeout": timedelta(hours=2)}
        )
        (wave,) = drive.record.waves
        assert (wave.server_count, wave.minimum_launched) == (4, 2)
        assert (wave.on_failure, wave.timeout_seconds) == ("continue", 7200)
        optional = [
            s.source_server_id for s in drive.store.run(read_servers(drive.execution_id)) if s.optional
        ]
        assert optional == [WEB]

    @pytest.mark.parametrize(
        "policy",
        [{"minimum_launched": 9}, {"optional": [DB]}, {"optional": {"tags": {"Tier": "db"}}}],
        ids=["too many", "not of the wave", "tags of none"],
    )
    def test_a3_a_policy_that_fits_no_servers_is_refused_on_record(
        self, table: Any, starts: Any, policy: dict[str, Any]
    ) -> None:
        """A drill is CANCELLED, with what is wrong and where; nothing is launched. A RECOVERY is warned."""
        wrong = plan({"name": "Web", "servers": {"tags": {"Tier": "web"}}, **policy})
        drive = Drive(wrong)
        fails(drive, "open_execution", "wave 'Web'")
        fails(drive, "complete_execution", "wave 'Web'")
        assert (drive.record.status, starts()) == ("CANCELLED", 0)
        real = Drive(wrong, run_id="manual__2", execution_type="RECOVERY", confirm="shop")
        real.execute("open_execution")
        assert any("wave 'Web'" in warning.message for warning in real.record.warnings)


class TestWaves:
    """A wave that failed or timed out stops those that depend on it, unless its plan says `continue`."""

    def test_o2_the_next_wave_goes_on_and_the_execution_is_failed(self, table: Any) -> None:
        """The truth in Airflow and on record: the sensor is red, the wave and the execution FAILED."""
        table.control.fail_server(DB, raw_error=FULL)
        drive = opened(DATA, NEXT)
        wave_fails(drive, "data")
        drive.wave("next")
        fails(drive, "complete_execution", "FAILED")
        assert (drive.record.status, drive.statuses) == ("FAILED", ["FAILED", "COMPLETED"])
        assert "Data FAILED (on_failure: continue): none of its 1 servers launched" in drive.record.outcome

    def test_r32_without_continue_the_next_wave_never_starts(self, table: Any, starts: Any) -> None:
        """Stop is the default."""
        table.control.fail_server(DB, raw_error=FULL)
        drive = opened({"name": "Data", "servers": [DB]}, NEXT)
        wave_fails(drive, "data")
        fails(drive, "next.approve", "Data is FAILED")
        fails(drive, "next.start_recovery", "Data is FAILED")
        fails(drive, "complete_execution", "FAILED")
        assert (drive.statuses, starts()) == (["FAILED", "SKIPPED"], 1)

    def test_a_wave_that_timed_out_and_stopped_nothing_is_a_failure(self, table: Any) -> None:
        """Its jobs run on in DRS and are named; the next wave runs beside them."""
        table.control.hang_server(DB)
        drive = opened(DATA, NEXT)
        (job_id,) = drive.execute("data.start_recovery")
        with pytest.raises(AirflowFailException, match=f"Still runs in DRS: {job_id}"):
            drive.resume("data.wait_for_recovery", {"status": "timeout", "message": "too long"})
        drive.wave("next")
        fails(drive, "complete_execution", job_id)
        assert (drive.record.status, drive.statuses) == ("FAILED", ["TIMED_OUT", "COMPLETED"])

    def test_a_wave_that_aws_keeps_from_starting_is_failed_at_once(self, table: Any) -> None:
        """The gate of the next wave looks for it on record."""
        drive = opened(DATA, NEXT)
        table.control.deny("drs", "DescribeRecoveryInstances", times=1)
        fails(drive, "data.start_recovery", "AccessDenied")
        passed_on(drive, "data", "wait_for_recovery")
        assert drive.statuses == ["FAILED", "PENDING"]
        drive.wave("next")
        fails(drive, "complete_execution", "AccessDenied")
        assert (drive.record.status, drive.statuses) == ("FAILED", ["FAILED", "COMPLETED"])

    def test_a_rejected_wave_releases_nobody(self, table: Any, starts: Any) -> None:
        """A person's no is no failure."""
        drive = opened(DATA | {"pause_before_wave": True}, NEXT)
        drive.park("data.approve")
        with pytest.raises(AirflowFailException, match="rejected"):
            drive.answer("data.approve", "Reject")
        fails(drive, "next.approve", "Data is CANCELLED")
        fails(drive, "complete_execution", "CANCELLED")
        assert (drive.statuses, starts()) == (["CANCELLED", "SKIPPED"], 0)

    def test_p5_a_sensor_that_airflow_timed_out_judges_its_wave(self, table: Any) -> None:
        """No trigger answered in time, and the job had ended meanwhile: COMPLETED."""
        drive = opened(DATA)
        drive.execute("data.start_recovery")
        task = drive.dag.get_task("data.wait_for_recovery")
        status = task.resume_execution("__fail__", {"error": "Trigger timeout"}, drive.context(task.task_id))
        assert (status, drive.statuses) == ("COMPLETED", ["COMPLETED"])

    def test_r21_the_time_out_is_the_wave_s_own(self, table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """Start and sensor have what is left of it, as it was frozen."""
        table.control.set_speed("real")
        drive = opened({"name": "Data", "servers": [DB], "timeout": timedelta(minutes=30)})
        drive.execute("data.start_recovery")
        later = now() + timedelta(minutes=20)
        monkeypatch.setattr("drs_recovery.tasks.wait.now", lambda: later)
        task = drive.dag.get_task("data.wait_for_recovery")
        task._watch(drive.context(task.task_id))
        assert 590 < task.timeout <= 600


class TestEnd:
    """What else happened to the run is neither hidden by a wave that failed, nor hides it."""

    @pytest.fixture
    def failed(self, table: Any) -> Drive:
        """Three waves, of which the first has FAILED and stops nothing."""
        table.control.fail_server(DB, raw_error=FULL)
        drive = opened(DATA, NEXT, LAST)
        wave_fails(drive, "data")
        return drive

    def running(self, drive: Drive, table: Any, slug: str) -> None:
        """Start a wave whose sensor waits."""
        table.control.set_speed("real")
        for name in ("approve", "start_recovery"):
            drive.execute(f"{slug}.{name}")
            drive.states[f"{slug}.{name}"] = "success"

    def test_a_run_that_a_person_ends_later_is_cancelled(self, failed: Drive, table: Any) -> None:
        """The run was marked failed while the second wave ran: that is shown, and so is the failure."""
        self.running(failed, table, "next")
        failed.states |= {"next.wait_for_recovery": "failed", "last.approve": "skipped"}
        fails(failed, "complete_execution", "CANCELLED")
        assert failed.statuses == ["FAILED", "CANCELLED", "SKIPPED"]
        for texts in (
            "Interrupted: the DAG run was ended by hand; Airflow does not tell by whom",
            "Data FAILED (on_failure: continue): none",
        ):
            assert texts in failed.record.outcome

    def test_c1_the_end_of_a_last_wave_by_hand_shows_beside_tasks_passed_over(self, table: Any) -> None:
        """The failed wave's own sensor was passed over: that says nothing of who ended the wave that runs."""
        drive = opened(DATA, NEXT)
        table.control.deny("drs", "DescribeRecoveryInstances", times=1)
        fails(drive, "data.start_recovery")
        passed_on(drive, "data", "wait_for_recovery")
        self.running(drive, table, "next")
        drive.states["next.wait_for_recovery"] = "failed"
        fails(drive, "complete_execution", "ended while Next was running")
        assert drive.statuses == ["FAILED", "CANCELLED"]

    def test_a_gate_that_finds_no_end_on_record_refuses_and_changes_no_verdict(
        self, table: Any, starts: Any
    ) -> None:
        """The sensor died without a word while its job ran: FAILED, as without `continue`."""
        table.control.set_speed("real")
        drive = opened(DATA, NEXT)
        drive.execute("data.start_recovery")
        drive.states["data.wait_for_recovery"] = "failed"
        fails(drive, "next.approve", "Data is STARTED")
        passed_on(drive, "next", "start_recovery", "wait_for_recovery")
        fails(drive, "complete_execution", "FAILED")
        assert (drive.record.status, drive.statuses, starts()) == ("FAILED", ["FAILED", "SKIPPED"], 1)

    def test_a_gate_after_a_failed_opening_refuses_and_changes_no_verdict(self, table: Any) -> None:
        """Everything before it was passed over; what failed is the opening."""
        drive = Drive(plan(DATA | {"servers": {"tags": {"Tier": "cache"}}}, NEXT))
        fails(drive, "open_execution")
        passed_on(drive, "data", "approve", "start_recovery", "wait_for_recovery")
        fails(drive, "next.approve", "the execution is FAILED")
        fails(drive, "complete_execution", "FAILED: .*Tier=cache")
        assert drive.statuses == ["SKIPPED", "SKIPPED"]

    def test_a_wave_that_failed_under_stop_beside_one_under_continue_stops_the_run(self, table: Any) -> None:
        """The last wave needs both; its gate runs, and refuses: FAILED, not CANCELLED."""
        for server in (DB, APP):
            table.control.fail_server(server, raw_error=FULL)
        drive = opened(DATA, NEXT | {"depends_on": []}, LAST | {"depends_on": ["Data", "Next"]})
        wave_fails(drive, "data")
        wave_fails(drive, "next")
        fails(drive, "last.approve", "Next is FAILED")
        fails(drive, "complete_execution", "FAILED")
        assert (drive.record.status, drive.statuses) == ("FAILED", ["FAILED", "FAILED", "SKIPPED"])
