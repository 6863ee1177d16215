"""A wave that cannot be tried again is refused with the reason, and nothing of the record changes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.recovery.tasks.attempts import (
    FILES,
    approve,
    details_of,
    end,
    fail,
    fails,
    opened,
    started,
    three,
    time_out,
)
from tests.recovery.tasks.conftest import APP, DB, WEB, Drive


@pytest.fixture
def failed(table: Any) -> Drive:
    """A drill whose second wave has FAILED, and whose run was cleared."""
    return fail(table)


def test_a_start_cleared_without_its_gate_opens_nothing(table: Any, failed: Drive) -> None:
    """The answer to the last attempt is no answer to this one; the end on record stays as it is."""
    before = failed.record
    fails(failed, "application.start_recovery", r"clear application\.approve too")
    end(failed)
    assert failed.record == before
    assert len(started(table)) == 2
    assert "application.approve" in (details_of(failed, "REFUSED")[-1].detail or "")


def test_a_sensor_cleared_alone_names_what_to_clear(failed: Drive) -> None:
    """Airflow clears the red task only, unless it is shown otherwise."""
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


def test_an_attempt_that_waits_is_cleared_without_another(failed: Drive) -> None:
    """It goes on; and a retry of what comes later opens none for that clear."""
    failed.park("application.approve")
    failed.clear()
    approve(failed)
    wave = failed.record.waves[1]
    assert (wave.attempt, wave.clear_number) == (2, 2)
    assert len(details_of(failed, "ATTEMPT_OPENED")) == 1


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
