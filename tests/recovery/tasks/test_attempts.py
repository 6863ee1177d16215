"""A wave whose tasks were cleared is tried again: what is not launched yet, or nothing at all and why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from recovery.dag.maintenance import maintenance_dag
from recovery.execution import Event, EventType
from recovery.execution.store import ExecutionStore
from recovery.settings import settings
from recovery.tasks import base, batch, open_intents

from .conftest import APP, DB, WEB, Drive, plan

FILES = "s-00000000000fil001"
BROKEN = "no capacity for m5.large"


def three(**fields: Any) -> Any:
    """Return a plan of three waves: a database, two servers behind a gate, and one that comes last."""
    return plan(
        {"name": "Database", "servers": [DB]},
        {"name": "Application", "servers": [APP, WEB], "pause_before_wave": True},
        {"name": "Last", "servers": [FILES]},
        **fields,
    )


def end(drive: Drive) -> None:
    with pytest.raises(AirflowFailException):
        drive.execute("complete_execution")


def fails(drive: Drive, task: str, words: str) -> None:
    with pytest.raises(AirflowFailException, match=words):
        drive.execute(task)


def approve(drive: Drive) -> None:
    drive.park("application.approve")
    drive.answer("application.approve", by="bob", reason="mended")


def started(table: Any) -> list[list[str]]:
    """Return the servers of every StartRecovery that DRS has got."""
    calls = table.control.requests(operation="StartRecovery")
    return [[s["sourceServerID"] for s in call["parameters"]["sourceServers"]] for call in calls]


def told(drive: Drive, type_: str) -> list[Event]:
    return [event for event in drive.store.events(drive.execution_id) if event.type == type_]


def reconcile(drive: Drive, **fate: Any) -> list[str]:
    task = maintenance_dag().get_task("reconcile")
    ended: list[str] = type(task).execute(task, drive.context("reconcile", **fate))
    return ended


def opened(table: Any, **conf: Any) -> Drive:
    """Return an execution whose first wave is COMPLETED and whose gate was approved."""
    drive = Drive(three(), **conf)
    drive.execute("open_execution")
    drive.wave("database")
    drive.park("application.approve")
    drive.answer("application.approve", reason="go on")
    return drive


@pytest.fixture
def failed(table: Any) -> Drive:
    """A drill whose second wave has FAILED: APP did not launch; its run has ended, and was cleared."""
    drive = opened(table)
    table.control.fail_server(APP, phase="LAUNCH", raw_error=BROKEN)
    drive.execute("application.start_recovery")
    fails(drive, "application.wait_for_recovery", BROKEN)
    end(drive)
    table.control.clear_faults()
    assert (drive.record.status, drive.statuses) == ("FAILED", ["COMPLETED", "FAILED", "SKIPPED"])
    drive.clear()
    return drive


def time_out(table: Any, drive: Drive) -> Drive:
    """End the second wave TIMED_OUT while its job runs on, and its run, which is cleared."""
    table.control.set_speed("real")
    job_ids = drive.execute("application.start_recovery")
    event = {"status": "timeout", "job_ids": job_ids, "message": "too long"}
    with pytest.raises(AirflowFailException, match="too long"):
        drive.resume("application.wait_for_recovery", event)
    end(drive)
    assert drive.record.status == "TIMED_OUT"
    drive.clear()
    return drive


def test_a_cleared_wave_starts_only_what_is_not_launched(table: Any, failed: Drive) -> None:
    """The gate asks again, one server is started, the wave is judged by both, and the rest runs."""
    failed.park("application.approve")
    record = failed.record
    assert (record.status, failed.statuses) == ("PAUSED", ["COMPLETED", "PAUSED", "PENDING"])
    assert (record.end_time, record.outcome, record.waves[1].attempt) == (None, None, 2)
    fails(failed, "application.start_recovery", "no approval of attempt 2")
    failed.answer("application.approve", by="bob", reason="mended")
    failed.execute("application.start_recovery")
    failed.execute("application.wait_for_recovery")
    assert failed.statuses[1] == "COMPLETED"
    failed.wave("last")
    assert failed.execute("complete_execution") == "COMPLETED"
    assert started(table) == [[DB], [APP, WEB], [APP], [FILES]]
    (opening,) = told(failed, "ATTEMPT_OPENED")
    assert (opening.actor, opening.attempt) == ("application.approve", 2)
    for words in ("Attempt 2 of Application", "attempt 1 ended FAILED", BROKEN, "The execution was FAILED"):
        assert words in (opening.detail or "")
    assert [event.detail.split(":")[0] for event in told(failed, "EXECUTION_ENDED")] == [
        "FAILED",
        "COMPLETED",
    ]
    assert [event.actor for event in told(failed, "APPROVED")] == ["alice", "bob"]
    jobs = table.client("drs").describe_jobs(filters={"jobIDs": list(failed.record.waves[1].job_ids)})[
        "items"
    ]
    assert sorted(job["tags"]["recovery:attempt"] for job in jobs) == ["1", "2"]


def test_the_gate_of_a_new_attempt_shows_what_it_starts(
    failed: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the servers that are launched already."""
    shown: dict[str, str] = {}
    monkeypatch.setattr(
        "airflow.providers.standard.operators.hitl.upsert_hitl_detail", lambda **kw: shown.update(kw)
    )
    failed.park("application.approve")
    assert f"`{APP}`" in shown["body"]
    assert f"`{WEB}`" not in shown["body"]
    assert "attempt 2" in shown["body"]


