"""What tests of `start_recovery` work with: its one wave, the time, DRS and the audit trail."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import TaskDeferred

from drs_recovery.clock import now as utc_now
from drs_recovery.settings import settings
from drs_recovery.store.read_trail import read_events
from drs_recovery.tasks import base, start

if TYPE_CHECKING:
    from tests.recovery.tasks.conftest import Drive

START = "database.start_recovery"


def parked(drive: Drive) -> TaskDeferred:
    """Execute the start until it lets go of its worker; return what it waits for."""
    with pytest.raises(TaskDeferred) as deferred:
        drive.execute(START)
    assert deferred.value.timeout is not None
    return deferred.value


def pause(deferred: TaskDeferred) -> timedelta:
    """Return how long a start waits that waits for nothing but time."""
    path, kwargs = deferred.trigger.serialize()
    assert path.endswith("DateTimeTrigger")
    return kwargs["moment"] - utc_now() + timedelta(seconds=1)


def later(monkeypatch: pytest.MonkeyPatch, **gone: float) -> None:
    """Let some time have passed for the tasks."""
    for module in (base, start):
        monkeypatch.setattr(module, "now", lambda: utc_now() + timedelta(**gone))


def jobs(table: Any) -> list[dict[str, Any]]:
    """Return all jobs that DRS has, whoever heard of them."""
    table.control.clear_faults()
    items: list[dict[str, Any]] = table.client("drs").describe_jobs()["items"]
    return items


def details_of(drive: Drive, type_: str) -> list[str]:
    """Return what the audit trail tells of a type."""
    return [event.detail for event in drive.store.run(read_events(drive.execution_id)) if event.type == type_]


def taken_for_none(drive: Drive, table: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """Lose an answer, and let its job not show within the adoption window; return the fault that hides it."""
    table.control.drop("drs", "StartRecovery", after=True, times=1)
    hidden: str = table.control.hide_jobs(seconds=100_000, times=1)
    parked(drive)
    later(monkeypatch, seconds=settings().adoption_seconds + 5)
    return hidden
