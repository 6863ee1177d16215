"""A wave whose time-out passed before its sensor judged it: TIMED_OUT, unless more is known."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.aws.hooks.drs import DrsHook
from drs_recovery.clock import now
from tests.recovery.tasks.attempts import denied, end, raising

if TYPE_CHECKING:
    from tests.recovery.tasks.conftest import Drive


@pytest.fixture
def overdue(watched: Drive, monkeypatch: pytest.MonkeyPatch) -> Drive:
    """The same, whose wave's time-out of four hours has passed."""
    late = now() + timedelta(hours=4)
    monkeypatch.setattr("drs_recovery.tasks.base.now", lambda: late)
    return watched


def test_r21_a_sensor_that_airflow_itself_timed_out_ends_its_wave_timed_out(watched: Drive) -> None:
    """No trigger answered: the sensor judges, and the job that still runs is named."""
    task = watched.dag.get_task("database.wait_for_recovery")
    (job_id,) = watched.record.waves[0].job_ids
    with pytest.raises(AirflowFailException, match=f"TIMED_OUT: .*Still runs in DRS: {job_id}"):
        task.resume_execution("__fail__", {"error": "Trigger timeout"}, watched.context(task.task_id))
    assert watched.statuses == ["TIMED_OUT"]


def test_r21_a_sensor_that_died_leaves_its_execution_timed_out(overdue: Drive) -> None:
    """Nobody judged the wave: the time-out is on record all the same."""
    overdue.states = {"database.wait_for_recovery": "failed"}
    (job_id,) = overdue.record.waves[0].job_ids
    end(overdue)
    assert (overdue.record.status, overdue.statuses) == ("TIMED_OUT", ["TIMED_OUT"])
    assert "time-out" in overdue.record.outcome
    assert f"may still run in DRS: {job_id}" in overdue.record.outcome


def test_a_failure_reported_after_the_time_out_stays_a_failure(
    overdue: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sensor was resumed and could not ask DRS: its words say more than the clock."""
    monkeypatch.setattr(DrsHook, "list_jobs", raising(denied()))
    with pytest.raises(AirflowFailException):
        overdue.resume("database.wait_for_recovery", {"status": "timeout", "message": "too long"})
    end(overdue)
    assert overdue.record.status == "FAILED"
    assert "AccessDenied" in overdue.record.outcome
