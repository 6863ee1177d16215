"""A clean-up that asks first terminates what an approver lets it, and keeps the rest."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from drs_recovery.record.texts import text_name
from drs_recovery.store.programs import clean_up
from drs_recovery.store.read_trail import read_events
from tests.recovery.tasks.conftest import DB
from tests.recovery.tasks.sweeping import ASKS, DB2, Sweep, calls, drilled, instances


def asked_of(sweep: Sweep) -> list[tuple[str, str]]:
    """Return who asked for a clean-up, and how."""
    events = sweep.drive.store.run(read_events(sweep.drive.execution_id))
    return [(event.actor, event.detail) for event in events if event.type == "CLEANUP_ASKED"]


class TestApproval:
    """`cleanup: after_approval`."""

    @pytest.fixture
    def sweep(self, table: Any) -> Sweep:
        """The clean-up of a drill whose plan asks first."""
        return Sweep(drilled(**ASKS))

    def test_it_terminates_on_approval(self, table: Any, sweep: Sweep) -> None:
        """Who and why are on record."""
        sweep.ask()
        assert (sweep.cleanup.status, calls(table)) == ("WAITING", [])
        sweep.answer(reason="seen enough")
        assert (sweep.cleanup.approval.by, sweep.details_of("CLEANUP_APPROVED")) == ("alice", ["seen enough"])
        sweep.all()
        assert (sweep.cleanup.status, instances(table)) == ("DONE", set())

    def test_a_rejection_keeps_the_instances(self, table: Any, sweep: Sweep) -> None:
        """KEPT on record; nothing else is done, and it is no failure."""
        sweep.ask()
        sweep.answer("Reject", by="bob", reason="still testing")
        with pytest.raises(AirflowSkipException):
            sweep.execute("terminate")
        assert (sweep.cleanup.status, sweep.cleanup.approval.by) == ("KEPT", "bob")
        assert sweep.drive.record.cleanup_due is None
        assert (instances(table), calls(table)) == ({DB, DB2}, [])

    def test_what_was_kept_is_asked_for_again(self, table: Any, sweep: Sweep) -> None:
        """By hand: the old answer is none to the new question."""
        sweep.ask()
        sweep.answer("Reject")
        sweep.ask()
        assert (sweep.cleanup.status, sweep.cleanup.approval) == ("WAITING", None)
        sweep.answer()
        sweep.all()
        assert sweep.cleanup.status == "DONE"

    def test_nobody_answers(self, table: Any, sweep: Sweep) -> None:
        """Kept: a time-out approves nothing."""
        sweep.ask()
        sweep.resume("approve", {"error": "late", "error_type": "timeout"})
        assert (sweep.cleanup.status, sweep.cleanup.approval.decision) == ("KEPT", "TIMED_OUT")

    def test_a_gate_marked_success_terminates_nothing(self, table: Any, sweep: Sweep) -> None:
        """The record gives the permission, not Airflow's task states."""
        with pytest.raises(AirflowFailException, match="needs an approval"):
            sweep.execute("terminate")
        assert (sweep.cleanup.status, calls(table)) == ("PENDING", [])
        assert sweep.drive.record.cleanup_due is not None
        (held,) = sweep.details_of("CLEANUP_HELD")
        assert "Airflow does not tell by whom: another DAG run follows" in held

    @pytest.mark.parametrize("asked", [False, True], ids=["before it asked", "while it asks"])
    @pytest.mark.parametrize(
        "marked",
        [
            ("approve",),
            ("approve", "terminate"),
            ("approve", "terminate", "wait_for_termination"),
            ("terminate", "wait_for_termination"),
        ],
        ids="+".join,
    )
    def test_a_marked_task_leaves_the_clean_up_due_and_in_need_of_its_approval(
        self, table: Any, sweep: Sweep, marked: tuple[str, ...], *, asked: bool
    ) -> None:
        """No task does its work because another is marked, and none of it is a failure."""
        if asked or "approve" not in marked:
            sweep.ask()
        before = sweep.cleanup.status
        for task in ("terminate", "wait_for_termination", "check"):
            if task not in marked:
                with suppress(AirflowFailException):
                    sweep.execute(task)
        assert (sweep.cleanup.status, calls(table)) == (before, [])
        assert sweep.drive.record.cleanup_due is not None
        assert instances(table) == {DB, DB2}

    def test_another_dag_run_asks_again(self, table: Any, sweep: Sweep) -> None:
        """What was marked is followed by a run of the next attempt; the first one's tasks do nothing more."""
        first = sweep.run.run_id
        drive = sweep.drive
        status = sweep.cleanup.status
        drive.store.run(clean_up.clean_up(drive.record, status, attempt=2, dag_run_id=None))
        again = Sweep(drive)
        assert again.run.run_id == f"{first}__2"
        again.ask()
        again.answer()
        with pytest.raises(AirflowSkipException):
            sweep.execute("terminate")
        again.all()
        assert (again.cleanup.status, again.cleanup.attempt) == ("DONE", 2)
        assert instances(table) == set()

    def test_who_asked_for_it_is_on_record(self, table: Any, sweep: Sweep) -> None:
        """Over REST, by the user whom Airflow names; of a clear, that Airflow names nobody."""
        sweep.run.run_id, sweep.run.triggering_user_name = "manual__by hand", "eve"
        sweep.ask()
        sweep.run.clear_number = 1
        sweep.ask()
        events = asked_of(sweep)
        assert events == [
            ("eve", "DAG run manual__by hand"),
            ("approve", "DAG run manual__by hand was cleared; Airflow does not tell a task by whom"),
        ]

    @pytest.mark.parametrize("by", ["mallory", f"(shortened: text {text_name('alice')})"])
    def test_an_approval_by_someone_else_terminates_nothing(self, table: Any, sweep: Sweep, by: str) -> None:
        """Only by one of the frozen plan's approvers, by name; what stands for a name is none."""
        sweep.ask()
        sweep.answer(by=by)
        with pytest.raises(AirflowFailException, match="none of the plan's approvers"):
            sweep.execute("terminate")
        assert calls(table) == []

    def test_an_answer_by_nobody_is_none(self, table: Any, sweep: Sweep) -> None:
        """Airflow names who answered, or the clean-up fails."""
        sweep.ask()
        with pytest.raises(AirflowFailException, match="nobody"):
            sweep.answer(by=None)

    def test_it_asks_the_plans_approvers_and_lists_what_would_go(
        self, table: Any, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Those of the frozen plan."""
        asked: dict[str, Any] = {}
        monkeypatch.setattr(
            "airflow.providers.standard.operators.hitl.upsert_hitl_detail",
            lambda **detail: asked.update(detail),
        )
        sweep.ask()
        assert [user["id"] for user in asked["assigned_users"]] == ["alice", "bob"]
        for item in table.client("drs").describe_recovery_instances()["items"]:
            assert f"`{item['recoveryInstanceID']}` | `{item['sourceServerID']}`" in asked["body"]
        assert asked["params"]["reason"]["value"] is None

    def test_after_a_failure_it_is_not_asked_again(self, table: Any, sweep: Sweep) -> None:
        """The approval of this end stands; after a rejection it does not."""
        sweep.ask()
        sweep.answer()
        table.control.deny("drs", "TerminateRecoveryInstances")
        with pytest.raises(AirflowFailException):
            sweep.execute("terminate")
        table.control.clear_faults()
        sweep.all()
        assert sweep.cleanup.status == "DONE"
