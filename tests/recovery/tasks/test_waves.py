"""Gate, start and wait: the record gives the permission, DRS gives the verdict."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from drs_recovery.aws.utils.drs import JobsSnapshot
from drs_recovery.record.texts import text_name
from drs_recovery.store.programs import start_recovery
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.servers import read_servers
from tests.recovery.tasks.conftest import APP, DB, WEB, Drive, plan


@pytest.fixture
def opened(table: Any) -> Drive:
    """A drill of two waves, opened."""
    drive = Drive(plan())
    drive.execute("open_execution")
    return drive


@pytest.fixture
def at_gate(opened: Drive) -> Drive:
    """The same, whose first wave is COMPLETED and whose gate waits."""
    opened.wave("database")
    opened.park("application.approve")
    return opened


def test_an_approved_wave_runs_to_its_end(at_gate: Drive, starts: Any) -> None:
    """Who, when and why are on record before the wave's job exists."""
    assert (at_gate.record.status, at_gate.statuses) == ("PAUSED", ["COMPLETED", "PAUSED"])
    at_gate.answer("application.approve", reason="database is up")
    approval = at_gate.record.waves[1].approval
    assert (approval.decision, approval.by, approval.reason) == ("APPROVED", "alice", "database is up")
    assert starts() == 1
    at_gate.execute("application.start_recovery")
    at_gate.execute("application.wait_for_recovery")
    assert at_gate.execute("complete_execution") == "COMPLETED"
    assert (at_gate.record.status, starts()) == ("COMPLETED", 2)


def test_r05_jobs_are_tagged(opened: Drive, table: Any) -> None:
    """Execution, plan, wave, attempt and batch: StartRecovery has no client token."""
    opened.execute("database.start_recovery")
    (job,) = table.client("drs").describe_jobs()["items"]
    assert job["tags"] == {
        "recovery:execution": opened.execution_id,
        "recovery:plan": "shop",
        "recovery:wave": "00-database",
        "recovery:attempt": "1",
        "recovery:batch": "0",
    }


def test_r01_a_wave_is_one_job(table: Any, starts: Any) -> None:
    """All servers of a wave in one StartRecovery."""
    drive = Drive(plan({"name": "All", "servers": [DB, APP, WEB]}))
    drive.execute("open_execution")
    drive.execute("all.start_recovery")
    assert starts() == 1
    assert len(drive.record.waves[0].job_ids) == 1


def test_a_retried_start_sends_nothing_again(opened: Drive, starts: Any) -> None:
    """Invariant 2: the job on record is the job."""
    first = opened.execute("database.start_recovery")
    assert opened.execute("database.start_recovery", try_number=2) == first
    assert starts() == 1