def test_a_retried_start_of_an_attempt_sends_nothing_again(
    table: Any, failed: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its batches are the same, also when one of its servers is launched meanwhile, or after a crash."""
    approve(failed)
    monkeypatch.setattr("recovery.tasks.start.SERVERS_PER_JOB", 1)
    with monkeypatch.context() as patch:
        patch.setattr(ExecutionStore, "started", raising(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            failed.execute("application.start_recovery")
    for _ in range(2):
        failed.execute("application.start_recovery", try_number=2)
    failed.execute("application.wait_for_recovery")
    assert failed.statuses[1] == "COMPLETED"
    failed.execute("application.start_recovery", try_number=3)
    assert started(table)[2:] == [[APP]]


def raising(error: BaseException) -> Any:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def test_r15a_a_job_on_record_that_no_server_has_is_given_to_its_servers(
    failed: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The start died between the two writes: the retry makes the second, so that the sensor's words count."""
    approve(failed)
    with monkeypatch.context() as patch:
        patch.setattr("recovery.execution.jobs.write_job", raising(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            failed.execute("application.start_recovery")
    failed.execute("application.start_recovery", try_number=2)
    assert {server.attempt for server in failed.store.servers(failed.execution_id, 1)} == {1, 2}
    failed.execute("application.wait_for_recovery")
    assert failed.statuses[1] == "COMPLETED"


def test_a_start_cleared_without_its_gate_opens_nothing(table: Any, failed: Drive) -> None:
    """The answer to the last attempt is no answer to this one; the end on record stays as it is."""
    before = failed.record
    fails(failed, "application.start_recovery", r"clear application\.approve too")
    end(failed)
    assert failed.record == before
    assert len(started(table)) == 2
    assert "application.approve" in (told(failed, "REFUSED")[-1].detail or "")


def test_a_sensor_cleared_alone_names_what_to_clear(failed: Drive) -> None:
    """Airflow clears the red task only, unless it is told otherwise."""
    before = failed.record
    fails(
        failed,
        "application.wait_for_recovery",
        "clear application.approve and application.start_recovery too",
    )
    end(failed)
    assert failed.record == before


def test_a_retry_by_airflow_opens_no_attempt(failed: Drive) -> None:
    """Only a clear does: the number of clears is on record with the attempt."""
    failed.run.clear_number = 0
    before = failed.record
    fails(failed, "application.approve", "FAILED, for good")
    fails(failed, "application.start_recovery", "FAILED, for good")
    assert failed.record == before


def test_a_wave_cleared_out_of_order_changes_nothing(failed: Drive, starts: Any) -> None:
    """The wave before it is not met."""
    before = failed.record
    fails(failed, "last.approve", "waits for waves that are not done: Application is FAILED")
    fails(failed, "last.start_recovery", "waits for waves that are not done: Application is FAILED")
    end(failed)
    assert (failed.record, starts()) == (before, 2)


def test_a_wave_whose_job_runs_is_not_tried_again(table: Any) -> None:
    """Refused, naming the job, and nothing changes; when it has ended, what it launched is not started."""
    timed_out = time_out(table, opened(table))
    before = timed_out.record
    fails(timed_out, "application.approve", f"{before.waves[1].job_ids[0]} still runs in DRS")
    end(timed_out)
    assert timed_out.record == before
    table.control.set_speed("immediate")
    timed_out.clear()
    approve(timed_out)
    timed_out.execute("application.start_recovery")
    timed_out.execute("application.wait_for_recovery")
    assert timed_out.statuses[1] == "COMPLETED"
    timed_out.wave("last")
    assert timed_out.execute("complete_execution") == "COMPLETED"
    assert started(table) == [[DB], [APP, WEB], [FILES]]


def test_what_a_job_launched_after_the_time_out_is_not_launched_again(table: Any) -> None:
    """Only the server that it did not launch."""
    drive = opened(table)
    table.control.fail_server(APP, phase="LAUNCH", raw_error=BROKEN)
    timed_out = time_out(table, drive)
    table.control.set_speed("immediate")
    approve(timed_out)
    table.control.clear_faults()
    servers = {
        s.source_server_id: s.launch_status for s in timed_out.store.servers(timed_out.execution_id, 1)
    }
    assert servers == {APP: "FAILED", WEB: "LAUNCHED"}
    timed_out.execute("application.start_recovery")
    timed_out.execute("application.wait_for_recovery")
    assert timed_out.statuses[1] == "COMPLETED"
    assert started(table)[2:] == [[APP]]


@pytest.mark.parametrize("trouble", ["unknown job", "no answer"])
def test_a_job_that_drs_does_not_tell_of_keeps_its_wave_closed(
    table: Any, failed: Drive, trouble: str
) -> None:
    """Nobody can say whether it has ended."""
    before = failed.record
    if trouble == "no answer":
        table.control.deny("drs", "DescribeJobs")
    else:
        for job_id in before.waves[1].job_ids:
            table.client("drs").delete_job(jobID=job_id)
    fails(
        failed, "application.approve", "does not know drsjob" if trouble == "unknown job" else "AccessDenied"
    )
    assert failed.record == before


def test_a_plan_that_another_execution_holds_is_not_taken_back(failed: Drive) -> None:
    """Until that one has ended."""
    before = failed.record
    other = Drive(three(), run_id="manual__2")
    other.execute("open_execution")
    fails(failed, "application.approve", f"is held by execution {other.execution_id}")
    assert failed.record == before
    other.states = {"database.start_recovery": "failed", "database.wait_for_recovery": "skipped"}
    end(other)
    failed.park("application.approve")
    assert failed.record.waves[1].attempt == 2
    late = Drive(three(), run_id="manual__3")
    fails(late, "open_execution", f"is held by execution {failed.execution_id}")


def test_a_whole_run_that_was_cleared_goes_on_where_it_failed(table: Any, failed: Drive) -> None:
    """What is COMPLETED passes; the wave that failed opens the execution again."""
    assert failed.execute("open_execution") == failed.execution_id
    failed.wave("database")
    assert failed.record.status == "FAILED"
    approve(failed)
    failed.execute("application.start_recovery")
    failed.execute("application.wait_for_recovery")
    failed.wave("last")
    assert failed.execute("complete_execution") == "COMPLETED"
    assert started(table) == [[DB], [APP, WEB], [APP], [FILES]]


def test_a_completed_execution_that_was_cleared_stays_so(table: Any, starts: Any) -> None:
    """Every task passes and nothing is started: the run is a success as its record says."""
    drive = Drive(plan({"name": "Database", "servers": [DB]}))
    drive.execute("open_execution")
    drive.wave("database")
    drive.execute("complete_execution")
    before = drive.record
    drive.clear()
    drive.execute("open_execution")
    drive.wave("database")
    assert drive.execute("complete_execution") == "COMPLETED"
    assert (drive.record, starts()) == (before, 1)


def test_a_partial_wave_is_tried_again_for_what_is_missing(table: Any) -> None:
    """Its policy is met and the run a success; cleared, it is COMPLETED when the rest is launched too."""
    enough = {"name": "Both", "servers": [APP, WEB], "minimum_launched": 1}
    drive = Drive(plan(enough, {"name": "Last", "servers": [FILES]}))
    drive.execute("open_execution")
    table.control.fail_server(APP, phase="LAUNCH", raw_error=BROKEN)
    drive.wave("both")
    drive.wave("last")
    assert drive.execute("complete_execution") == "PARTIAL"
    table.control.clear_faults()
    for task in ("both.approve", "both.start_recovery", "both.wait_for_recovery"):
        drive.execute(task, try_number=2)
    assert drive.record.status == "PARTIAL"
    drive.clear()
    drive.wave("both")
    drive.wave("last")
    assert (drive.record.status, drive.statuses) == ("POLLING", ["COMPLETED", "COMPLETED"])
    assert drive.execute("complete_execution") == "COMPLETED"
    assert started(table) == [[APP, WEB], [FILES], [APP]]


def test_a_start_that_was_refused_stays_refused(table: Any) -> None:
    """It was never frozen, so there is nothing to try again: a new run is."""
    drive = Drive(three(), execution_type="RECOVERY")
    fails(drive, "open_execution", "confirm")
    end(drive)
    before = drive.record
    drive.clear()
    fails(drive, "open_execution", "has ended: CANCELLED")
    fails(drive, "database.approve", "Start a new run")
    assert drive.record == before


def test_a_rejected_gate_asks_again(table: Any) -> None:
    """The rejection stays in the trail; a new attempt has no answer yet."""
    drive = Drive(plan())
    drive.execute("open_execution")
    drive.wave("database")
    drive.park("application.approve")
    with pytest.raises(AirflowFailException, match="rejected"):
        drive.answer("application.approve", "Reject", by="bob", reason="not tonight")
    end(drive)
    drive.clear()
    approve(drive)
    drive.execute("application.start_recovery")
    drive.execute("application.wait_for_recovery")
    assert drive.execute("complete_execution") == "COMPLETED"
    assert [event.attempt for event in told(drive, "GATE_WAITING")] == [1, 2]


def test_an_attempt_that_waits_is_cleared_without_another(failed: Drive) -> None:
    """It goes on; and a retry of what comes later opens none for that clear."""
    failed.park("application.approve")
    failed.clear()
    approve(failed)
    wave = failed.record.waves[1]
    assert (wave.attempt, wave.clear_number) == (2, 2)
    assert len(told(failed, "ATTEMPT_OPENED")) == 1


def test_a_first_attempt_after_a_clear_of_another_wave_is_its_first(table: Any, failed: Drive) -> None:
    """The clear of the second wave is no clear of the third: when it fails, a retry opens nothing."""
    approve(failed)
    failed.execute("application.start_recovery")
    failed.execute("application.wait_for_recovery")
    failed.execute("last.approve")
    table.control.deny("drs", "StartRecovery")
    fails(failed, "last.start_recovery", "AccessDenied")
    fails(failed, "last.start_recovery", "it is FAILED")
    assert (failed.record.waves[2].attempt, failed.record.waves[2].clear_number) == (1, 1)


def test_a_lost_job_is_found_before_another_attempt(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer was lost and its run marked failed: the job, and what it launched, is the last attempt's."""
    drive = Drive(plan({"name": "Database", "servers": [DB]}, {"name": "Files", "servers": [FILES]}))
    drive.execute("open_execution")
    with monkeypatch.context() as patch:
        patch.setattr(ExecutionStore, "started", raising(KeyboardInterrupt()))
        patch.setattr(open_intents, "PATIENCE", 0)
        patch.setattr(open_intents, "find_job", lambda *_: None)
        with pytest.raises(KeyboardInterrupt):
            drive.execute("database.start_recovery")
        drive.states = {"database.start_recovery": "failed", "database.wait_for_recovery": "skipped"}
        end(drive)
        drive.clear()
        before = drive.record
        fails(drive, "database.approve", "its job may not show in DRS before")
        assert drive.record == before
    drive.wave("database")
    wave = drive.record.waves[0]
    assert (wave.status, wave.attempt, len(wave.job_ids), wave.open_intents) == ("COMPLETED", 2, 1, ())
    assert started(table) == [[DB]]


def test_an_announcement_that_became_no_job_is_started_again(
    table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DRS shows none for as long as one may not show."""
    drive = Drive(plan({"name": "Database", "servers": [DB]}))
    drive.execute("open_execution")
    monkeypatch.setattr(open_intents, "PATIENCE", 0)
    with monkeypatch.context() as patch:
        patch.setattr(batch.Batch, "_call", raising(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            drive.execute("database.start_recovery")
    drive.states = {"database.start_recovery": "failed", "database.wait_for_recovery": "skipped"}
    end(drive)
    drive.clear()
    later = base.now() + 2 * timedelta(seconds=settings().adoption_seconds)
    monkeypatch.setattr(open_intents, "now", lambda: later)
    drive.wave("database")
    (first, second) = drive.record.waves[0].intents
    assert (first.attempt, first.job_id, second.attempt) == (1, None, 2)
    assert "no job came of it" in (first.refusal or "")
    assert started(table) == [[DB]]


def test_what_ended_it_before_is_not_why_it_ends_again(failed: Drive) -> None:
    """Who cancelled the first time, and what was refused then, are of the first time."""
    asked = Event(type=EventType.CANCEL_ASKED, time=base.now(), actor="bob", detail="too early")
    failed.store.tell(failed.execution_id, asked)
    fails(failed, "last.approve", "waits for waves")
    failed.park("application.approve")
    failed.states = {"application.approve": "failed", "application.start_recovery": "skipped"}
    end(failed)
    outcome = failed.record.outcome
    assert (failed.record.status, failed.statuses) == ("CANCELLED", ["COMPLETED", "CANCELLED", "SKIPPED"])
    assert not any(words in outcome for words in ("too early", "bob", "waits for waves"))
    assert len(told(failed, "EXECUTION_ENDED")) == 2


def test_an_execution_that_is_open_again_is_ended_when_its_run_is_over(failed: Drive) -> None:
    """Somebody cleared the gate and not complete_execution; while the run lives, nobody ends it."""
    failed.park("application.approve")
    assert reconcile(failed) == []
    assert not failed.record.final
    assert reconcile(failed, runs={"manual__1": "failed"}) == [failed.execution_id]
    assert (failed.record.status, failed.statuses) == ("CANCELLED", ["COMPLETED", "CANCELLED", "SKIPPED"])
    assert [event.detail.split(":")[0] for event in told(failed, "EXECUTION_ENDED")] == [
        "FAILED",
        "CANCELLED",
    ]
    Drive(three(), run_id="manual__2").execute("open_execution")


def test_a_real_recovery_keeps_its_instances_when_it_is_tried_again(table: Any) -> None:
    """Invariant 12: what is recovered is not named again, and what is not has no real instance."""
    drive = opened(table, execution_type="RECOVERY", confirm="shop")
    table.control.fail_server(APP, phase="LAUNCH", raw_error=BROKEN)
    drive.execute("application.start_recovery")
    fails(drive, "application.wait_for_recovery", BROKEN)
    end(drive)
    table.control.clear_faults()
    drive.clear()
    kept = {item["sourceServerID"]: item["recoveryInstanceID"] for item in instances(table)}
    approve(drive)
    drive.execute("application.start_recovery")
    drive.execute("application.wait_for_recovery")
    assert drive.statuses[1] == "COMPLETED"
    now = {item["sourceServerID"]: item["recoveryInstanceID"] for item in instances(table)}
    assert now.items() > kept.items()
    assert now.keys() == {DB, APP, WEB}


def instances(table: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = table.client("drs").describe_recovery_instances()["items"]
    return items
