"""Tasks of other operators in a plan's DAG: what failed of them is shown by name, and is never a success."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.dag.maintenance import maintenance_dag
from drs_recovery.errors import RunDiffers
from drs_recovery.record.task_record import NO_MESSAGE
from drs_recovery.store.programs import cancel
from drs_recovery.store.tasks import read_tasks
from drs_recovery.tasks.recorded import recorded
from tests.recovery.denied import CURE, denied
from tests.recovery.tasks.conftest import Drive, plan

if TYPE_CHECKING:
    from collections.abc import Mapping

BEFORE, AFTER, BETWEEN = "application.before_switch_dns", "application.after_smoke", "database.after_promote"
ALONE = "notify"
NOT_RUN = {f"application.{name}": "upstream_failed" for name in ("approve", "start_recovery")}
SKIPPED = dict.fromkeys(NOT_RUN, "skipped")


class OtherTasks:
    """Tasks of another operator in the DAG of a drill, as a plan's actions will stand in it."""

    def __init__(self, drive: Drive) -> None:
        self.drive = drive
        groups = drive.dag.task_group_dict
        with drive.dag:
            for task_id in (BEFORE, AFTER, BETWEEN, ALONE):
                group, _, name = task_id.rpartition(".")
                EmptyOperator(task_id=name, task_group=groups[group] if group else None, **recorded())

    def tell(self, task_id: str, how: str, error: Exception | None = None, **ti: Any) -> None:
        """Let a task's callbacks write how it stands, as Airflow calls them."""
        context = self.drive.context(task_id, **ti) | ({"exception": error} if error else {})
        for callback in getattr(self.drive.dag.get_task(task_id), f"on_{how}_callback"):
            callback(context)

    def run(self, task_id: str, error: Exception | None = None, **ti: Any) -> None:
        """Run a task to its end."""
        self.tell(task_id, "execute", **ti)
        self.tell(task_id, "failure" if error else "success", error, **ti)

    @property
    def items(self) -> dict[str, str]:
        """The state of each task on record."""
        tasks = self.drive.store.run(read_tasks(self.drive.execution_id))
        return {task.task_id: task.state.value for task in tasks}

    def end(self, states: Mapping[str, str], status: str = "FAILED") -> str:
        """Complete the execution, no success, while the tasks have these states; return its outcome."""
        self.drive.states = dict(states)
        with pytest.raises(AirflowFailException, match=status):
            self.drive.execute("complete_execution")
        assert self.drive.record.status == status
        return str(self.drive.record.outcome)


@pytest.fixture
def others(table: Any) -> OtherTasks:
    """A drill whose first wave is COMPLETED, and tasks of another operator."""
    others = OtherTasks(Drive(plan(), approvals="none"))
    others.drive.execute("open_execution")
    others.drive.wave("database")
    return others


def test_every_task_of_another_operator_has_an_item(others: OtherTasks) -> None:
    """What began and never ended stays RUNNING."""
    others.tell(BEFORE, "execute")
    others.run(BETWEEN)
    others.run(ALONE, RuntimeError("no such channel"))
    assert others.items == {BEFORE: "RUNNING", BETWEEN: "SUCCESS", ALONE: "FAILED"}
    on_record = others.drive.store.run(read_tasks(others.drive.execution_id))
    found = [(task.name, task.wave_number, task.message) for task in on_record]
    assert found == [
        ("after_promote", 0, None),
        ("before_switch_dns", 1, None),
        ("notify", None, "no such channel"),
    ]
    assert [task.end_time is None for task in on_record] == [False, True, False]


def test_a_right_that_another_operator_lacks_is_on_record_with_its_cure(others: OtherTasks) -> None:
    """As of tasks of ours."""
    others.run(ALONE, denied("sns:Publish"))
    (on_record,) = others.drive.store.run(read_tasks(others.drive.execution_id))
    assert str(on_record.message).endswith(f"; allow sns:Publish {CURE}")


@pytest.mark.parametrize("spoken", [True, False], ids=["spoken", "silent"])
def test_a_task_that_failed_before_its_wave_fails_the_wave(others: OtherTasks, *, spoken: bool) -> None:
    """By its name, and never as marked by hand: a foreign task leaves no last words of a role of ours."""
    if spoken:
        others.run(BEFORE, RuntimeError("NXDOMAIN"))
    outcome = others.end({BEFORE: "failed", **NOT_RUN})
    assert others.drive.statuses == ["COMPLETED", "FAILED"]
    why = "NXDOMAIN" if spoken else NO_MESSAGE
    assert f"Application FAILED: task before_switch_dns of Application failed: {why}." in outcome
    assert "by hand" not in outcome


@pytest.mark.parametrize(
    ("task_id", "name", "spoken", "state"),
    [
        (AFTER, "after_smoke of Application", True, "failed"),
        (AFTER, "after_smoke of Application", True, "success"),
        (AFTER, "after_smoke of Application", False, "failed"),
        (ALONE, "notify", False, "failed"),
    ],
    ids=["spoken", "marked success by hand", "silent", "of no wave"],
)
def test_no_execution_is_completed_while_a_task_failed(
    others: OtherTasks, task_id: str, name: str, state: str, *, spoken: bool
) -> None:
    """All waves are COMPLETED, but the DAG run is not: record and run agree."""
    others.drive.wave("application")
    if spoken:
        others.run(task_id, RuntimeError("the shop sells nothing"))
    outcome = others.end({task_id: state})
    assert others.drive.statuses == ["COMPLETED", "COMPLETED"]
    why = "the shop sells nothing" if spoken else NO_MESSAGE
    assert others.drive.record.task_failure == f"task {name} failed: {why}"
    assert f"Failed: task {name} failed: {why}. Finished: Database, Application." in outcome