def test_r15a_a_start_whose_answer_was_lost_is_adopted(
    opened: Drive, starts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process died between the call and its record: the job is found by its tags."""

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(start_recovery, "started", die)
        with pytest.raises(KeyboardInterrupt):
            opened.execute("database.start_recovery")
    assert opened.record.waves[0].open_intents
    opened.execute("database.start_recovery", try_number=2)
    assert starts() == 1
    assert len(opened.record.waves[0].job_ids) == 1
    opened.execute("database.wait_for_recovery")
    assert opened.statuses[0] == "COMPLETED"


def test_r32_a_wave_waits_for_the_record_not_for_task_states(opened: Drive, starts: Any) -> None:
    """Invariant 3: wave 2's start refuses while wave 1 is not COMPLETED on record, and says so there."""
    with pytest.raises(AirflowFailException, match="Database is PENDING"):
        opened.execute("application.start_recovery")
    assert starts() == 0
    assert any(
        "Database is PENDING" in (e.detail or "") for e in opened.store.run(read_events(opened.execution_id))
    )


def test_a_gate_marked_success_opens_nothing(at_gate: Drive, starts: Any) -> None:
    """Invariant 4: without an approval on record nothing is started."""
    with pytest.raises(AirflowFailException, match="holds no approval"):
        at_gate.execute("application.start_recovery")
    assert starts() == 1


@pytest.mark.parametrize("by", ["mallory", f"(shortened: text {text_name('alice')})"])
def test_an_answer_by_somebody_else_opens_nothing(at_gate: Drive, starts: Any, by: str) -> None:
    """Whatever Airflow let through, the plan's approvers decide; what stands for a name is none."""
    with pytest.raises(TaskDeferred):
        at_gate.answer("application.approve", by=by)
    events = at_gate.store.run(read_events(at_gate.execution_id))
    refused = [event.detail for event in events if event.type == "APPROVAL_REFUSED"]
    assert refused == [f"{by!r} is none of the plan's approvers, alice, bob"]
    with pytest.raises(AirflowFailException, match="holds no approval"):
        at_gate.execute("application.start_recovery")
    assert starts() == 1


def test_an_answer_by_nobody_opens_nothing(at_gate: Drive) -> None:
    """An answer that Airflow cannot put a name to is no approval."""
    with pytest.raises(AirflowFailException, match="nobody"):
        at_gate.answer("application.approve", by=None)
    assert at_gate.record.waves[1].approval is None


def test_r47_a_rejection_cancels_and_the_finished_wave_is_reported(at_gate: Drive) -> None:
    """The outcome says which waves finished and who rejected."""
    with pytest.raises(AirflowFailException, match="rejected by bob"):
        at_gate.answer("application.approve", "Reject", by="bob", reason="not tonight")
    with pytest.raises(AirflowFailException, match="CANCELLED"):
        at_gate.execute("complete_execution")
    assert at_gate.statuses == ["COMPLETED", "CANCELLED"]
    for word in ("Database", "bob", "not tonight"):
        assert word in at_gate.record.outcome


def test_a_time_out_never_approves(at_gate: Drive) -> None:
    """Nobody answered: the wave is CANCELLED, by nobody."""
    with pytest.raises(AirflowFailException, match="Nobody answered"):
        at_gate.resume("application.approve", {"error": "timed out", "error_type": "timeout"})
    approval = at_gate.record.waves[1].approval
    assert (approval.decision, approval.by) == ("TIMED_OUT", None)
    assert at_gate.statuses == ["COMPLETED", "CANCELLED"]


def test_r42_a_drill_is_approved_without_any_form(at_gate: Drive) -> None:
    """No payload is needed, and none is lost."""
    at_gate.answer("application.approve")
    assert at_gate.record.waves[1].approved


@pytest.mark.parametrize("form", [{}, {"reason": ""}, {"reason": "no"}, {"why": "region down"}])
def test_a_recovery_asks_again_until_there_is_a_reason(table: Any, form: dict[str, str]) -> None:
    """The gate parks again, and nothing is on record but that it waits."""
    drive = Drive(plan(), execution_type="RECOVERY", confirm="shop")
    drive.execute("open_execution")
    drive.wave("database")
    drive.park("application.approve")
    with pytest.raises(TaskDeferred):
        drive.answer("application.approve", **form)
    assert drive.record.waves[1].approval is None
    drive.answer("application.approve", reason="region down")
    assert drive.record.waves[1].approved


def test_r41_a_decision_is_never_overwritten(at_gate: Drive) -> None:
    """A second answer to the same attempt changes nothing."""
    at_gate.answer("application.approve", reason="database is up")
    with pytest.raises(AirflowFailException):
        at_gate.answer("application.approve", "Reject", by="bob")
    assert at_gate.record.waves[1].approval.by == "alice"


def test_r14_a_server_with_a_real_recovery_instance_is_not_started(table: Any, starts: Any) -> None:
    """Invariant 12, for a drill and for a recovery; a run that says so replaces it."""
    sure = {"execution_type": "RECOVERY", "confirm": "shop"}
    one = plan({"name": "Database", "servers": [DB]})
    first = Drive(one, **sure)
    first.execute("open_execution")
    first.wave("database")
    assert first.execute("complete_execution") == "COMPLETED"
    for number, conf in enumerate([{}, sure]):
        again = Drive(one, run_id=f"manual__again{number}", **conf)
        again.execute("open_execution")
        with pytest.raises(AirflowFailException, match="Real recovery instances"):
            again.execute("database.start_recovery")
        with pytest.raises(AirflowFailException, match=r"FAILED: .*Real recovery instances"):
            again.execute("complete_execution")
    assert starts() == 1
    replace = Drive(one, run_id="manual__replace", replace_recovered="shop", **sure)
    replace.execute("open_execution")
    replace.wave("database")
    assert starts() == 2


def test_r03_p2_a_failed_server_fails_its_wave_after_the_job_ended(table: Any) -> None:
    """The job is COMPLETED, one server is not LAUNCHED: FAILED, with rawError; the other is LAUNCHED."""
    table.control.fail_server(APP, phase="LAUNCH", raw_error="no capacity for m5.large")
    drive = Drive(plan({"name": "Both", "servers": [APP, WEB]}))
    drive.execute("open_execution")
    drive.execute("both.start_recovery")
    with pytest.raises(AirflowFailException, match=r"no capacity for m5\.large"):
        drive.execute("both.wait_for_recovery")
    with pytest.raises(AirflowFailException, match="FAILED"):
        drive.execute("complete_execution")
    assert (drive.record.status, drive.statuses) == ("FAILED", ["FAILED"])
    servers = {s.source_server_id: s.launch_status for s in drive.store.run(read_servers(drive.execution_id))}
    assert servers == {APP: "FAILED", WEB: "LAUNCHED"}


def test_a_wave_that_was_never_started_is_not_waited_for(opened: Drive) -> None:
    """A start task marked success by hand leaves a wave PENDING on record: the sensor says so."""
    with pytest.raises(AirflowFailException, match="has no jobs: it is PENDING"):
        opened.execute("database.wait_for_recovery")


def test_jobs_that_run_are_left_to_the_trigger(table: Any, opened: Drive) -> None:
    """The task defers, holding no slot, and carries attempt, account and Region in its trigger."""
    table.control.set_speed("real")
    opened.execute("database.start_recovery")
    with pytest.raises(TaskDeferred) as deferred:
        opened.execute("database.wait_for_recovery")
    path, kwargs = deferred.value.trigger.serialize()
    assert path == "drs_recovery.tasks.wave_trigger.WaveTrigger"
    assert (kwargs["execution_id"], kwargs["wave_number"], kwargs["attempt"]) == (opened.execution_id, 0, 1)
    assert (kwargs["region_name"], kwargs["aws_conn_id"]) == ("eu-west-1", "aws_default")
    assert kwargs["hold"] == 10


def test_r21_a_wave_that_takes_too_long_is_timed_out_and_names_its_jobs(table: Any, opened: Drive) -> None:
    """TIMED_OUT, not FAILED; the jobs run on in DRS and are named."""
    table.control.set_speed("real")
    (job_id,) = opened.execute("database.start_recovery")
    event = {"status": "timeout", "job_ids": [job_id], "message": "too long"}
    with pytest.raises(AirflowFailException, match=job_id):
        opened.resume("database.wait_for_recovery", event)
    assert all(server.end_time is None for server in opened.store.run(read_servers(opened.execution_id)))
    with pytest.raises(AirflowFailException, match="TIMED_OUT"):
        opened.execute("complete_execution")
    assert (opened.record.status, opened.statuses) == ("TIMED_OUT", ["TIMED_OUT", "SKIPPED"])


def test_p5_completion_comes_before_the_time_out(opened: Drive) -> None:
    """The job ended on the last tick: the wave is COMPLETED though the trigger had given up."""
    (job_id,) = opened.execute("database.start_recovery")
    event = {"status": "timeout", "job_ids": [job_id], "message": "too long"}
    assert opened.resume("database.wait_for_recovery", event) == "COMPLETED"


def test_r30_a_job_that_drs_does_not_know_is_no_success(opened: Drive) -> None:
    """The trigger gave up on a lost job: FAILED, with its words."""
    opened.execute("database.start_recovery")
    task = opened.dag.get_task("database.wait_for_recovery")
    task.look = lambda: JobsSnapshot(jobs=(), missing=("drsjob-1",), at=datetime.now(UTC))
    with pytest.raises(AirflowFailException, match="DRS does not know"):
        opened.resume(
            "database.wait_for_recovery", {"status": "error", "message": "DRS does not know drsjob-1"}
        )
    assert opened.statuses[0] == "FAILED"


def test_the_plan_is_frozen(table: Any, starts: Any) -> None:
    """Invariant 9: a wave renamed in flight is not started under another name."""
    before = Drive(plan())
    before.execute("open_execution")
    edited = Drive(plan({"name": "Renamed", "servers": [WEB]}))
    edited.run = before.run
    with pytest.raises(AirflowFailException, match="edited"):
        edited.execute("renamed.start_recovery")
    assert starts() == 0
