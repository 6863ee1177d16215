"""How many executions run and gates wait is sent by the maintenance, which reads them all each minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from drs_recovery.tasks import metrics
from tests.recovery.tasks.conftest import Drive, Sent, plan
from tests.recovery.tasks.test_reconcile import GONE, reconcile

if TYPE_CHECKING:
    import pytest


def _in_five_minutes() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=5)


def test_the_maintenance_sends_how_many_run_and_wait(
    table: Any, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each kind, none too, so that a gauge falls back to 0."""
    drive = Drive(plan())
    drive.execute("open_execution")
    drive.wave("database")
    drive.park("application.approve")
    monkeypatch.setattr("drs_recovery.tasks.reconcile.now", _in_five_minutes)
    reconcile(drive)
    open_ = {(tags["execution_type"], tags["status"]): value for value, tags in sent.of(metrics.OPEN)}
    kinds = ("DRILL", "RECOVERY")
    none = {(kind, status): 0 for kind in kinds for status in ("PENDING", "PAUSED", "POLLING")}
    assert open_ == none | {("DRILL", "PAUSED"): 1}
    assert _by_type(sent, metrics.GATES_WAITING) == {"DRILL": 1, "RECOVERY": 0}
    longest = _by_type(sent, metrics.GATE_LONGEST)
    assert (280 < longest["DRILL"] <= 300, longest["RECOVERY"]) == (True, 0)
    sent.all.clear()
    reconcile(drive, **GONE)
    assert _by_type(sent, metrics.GATES_WAITING) == {"DRILL": 0, "RECOVERY": 0}
    assert sum(value for value, _ in sent.of(metrics.OPEN)) == 0


def test_the_maintenance_counts_no_executions_of_another_airflow(
    table: Any, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two on one table: each sends its own, or their sum is twice what there is."""
    drive = Drive(plan())
    drive.execute("open_execution")
    monkeypatch.setattr("drs_recovery.tasks.airflow_runs.this_airflow", lambda: "https://the-other.example")
    reconcile(drive)
    assert sum(value for value, _ in sent.of(metrics.OPEN)) == 0


def _by_type(sent: Sent, metric: metrics.Metric) -> dict[str, Any]:
    return {tags["execution_type"]: value for value, tags in sent.of(metric)}
