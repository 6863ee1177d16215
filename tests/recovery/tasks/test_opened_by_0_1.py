"""Executions that release 0.1 opened: what it left in the audit trail alone counts; of no others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.clock import now
from drs_recovery.record.events import Event
from drs_recovery.store.trail import append_event
from drs_recovery.tasks.approve import TRIGGER_LATE
from tests.recovery.tasks.conftest import Drive, plan
from tests.recovery.tasks.test_releases import KEY, put, reported_0_1

WAITS = {"application.approve": "failed", "application.start_recovery": "skipped"}


def opened_by_0_1(table: Any, **conf: Any) -> Drive:
    """Return an execution as 0.1 left it: frozen without a format, its first wave COMPLETED."""
    drive = Drive(plan(), **conf)
    drive.execute("open_execution")
    put(table, drive, "PLAN", plan=reported_0_1(drive)[1])
    drive.wave("database")
    return drive


def append(drive: Drive, type_: str, detail: str, *, actor: str, wave: int | None = None) -> None:
    """Append an event of the second wave, or of none, and nothing else, as 0.1 did."""
    attempt = None if wave is None else 1
    event = Event(type=type_, time=now(), actor=actor, wave_number=wave, attempt=attempt, detail=detail)
    drive.store.run(append_event(drive.execution_id, event))


def end(drive: Drive, states: dict[str, str]) -> tuple[str, str]:
    """Complete the execution while its tasks have these states; return its status and outcome."""
    drive.states = states
    with pytest.raises(AirflowFailException):
        drive.execute("complete_execution")
    return drive.record.status.value, str(drive.record.outcome)


@pytest.mark.parametrize(("old", "status"), [(True, "FAILED"), (False, "CANCELLED")], ids=["0.1", "later"])
def test_what_failed_before_the_upgrade_is_no_end_by_hand(table: Any, status: str, *, old: bool) -> None:
    """The event alone says so. A later release has an item of each failure: an event proves nothing."""
    if old:
        drive = opened_by_0_1(table)
    else:
        drive = Drive(plan())
        drive.execute("open_execution")
        drive.wave("database")
    append(drive, "FAILED", "AccessDenied", actor="application.start_recovery", wave=1)
    ended, outcome = end(drive, {"application.start_recovery": "failed"})
    assert (ended, "AccessDenied" in outcome) == (status, old)


def test_what_failed_before_its_wave_went_on_ends_nothing(table: Any) -> None:
    """The gate was asked after that."""
    drive = opened_by_0_1(table)
    append(drive, "FAILED", "AccessDenied", actor="application.approve", wave=1)
    drive.park("application.approve")
    assert end(drive, WAITS)[0] == "CANCELLED"
    assert "AccessDenied" not in str(drive.record.outcome)


@pytest.mark.parametrize("failed", [False, True], ids=["ended", "refused by Airflow"])
def test_who_cancelled_before_the_upgrade_is_named(table: Any, *, failed: bool) -> None:
    """Unless Airflow did not end the run."""
    drive = opened_by_0_1(table)
    append(drive, "CANCEL_ASKED", "the Region is back", actor="bob")
    if failed:
        append(drive, "CANCEL_FAILED", "403", actor="bob")
    status, outcome = end(drive, WAITS)
    named = "the DAG run was ended by hand" if failed else "cancelled by bob: the Region is back"
    assert (status, named in outcome, "cancelled by" in outcome) == ("CANCELLED", True, not failed)


def test_a_gate_that_waited_before_the_upgrade_gets_no_new_time(
    table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Since when it waits is in the trail alone, until it is asked again; it is there once."""
    drive = opened_by_0_1(table, execution_type="RECOVERY", confirm="shop", reason="a Region is lost")
    drive.park("application.approve")
    client: Any = table.client("dynamodb")
    client.update_item(
        TableName="recovery-executions",
        Key={KEY: {"S": drive.execution_id}, "item": {"S": "EXECUTION"}},
        UpdateExpression="REMOVE waves[1].waitingSince",
    )
    began = now()
    monkeypatch.setattr("drs_recovery.tasks.base.now", lambda: began + timedelta(hours=20))
    left = drive.park("application.approve").timeout - TRIGGER_LATE
    assert timedelta(hours=3, minutes=59) < left <= timedelta(hours=4)
    since = drive.record.waves[1].waiting_since
    assert since is not None
    assert since <= began
