"""How an execution goes on, and ends a second time, after its run was cleared."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.store.programs import cancel
from tests.recovery.tasks.attempts import (
    BROKEN,
    FILES,
    approve,
    details_of,
    end,
    fail,
    fails,
    reconcile,
    started,
    three,
)
from tests.recovery.tasks.conftest import APP, DB, WEB, Drive, plan


@pytest.fixture
def failed(table: Any) -> Drive:
    """A drill whose second wave has FAILED, and whose run was cleared."""
    return fail(table)


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


def test_what_ended_it_before_is_not_why_it_ends_again(failed: Drive) -> None:
    """Who cancelled the first time, and what was refused then, are of the first time."""
    fails(failed, "last.approve", "waits for waves")
    failed.park("application.approve")
    failed.store.run(cancel.ask(failed.execution_id, "bob", "too early"))
    failed.states = {"application.approve": "failed", "application.start_recovery": "skipped"}
    end(failed)
    assert "cancelled by bob: too early" in failed.record.outcome
    failed.clear()
    failed.park("application.approve")
    failed.states = {"application.approve": "failed", "application.start_recovery": "skipped"}
    end(failed)
    outcome = failed.record.outcome
    assert (failed.record.status, failed.statuses) == ("CANCELLED", ["COMPLETED", "CANCELLED", "SKIPPED"])
    assert not any(texts in outcome for texts in ("too early", "bob", "waits for waves"))
    assert len(details_of(failed, "EXECUTION_ENDED")) == 3


def test_an_execution_that_is_open_again_is_ended_when_its_run_is_over(failed: Drive) -> None:
    """Somebody cleared the gate and not complete_execution; while the run lives, nobody ends it."""
    failed.park("application.approve")
    assert reconcile(failed) == []
    assert not failed.record.final
    assert reconcile(failed, runs={"manual__1": "failed"}) == [failed.execution_id]
    assert (failed.record.status, failed.statuses) == ("CANCELLED", ["COMPLETED", "CANCELLED", "SKIPPED"])
    assert [event.detail.split(":")[0] for event in details_of(failed, "EXECUTION_ENDED")] == [
        "FAILED",
        "CANCELLED",
    ]
    Drive(three(), run_id="manual__2").execute("open_execution")


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
    assert [event.attempt for event in details_of(drive, "GATE_WAITING")] == [1, 2]


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
