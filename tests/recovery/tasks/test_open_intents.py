"""A StartRecovery that is in flight when its run is ended: no job that DRS shows goes unnamed."""

from __future__ import annotations

from threading import Timer
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from botocore.exceptions import EndpointConnectionError

from drs_recovery.aws.hooks.drs import DrsHook
from drs_recovery.store.programs import start_recovery
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.servers import read_servers
from tests.recovery.tasks.attempts import end
from tests.recovery.tasks.conftest import DB, Drive, plan

MARKED_FAILED = {"database.start_recovery": "failed", "database.wait_for_recovery": "skipped"}


@pytest.fixture
def drive(table: Any, monkeypatch: pytest.MonkeyPatch) -> Drive:
    """A drill of one wave, opened; whoever waits for an open intent waits for a second."""
    monkeypatch.setattr("drs_recovery.engine.finish.PATIENCE", 1)
    monkeypatch.setattr("drs_recovery.engine.finish.PAUSE", 0.05)
    drive = Drive(plan({"name": "Database", "servers": [DB]}))
    drive.execute("open_execution")
    return drive


@pytest.fixture
def in_flight(drive: Drive) -> tuple[Drive, str]:
    """The same, marked failed after DRS started the job and before its id was on record; and that id."""
    jobs = []

    def killed(*arguments: Any, **_: object) -> None:
        jobs.append(arguments[3])
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(start_recovery, "started", killed)
        with pytest.raises(KeyboardInterrupt):
            drive.execute("database.start_recovery")
    drive.states = MARKED_FAILED
    return drive, jobs[0]


def reported_started(drive: Drive) -> list[str]:
    events = drive.store.run(read_events(drive.execution_id))
    return [event.detail or "" for event in events if event.type == "JOB_STARTED"]


def test_the_job_of_a_start_that_was_killed_is_adopted(in_flight: tuple[Drive, str]) -> None:
    """Wave, server, outcome and trail name the job, and nobody's intent stays open."""
    drive, job_id = in_flight
    end(drive)
    assert (drive.record.status, drive.record.waves[0].job_ids) == ("CANCELLED", (job_id,))
    assert drive.record.waves[0].open_intents == ()
    assert [server.job_id for server in drive.store.run(read_servers(drive.execution_id))] == [job_id]
    assert job_id in drive.record.outcome
    assert "nobody knows" not in drive.record.outcome
    (texts,) = reported_started(drive)
    assert job_id in texts


def test_a_start_that_lives_on_writes_its_job_itself(in_flight: tuple[Drive, str], table: Any) -> None:
    """The execution waits for it and asks DRS nothing."""
    drive, job_id = in_flight
    table.control.clear_requests()
    intent = drive.record.waves[0].open_intents[0]
    timer = Timer(0.2, lambda: drive.store.run(start_recovery.started(drive.execution_id, 0, intent, job_id)))
    timer.start()
    end(drive)
    timer.join()
    assert drive.record.waves[0].job_ids == (job_id,)
    assert job_id in drive.record.outcome
    assert table.control.requests(operation="DescribeJobs") == []


def test_a_start_that_was_killed_before_its_call_leaves_no_job(drive: Drive, starts: Any) -> None:
    """DRS shows none: the intent stays open, and the outcome says that nobody knows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DrsHook, "start_recovery", _kill)
        with pytest.raises(KeyboardInterrupt):
            drive.execute("database.start_recovery")
    drive.states = MARKED_FAILED
    end(drive)
    assert (drive.record.status, starts()) == ("CANCELLED", 0)
    assert "nobody knows whether it became a job" in drive.record.outcome


def _kill(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_drs_that_cannot_be_asked_keeps_no_execution_from_ending(
    in_flight: tuple[Drive, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trail has the words, the outcome what is not known."""
    drive, _ = in_flight

    def cut_off(*_: object, **__: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://drs.eu-west-1.amazonaws.com")

    monkeypatch.setattr(DrsHook, "list_jobs", cut_off)
    end(drive)
    assert drive.record.status == "CANCELLED"
    assert "nobody knows whether it became a job" in drive.record.outcome
    assert any("drs.eu-west-1" in (e.detail or "") for e in drive.store.run(read_events(drive.execution_id)))


def test_c1_a_job_that_comes_after_the_end_is_reported_in_the_trail(
    drive: Drive, monkeypatch: pytest.MonkeyPatch, starts: Any
) -> None:
    """Invariants 6 and 11: the record stays as it ended, the job is not lost, and the task fails."""
    start, ended = DrsHook.start_recovery, []

    def late(hook: DrsHook, *servers: Any, **more: Any) -> Any:
        drive.states = MARKED_FAILED
        end(drive)
        ended.append(drive.record)
        return start(hook, *servers, **more)

    monkeypatch.setattr(DrsHook, "start_recovery", late)
    with pytest.raises(AirflowFailException, match=r"its record had ended already\. It runs on in DRS"):
        drive.execute("database.start_recovery")
    assert starts() == 1
    assert [drive.record] == ended
    (texts,) = reported_started(drive)
    assert texts.startswith("drsjob-")
    assert "runs on in DRS" in texts
