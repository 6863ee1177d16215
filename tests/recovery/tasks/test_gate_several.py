"""A gate that needs several people is passed by so many different ones, or by break-glass (invariant 18)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from drs_recovery.clock import now
from drs_recovery.engine.gate_text import gate_body
from drs_recovery.store.approvals import read_approvals
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.servers import read_servers
from drs_recovery.tasks.approve import TRIGGER_LATE
from tests.recovery.tasks.conftest import DB, Drive, plan

GATE, START = "database.approve", "database.start_recovery"
RULES = {"approvals_needed": {"recovery": 2}, "requester_may_approve": False, "break_glass": ["dr-lead"]}
REAL = {"execution_type": "RECOVERY", "confirm": "shop"}


def opened(conf: dict[str, str], wave: dict[str, Any] | None = None, **fields: Any) -> Drive:
    """Return an execution that alice asked for and whose only wave waits at its gate."""
    gated = {"name": "Database", "servers": [DB], "pause_before_wave": True} | (wave or {})
    drive = Drive(plan(gated, **{"approvers": ["alice", "bob", "carol"]} | RULES | fields), **conf)
    drive.execute("open_execution")
    drive.park(GATE)
    return drive


@pytest.fixture
def real(table: Any) -> Drive:
    """A recovery that alice asked for, and that two others must approve."""
    return opened(REAL)


def asked_again(drive: Drive, *, by: str, reason: str = "seen it", **form: Any) -> timedelta:
    """Answer the gate by an approval that does not pass it; return for how long it is asked again."""
    with pytest.raises(TaskDeferred) as parked:
        drive.answer(GATE, by=by, reason=reason, **form)
    return (parked.value.timeout or TRIGGER_LATE) - TRIGGER_LATE


def trail(drive: Drive) -> list[tuple[str, str | None, str | None]]:
    """Return what people did at the gate, by the audit trail."""
    events = drive.store.run(read_events(drive.execution_id))
    shown = ("APPROV", "BREAK", "REJECT")
    return [(event.type, event.actor, event.detail) for event in events if event.type.startswith(shown)]


@pytest.mark.parametrize("left", [{"break_glass": []}, {}], ids=["nobody", "break-glass"])
def test_a_run_whose_gate_nobody_could_pass_is_refused_at_once(table: Any, left: dict[str, Any]) -> None:
    """Of two approvers who are needed one asked for it: another person has to ask."""
    gated = {"name": "Database", "servers": [DB], "pause_before_wave": True}
    drive = Drive(plan(gated, **RULES | {"approvers": ["alice", "bob"]} | left), **REAL)
    if not left:
        drive.execute("open_execution")
        assert drive.record.failure is None
        return
    with pytest.raises(AirflowFailException, match="not alice, who asked for this run: too few are left"):
        drive.execute("open_execution")
    assert drive.record.failure.kind == "REFUSED"


def test_two_different_people_pass_it(real: Drive, starts: Any) -> None:
    """Each answer is on record with who, when and why; the last one lets the wave start."""
    asked_again(real, by="bob", reason="data is fresh")
    wave = real.record.waves[0]
    assert (wave.status, wave.approval, wave.approvals_needed, wave.approvals_given) == ("PAUSED", None, 2, 1)
    assert real.answer(GATE, by="carol", reason="go on")["approved_by"] == "carol"
    real.execute(START)
    assert starts() == 1
    given = real.store.run(read_approvals(real.execution_id, 0, 1))
    assert [(one.by, one.reason) for one in given] == [("bob", "data is fresh")]
    assert trail(real) == [
        ("APPROVAL_GIVEN", "bob", "data is fresh. 1 more must approve"),
        ("APPROVED", "carol", "go on"),
    ]


def test_a_drill_of_the_same_plan_needs_one(table: Any) -> None:
    """The number is by execution type."""
    drill = opened({})
    assert drill.answer(GATE, by="bob") == {"approved_by": "bob", "reason": None}
    assert drill.record.waves[0].approvals_needed is None


def test_the_same_person_twice_counts_once(real: Drive) -> None:
    """And is told so."""
    asked_again(real, by="bob")
    asked_again(real, by="bob", reason="once more")
    assert real.record.waves[0].approvals_given == 1
    assert trail(real)[-1] == (
        "APPROVAL_REFUSED", "bob", "bob has approved already, and counts once; 1 more must approve"
    )  # fmt: skip


def test_who_asked_for_the_run_may_reject_it_and_not_approve_it(real: Drive) -> None:
    """With the reason why; to stop is always allowed."""
    asked_again(real, by="alice")
    assert trail(real) == [("APPROVAL_REFUSED", "alice", "alice asked for this run, and may not approve it")]
    with pytest.raises(AirflowFailException, match="was rejected by alice"):
        real.answer(GATE, "Reject", by="alice")


def test_one_rejection_ends_it(real: Drive) -> None:
    """Whoever has approved before."""
    asked_again(real, by="bob")
    with pytest.raises(AirflowFailException, match="was rejected by carol"):
        real.answer(GATE, "Reject", by="carol")
    assert real.statuses == ["CANCELLED"]


def test_one_alone_breaks_the_glass_with_a_reason_and_loudly(real: Drive, starts: Any) -> None:
    """Past the number of people; an event of its own, and the record says so."""
    assert real.answer(GATE, by="dr-lead", reason="nobody is awake")["approved_by"] == "dr-lead"
    approval = real.record.waves[0].approval
    assert (approval.by, approval.break_glass, approval.reason) == ("dr-lead", True, "nobody is awake")
    (event,) = trail(real)
    assert event[:2] == ("BREAK_GLASS", "dr-lead")
    assert event[2] is not None
    assert event[2].startswith("dr-lead alone passed the gate, which waited for 2 different people of ")
    real.execute(START)
    assert starts() == 1


def test_no_glass_is_broken_without_a_reason(table: Any) -> None:
    """In a drill too, where a reason is welcome and no more."""
    drill = opened({})
    with pytest.raises(TaskDeferred):
        drill.answer(GATE, by="dr-lead")
    assert drill.record.waves[0].approval is None
    drill.answer(GATE, by="dr-lead", reason="to try it")
    assert drill.record.waves[0].approval.break_glass


def test_asking_for_the_second_approval_gives_no_new_time(
    real: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time-out counts from when the gate first waited, and never approves what one has approved."""
    later = now() + timedelta(hours=20)
    monkeypatch.setattr("drs_recovery.tasks.base.now", lambda: later)
    assert timedelta(hours=3) < asked_again(real, by="bob") <= timedelta(hours=4)
    with pytest.raises(AirflowFailException, match="Nobody answered"):
        real.resume(GATE, {"error": "timed out", "error_type": "timeout"})
    assert real.record.waves[0].approval.decision == "TIMED_OUT"


