"""`complete_execution`: the one writer of a final status, however the run came to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from drs_recovery.store.programs import cancel, complete_execution
from drs_recovery.store.read_trail import read_events
from tests.recovery.tasks.attempts import end
from tests.recovery.tasks.conftest import Drive, plan

if TYPE_CHECKING:
    from drs_recovery.record.events import Event


@pytest.fixture
def at_gate(table: Any) -> Drive:
    """A drill whose first wave is COMPLETED and whose gate waits."""
    drive = Drive(plan())
    drive.execute("open_execution")
    drive.wave("database")
    drive.park("application.approve")
    return drive


def test_who_cancelled_and_why_is_reported(at_gate: Drive) -> None:
    """`cancel` puts it on record before it ends the run."""
    at_gate.store.run(cancel.ask(at_gate.execution_id, "bob", "the Region is back"))
    at_gate.states = {"application.approve": "failed", "application.start_recovery": "skipped"}
    end(at_gate)
    assert "cancelled by bob: the Region is back" in at_gate.record.outcome


def test_a_cancel_that_airflow_refused_is_not_why_it_ends(at_gate: Drive) -> None:
    """`cancel` takes it back where it could not end the run."""
    at_gate.store.run(cancel.ask(at_gate.execution_id, "bob", "the Region is back"))
    at_gate.store.run(cancel.withdraw(at_gate.execution_id, "bob", "403"))
    at_gate.states = {"application.approve": "failed", "application.start_recovery": "skipped"}
    end(at_gate)
    assert at_gate.record.cancel_asked is None
    assert "bob" not in at_gate.record.outcome


@pytest.mark.parametrize(
    "states",
    [
        {"application.approve": "failed", "application.start_recovery": "skipped"},
        {"application.approve": "success", "application.start_recovery": "success"},
    ],
    ids=["marked failed", "marked success"],
)
def test_a_forced_run_is_cancelled(at_gate: Drive, states: dict[str, str]) -> None:
    """CANCELLED, with the finished wave told and the plan free again."""
    at_gate.states = states
    end(at_gate)
    assert (at_gate.record.status, at_gate.statuses) == ("CANCELLED", ["COMPLETED", "CANCELLED"])
    assert "Database" in at_gate.record.outcome
    Drive(plan(), run_id="manual__2").execute("open_execution")


def test_a_run_forced_between_two_waves_is_cancelled(table: Any) -> None:
    """No wave was paused or running: the one that was to come next is CANCELLED."""
    drive = Drive(plan())
    drive.execute("open_execution")
    drive.wave("database")
    drive.states = {"application.approve": "failed", "application.start_recovery": "skipped"}
    end(drive)
    assert drive.record.status == "CANCELLED"
    assert drive.record.outcome.startswith("Interrupted")


def test_r45_a_wave_left_running_is_reported_with_its_jobs(table: Any) -> None:
    """DRS cannot stop a job: the outcome lists what may still run there."""
    drive = Drive(plan())
    drive.execute("open_execution")
    (job_id,) = drive.execute("database.start_recovery")
    drive.states = {"database.wait_for_recovery": "failed", "application.approve": "skipped"}
    end(drive)
    assert (drive.record.status, drive.statuses) == ("CANCELLED", ["CANCELLED", "SKIPPED"])
    assert job_id in drive.record.outcome


def test_a_task_that_died_without_a_word_is_failed_not_cancelled(table: Any) -> None:
    """Nobody forced anything: the sensor is failed, what follows is upstream_failed."""
    drive = Drive(plan())
    drive.execute("open_execution")
    drive.execute("database.start_recovery")
    drive.states = {"database.wait_for_recovery": "failed", "application.approve": "upstream_failed"}
    end(drive)
    assert (drive.record.status, drive.statuses) == ("FAILED", ["FAILED", "SKIPPED"])


def test_a_run_ended_before_it_was_on_record_is_not_lost(table: Any) -> None:
    """The record is made at its end, CANCELLED."""
    drive = Drive(plan())
    drive.states = {"open_execution": "failed", "database.approve": "skipped"}
    end(drive)
    assert (drive.record.status, drive.statuses) == ("CANCELLED", ["CANCELLED", "SKIPPED"])


def test_a_final_status_is_written_once(at_gate: Drive) -> None:
    """Invariant 6: a second run of the task says the same and writes nothing."""
    at_gate.states = {"application.approve": "failed", "application.start_recovery": "skipped"}
    end(at_gate)
    before = at_gate.record
    end(at_gate)
    assert at_gate.record == before
    ends = [e for e in at_gate.store.run(read_events(at_gate.execution_id)) if e.type == "EXECUTION_ENDED"]
    assert len(ends) == 1


def test_a_crash_between_the_end_and_its_telling_is_made_good(
    at_gate: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The retried task finds the final record, and the trail gets its end, once."""
    finish = complete_execution.write_end

    def unwritten(key: str, status: Any, message: str, _: Event, **known: Any) -> Any:
        yield from finish(key, status, message, **known)
        raise KeyboardInterrupt

    at_gate.states = {"application.approve": "failed", "application.start_recovery": "skipped"}
    with monkeypatch.context() as patch:
        patch.setattr(complete_execution, "write_end", unwritten)
        with pytest.raises(KeyboardInterrupt):
            at_gate.execute("complete_execution")
    assert at_gate.record.final
    end(at_gate)
    end(at_gate)
    (recorded,) = [
        e for e in at_gate.store.run(read_events(at_gate.execution_id)) if e.type == "EXECUTION_ENDED"
    ]
    assert recorded.detail == f"CANCELLED: {at_gate.record.outcome}"


def test_a_crash_between_closing_and_finishing_does_not_change_the_verdict(
    table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The retried task reads waves that are all final, and still knows that the run was forced."""
    drive = Drive(plan())
    drive.execute("open_execution")
    drive.wave("database")
    drive.states = {"application.approve": "failed", "application.start_recovery": "skipped"}

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(complete_execution, "write_end", die)
        with pytest.raises(KeyboardInterrupt):
            drive.execute("complete_execution")
    end(drive)
    assert drive.record.status == "CANCELLED"


def test_r46_a_cancelled_wave_frees_its_servers_when_its_job_has_ended(table: Any) -> None:
    """Another plan with the same servers starts them; nothing of ours holds them."""
    drive = Drive(plan())
    drive.execute("open_execution")
    drive.execute("database.start_recovery")
    drive.states = {"database.wait_for_recovery": "failed", "application.approve": "skipped"}
    end(drive)
    other = Drive(plan(id="other"))
    other.execute("open_execution")
    other.wave("database")
    assert other.statuses[0] == "COMPLETED"
