"""The gate of a RECOVERY: a rejection counts at once, and asking again gives no new time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
from boto3.dynamodb.types import TypeSerializer

from drs_recovery.clock import now
from drs_recovery.engine.gate_text import gate_body
from drs_recovery.store.servers import read_servers
from drs_recovery.tasks.approve import TRIGGER_LATE
from tests.recovery.tasks.conftest import DB, Drive, as_before, plan

NO_REASON = {"chosen_options": ["Approve"], "params_input": {}, "responded_by_user": {"id": "alice"}}


@pytest.fixture
def recovery(table: Any) -> Drive:
    """A recovery whose first wave is COMPLETED, and whose gate is to wait for an hour."""
    drive = Drive(plan(gate_timeout=timedelta(hours=1)), execution_type="RECOVERY", confirm="shop")
    drive.execute("open_execution")
    drive.wave("database")
    return drive


@pytest.mark.parametrize("form", [{}, {"reason": ""}, {"reason": "no"}, {"why": "x"}, {"reason": 7}])
def test_a_rejection_of_a_recovery_counts_at_once(recovery: Drive, form: dict[str, Any]) -> None:
    """No form keeps a person from stopping a recovery: a reason is welcome, not required."""
    recovery.park("application.approve")
    with pytest.raises(AirflowFailException, match="was rejected by bob"):
        recovery.answer("application.approve", "Reject", by="bob", **form)
    approval = recovery.record.waves[1].approval
    assert (approval.decision, approval.by) == ("REJECTED", "bob")
    assert recovery.statuses == ["COMPLETED", "CANCELLED"]


def asked(drive: Drive) -> timedelta:
    """Return how long a gate would wait that a task asks."""
    with pytest.raises(TaskDeferred) as parked:
        drive.execute("application.approve")
    return (parked.value.timeout or TRIGGER_LATE) - TRIGGER_LATE


def asked_again(drive: Drive) -> timedelta:
    """Return how long a gate would wait after an approval without the reason it needs."""
    with pytest.raises(TaskDeferred) as parked:
        drive.resume("application.approve", NO_REASON)
    return (parked.value.timeout or TRIGGER_LATE) - TRIGGER_LATE


def test_asking_again_gives_a_gate_no_new_time(recovery: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time-out counts from when this gate of this attempt first waited, however often it is asked."""
    began = now()
    assert timedelta(minutes=59) < asked(recovery) <= timedelta(hours=1)
    monkeypatch.setattr("drs_recovery.tasks.base.now", lambda: began + timedelta(minutes=40))
    for again in (asked_again, asked):
        assert timedelta(minutes=20) <= again(recovery) < timedelta(minutes=21)


def test_a_gate_at_the_end_of_its_time_still_parks(recovery: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow needs some seconds before it may resume a task; then the gate is timed out."""
    asked(recovery)
    later = now() + timedelta(hours=2)
    monkeypatch.setattr("drs_recovery.tasks.base.now", lambda: later)
    assert asked_again(recovery) == timedelta(seconds=10)


def test_a_gate_shows_the_warnings_of_the_start_and_the_targets(table: Any) -> None:
    """Who approves knows what the checks found, and how old the data are."""
    table.control.stall_server(DB, seconds=7200)
    drive = Drive(plan(rto="4h", rpo="15m"))
    drive.execute("open_execution")
    table.control.clear_faults()
    drive.wave("database")
    store = drive.store
    text = gate_body(
        drive.plan,
        drive.record,
        drive.record.waves[1],
        store.run(read_servers(drive.execution_id)),
        at=drive.record.start_time + timedelta(minutes=20),
        base_url="http://airflow",
    )
    assert "### Warnings at the start" in text
    assert "- **replication**: replication is STALLED: " in text
    assert "- **lag**: above the RPO of 15m: " in text
    assert "- RTO so far: 20m, within the target of 4h" in text
    assert "- RPO: 2h" in text
    assert "above the target of 15m" in text


def test_a_gate_without_warnings_or_targets_says_nothing_of_them(recovery: Drive) -> None:
    """No empty headings."""
    servers = recovery.store.run(read_servers(recovery.execution_id))
    record = recovery.record
    text = gate_body(recovery.plan, record, record.waves[1], servers, at=now(), base_url="http://airflow")
    assert "### Warnings" not in text
    assert "### Targets" not in text
    assert "\n\n### Who may answer\n\n" in text
    assert "\n\n\n" not in text


@pytest.mark.parametrize("reason", ["   ", "\u200b\u200b\u200b\u200b", "\u3164" * 9, "\u202e \u2800"])
def test_a_reason_that_nobody_can_read_is_none(recovery: Drive, reason: str) -> None:
    """The gate of a RECOVERY asks again, as without one."""
    recovery.park("application.approve")
    with pytest.raises(TaskDeferred):
        recovery.answer("application.approve", reason=reason)
    assert recovery.record.waves[1].approval is None


def test_an_approval_that_airflow_never_asked_for_starts_nothing(
    table: Any, recovery: Drive, starts: Any
) -> None:
    """Written to the table before the gate ran at all: the gate knows that it has not asked."""
    forged = {"decision": "APPROVED", "by": "alice", "time": "2026-01-01T00:00:00.000000Z", "attempt": 1}
    table.client("dynamodb").update_item(
        TableName="recovery-executions",
        Key={"executionId": {"S": recovery.execution_id}, "item": {"S": "EXECUTION"}},
        UpdateExpression="SET waves[1].approval = :forged",
        ExpressionAttributeValues={":forged": TypeSerializer().serialize(forged)},
    )
    with pytest.raises(AirflowFailException, match="by 'alice', and Airflow has never asked for one"):
        recovery.execute("application.approve")
    assert starts() == 1


def test_an_answer_that_the_release_before_wrote_down_is_passed(table: Any, recovery: Drive) -> None:
    """After the upgrade it may be the first try of another task that finds it: nothing is forged."""
    recovery.park("application.approve")
    recovery.answer("application.approve", reason="seen it")
    as_before(table, recovery)
    assert recovery.execute("application.approve") is None


def test_a_gate_that_died_after_its_answer_was_written_is_passed_by_the_next_try(recovery: Drive) -> None:
    """The answer is on record, and this gate has asked for it."""
    recovery.park("application.approve")
    recovery.answer("application.approve", reason="seen it")
    assert recovery.execute("application.approve", try_number=2) is None