def test_a_gate_marked_success_after_one_of_two_approvals_starts_nothing(real: Drive, starts: Any) -> None:
    """Airflow says that it passed; the record counts people."""
    asked_again(real, by="bob")
    with pytest.raises(AirflowFailException, match="its gate holds no approval of attempt 1"):
        real.execute(START)
    assert starts() == 0


def forge_approval(table: Any, drive: Drive) -> None:
    """Write an approval by bob of the first wave, past its gate."""
    forged = {"decision": "APPROVED", "by": "bob", "time": "2026-01-01T00:00:00.000000Z"}
    marshalled = {"M": {key: {"S": value} for key, value in forged.items()}}
    table.client("dynamodb").update_item(
        TableName="recovery-executions",
        Key={"executionId": {"S": drive.execution_id}, "item": {"S": "EXECUTION"}},
        UpdateExpression="SET waves[0].approval = :forged",
        ExpressionAttributeValues={":forged": marshalled},
    )


def test_an_approval_written_past_the_gate_is_counted_again_by_the_start(
    table: Any, real: Drive, starts: Any
) -> None:
    """Whoever wrote that one passed a gate that needs two."""
    forge_approval(table, real)
    with pytest.raises(
        AirflowFailException, match="2 different people must approve, and on record is only bob"
    ):
        real.execute(START)
    assert starts() == 0


def test_a_new_attempt_asks_everybody_again(real: Drive) -> None:
    """What was approved of an attempt that was rejected counts for no other."""
    asked_again(real, by="bob")
    with pytest.raises(AirflowFailException):
        real.answer(GATE, "Reject", by="carol")
    real.clear()
    real.park(GATE)
    assert (real.record.waves[0].attempt, real.record.waves[0].approvals_given) == (2, None)
    asked_again(real, by="bob")
    real.answer(GATE, by="carol", reason="now it fits")
    assert real.record.waves[0].approved


def test_a_wave_has_rules_of_its_own(table: Any) -> None:
    """Its approvers in place of the plan's; those of the plan are none of them."""
    drill = opened({}, {"approvers": ["zoe", "yan"], "approvals_needed": 2, "break_glass": []})
    users = drill.dag.get_task(GATE)
    assert [user["id"] for user in users.assigned_users] == ["zoe", "yan"]
    asked_again(drill, by="bob")
    assert "'bob' is none of the plan's approvers, zoe, yan" in str(trail(drill))
    asked_again(drill, by="zoe")
    drill.answer(GATE, by="yan")
    assert drill.record.waves[0].approved


def test_an_approver_reads_how_many_must_approve_and_who_has(real: Drive) -> None:
    """Of the gate as it is asked now; a text that Airflow keeps says that it stays as it was."""
    asked_again(real, by="bob")
    record, servers = real.record, real.store.run(read_servers(real.execution_id))
    given = real.store.run(read_approvals(real.execution_id, 0, 1))
    body = gate_body(
        real.plan, record, record.waves[0], servers, at=now(), base_url="http://airflow", given=given
    )
    assert "**2 different people must approve**, and one rejection ends it." in body
    assert f"Approved at {given[0].time:%H:%M:%S} UTC by `bob`." in body
    assert "`alice` asked for this run, and may not approve it." in body
    assert "**Break-glass**: one approval of `dr-lead`, with a reason," in body
    assert "\n\n\n" not in body