@pytest.mark.parametrize("last", [BEFORE, AFTER])
def test_a_run_that_is_cancelled_while_a_task_runs_is_cancelled(others: OtherTasks, last: str) -> None:
    """Also after the last wave: the end of the run stopped it, it did not fail."""
    if last == AFTER:
        others.drive.wave("application")
    others.tell(last, "execute")
    others.drive.store.run(cancel.ask(others.drive.execution_id, "bob", "enough seen"))
    outcome = others.end({last: "failed", **(SKIPPED if last == BEFORE else {})}, "CANCELLED")
    assert "cancelled by bob: enough seen" in outcome
    assert others.drive.record.task_failure is None


def test_what_follows_a_task_that_failed_never_ran(others: OtherTasks) -> None:
    """The wave of the task is COMPLETED and stays so."""
    others.run(BETWEEN, RuntimeError("still a replica"))
    outcome = others.end({BETWEEN: "failed", **NOT_RUN})
    assert others.drive.statuses == ["COMPLETED", "SKIPPED"]
    assert "Failed: task after_promote of Database failed: still a replica." in outcome
    assert "inconsistent" not in outcome


@pytest.mark.parametrize(
    ("spoken", "status"), [(False, "CANCELLED"), (True, "FAILED")], ids=["killed by the end", "had failed"]
)
def test_a_run_that_was_ended_by_hand_fails_what_runs(
    others: OtherTasks, status: str, *, spoken: bool
) -> None:
    """Airflow gives a running task that state; what a task says itself stands above what people did."""
    others.tell(BEFORE, "execute")
    if spoken:
        others.tell(BEFORE, "failure", RuntimeError("NXDOMAIN"))
    outcome = others.end({BEFORE: "failed", **SKIPPED}, status)
    assert ("by hand" in outcome, "NXDOMAIN" in outcome) == (not spoken, spoken)


def test_silence_of_another_operator_is_no_evidence_of_a_person(others: OtherTasks) -> None:
    """It may skip itself; what marks a role of ours is shown by that role."""
    outcome = others.end({BEFORE: "skipped", "application.start_recovery": "failed"}, "CANCELLED")
    assert "application.start_recovery failed and left no message" in outcome


def test_of_a_run_that_is_gone_the_record_alone_tells(others: OtherTasks) -> None:
    """The maintenance ends the execution, and knows no states of tasks: what a task said itself counts."""
    others.drive.wave("application")
    others.run(AFTER, RuntimeError("the shop sells nothing"))
    reconcile: Any = maintenance_dag(Path("no such folder")).get_task("reconcile")
    reconcile.execute(others.drive.context("reconcile", deleted={others.drive.run.run_id}))
    assert others.drive.record.status == "FAILED"
    assert others.drive.record.task_failure == (
        "task after_smoke of Application failed: the shop sells nothing"
    )


def test_tasks_that_did_their_work_change_nothing(others: OtherTasks) -> None:
    """The execution is COMPLETED."""
    others.run(BEFORE)
    others.drive.wave("application")
    for task_id in (AFTER, BETWEEN, ALONE):
        others.run(task_id)
    others.drive.states = dict.fromkeys((BEFORE, AFTER, BETWEEN, ALONE), "success")
    assert others.drive.execute("complete_execution") == "COMPLETED"
    assert others.drive.record.task_failure is None


def test_a_new_attempt_forgets_what_failed(others: OtherTasks) -> None:
    """Of the attempt before; the task runs again, and is judged again."""
    others.run(BEFORE, RuntimeError("NXDOMAIN"))
    others.run(ALONE, RuntimeError("no such channel"))
    others.end({BEFORE: "failed", ALONE: "failed", **NOT_RUN})
    assert others.drive.record.task_failure == "task notify failed: no such channel"
    others.drive.clear()
    others.drive.execute("application.approve")
    assert (others.drive.record.task_failure, others.drive.record.wave(1).attempt) == (None, 2)
    others.run(ALONE, try_number=2)
    others.drive.wave("application")
    assert others.items == {BEFORE: "FAILED", ALONE: "SUCCESS"}
    assert others.drive.execute("complete_execution") == "COMPLETED"


def test_what_a_late_process_says_of_an_earlier_try_counts_no_more(others: OtherTasks) -> None:
    """Airflow may tell of a killed process after the next try has ended."""
    others.run(BEFORE, try_number=2)
    others.run(BEFORE, RuntimeError("late"), try_number=1)
    assert others.items == {BEFORE: "SUCCESS"}


def test_another_run_under_the_same_id_writes_nothing(others: OtherTasks) -> None:
    """Whoever deletes a run may use its id again: its tasks are no evidence of this execution."""
    others.drive.run.triggering_user_name = "eve"
    with pytest.raises(RunDiffers):
        others.run(BEFORE, RuntimeError("NXDOMAIN"))
    assert others.items == {}
