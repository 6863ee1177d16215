"""A wave whose tasks were cleared is tried again: what this execution has not launched yet."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from drs_recovery.engine import batch
from drs_recovery.settings import settings
from drs_recovery.store.programs import start_recovery
from drs_recovery.store.servers import read_servers
from drs_recovery.store.whole import read_whole
from drs_recovery.tasks import base
from tests.recovery.tasks.attempts import (
    BROKEN,
    FILES,
    approve,
    details_of,
    end,
    fail,
    fails,
    instances,
    opened,
    raising,
    started,
    time_out,
)
from tests.recovery.tasks.conftest import APP, DB, WEB, Drive, plan


@pytest.fixture
def failed(table: Any) -> Drive:
    """A drill whose second wave has FAILED, and whose run was cleared."""
    return fail(table)


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
    (opening,) = details_of(failed, "ATTEMPT_OPENED")
    assert (opening.actor, opening.attempt) == ("application.approve", 2)
    for texts in ("Attempt 2 of Application", "attempt 1 ended FAILED", BROKEN, "The execution was FAILED"):
        assert texts in (opening.detail or "")
    assert [event.detail.split(":")[0] for event in details_of(failed, "EXECUTION_ENDED")] == [
        "FAILED",
        "COMPLETED",
    ]
    assert [event.actor for event in details_of(failed, "APPROVED")] == ["alice", "bob"]
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
    monkeypatch.setattr("drs_recovery.engine.start.SERVERS_PER_JOB", 1)
    with monkeypatch.context() as patch:
        patch.setattr(start_recovery, "started", raising(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            failed.execute("application.start_recovery")
    for _ in range(2):
        failed.execute("application.start_recovery", try_number=2)
    failed.execute("application.wait_for_recovery")
    assert failed.statuses[1] == "COMPLETED"
    failed.execute("application.start_recovery", try_number=3)
    assert started(table)[2:] == [[APP]]


def test_r15a_a_job_on_record_that_no_server_has_is_given_to_its_servers(
    failed: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The start died between the two writes: the retry makes the second, so that the sensor's words count."""
    approve(failed)
    with monkeypatch.context() as patch:
        patch.setattr("drs_recovery.store.jobs.write_job", raising(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            failed.execute("application.start_recovery")
    failed.execute("application.start_recovery", try_number=2)
    assert {server.attempt for server in failed.store.run(read_servers(failed.execution_id, 1))} == {1, 2}
    failed.execute("application.wait_for_recovery")
    assert failed.statuses[1] == "COMPLETED"


def test_what_a_job_launched_after_the_time_out_is_not_launched_again(table: Any) -> None:
    """Only the server that it did not launch."""
    drive = opened(table)
    table.control.fail_server(APP, phase="LAUNCH", raw_error=BROKEN)
    timed_out = time_out(table, drive)
    table.control.set_speed("immediate")
    approve(timed_out)
    table.control.clear_faults()
    servers = {
        s.source_server_id: s.launch_status
        for s in timed_out.store.run(read_servers(timed_out.execution_id, 1))
    }
    assert servers == {APP: "FAILED", WEB: "LAUNCHED"}
    timed_out.execute("application.start_recovery")
    timed_out.execute("application.wait_for_recovery")
    assert timed_out.statuses[1] == "COMPLETED"
    assert started(table)[2:] == [[APP]]


def test_a_lost_job_is_found_before_another_attempt(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer was lost and its run marked failed: the job, and what it launched, is the last attempt's."""
    drive = Drive(plan({"name": "Database", "servers": [DB]}, {"name": "Files", "servers": [FILES]}))
    drive.execute("open_execution")
    with monkeypatch.context() as patch:
        patch.setattr(start_recovery, "started", raising(KeyboardInterrupt()))
        patch.setattr("drs_recovery.engine.finish.PATIENCE", 0)
        patch.setattr("drs_recovery.engine.adoption.Adoption.job_of", lambda *_: None)
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
    monkeypatch.setattr("drs_recovery.engine.finish.PATIENCE", 0)
    with monkeypatch.context() as patch:
        patch.setattr(batch.Batch, "_call", raising(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            drive.execute("database.start_recovery")
    drive.states = {"database.start_recovery": "failed", "database.wait_for_recovery": "skipped"}
    end(drive)
    drive.clear()
    later = base.now() + 2 * timedelta(seconds=settings().adoption_seconds)
    monkeypatch.setattr(base, "now", lambda: later)
    drive.wave("database")
    (first, second) = base.execution_store().run(read_whole(drive.record)).waves[0].intents
    assert (first.attempt, first.job_id, second.attempt) == (1, None, 2)
    assert "no job came of it" in (first.refusal or "")
    assert started(table) == [[DB]]


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
