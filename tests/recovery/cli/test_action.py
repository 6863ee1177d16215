"""`run-again` and `skip`: who may edit the run says what becomes of an action, and that goes on record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from drs_recovery.cli.app import app
from drs_recovery.record.enums import TaskState
from drs_recovery.record.task_record import TaskRecord
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.tasks import read_tasks, write_action
from tests.recovery.cli.execution_story import PAGED

if TYPE_CHECKING:
    from tests.recovery.cli.airflow_stub import Stub
    from tests.recovery.cli.execution_story import Story

DAG = "/api/v2/dags/web_shop"


@pytest.fixture
def airflow(signed_in: Stub) -> Stub:
    """Give an Airflow that takes all that alice asks."""
    signed_in.on(f"PATCH {DAG}/dagRuns/manual__1", (200, {}))
    signed_in.on(f"POST {DAG}/clearTaskInstances", (200, {}))
    return signed_in


@pytest.fixture
def ended(story: Any) -> Story:
    """Give an execution whose last action failed."""
    shown: Story = story(plan=PAGED).to_the_end()
    failed = TaskRecord(task_id="after_note", state="FAILED", action="note", message="503", runs=1)
    shown.store.run(write_action(shown.id, None, failed))
    return shown


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


def on_record(shown: Story) -> TaskRecord:
    """Return what is on record of the action."""
    (task,) = shown.store.run(read_tasks(shown.id))
    return task


@pytest.mark.parametrize(
    ("typed", "state"), [("run-again web_shop note", "AGAIN"), ("skip web_shop after_note", "SKIPPED")]
)
def test_the_answer_goes_on_record_and_the_tasks_are_cleared(
    airflow: Stub, ended: Story, typed: str, state: str
) -> None:
    """Who, when and why, before Airflow runs the task; with all that follows it."""
    assert run(*typed.split(), "--reason", "by hand").exit_code == 0
    task = on_record(ended)
    assert (task.state, task.by, task.reason, task.message) == (state, "alice", "by hand", "503")
    (told,) = [one for one in ended.store.run(read_events(ended.id)) if one.type == f"TASK_{state}"]
    assert (told.actor, told.detail) == ("alice", "note: by hand")
    (cleared,) = [body for request, body in airflow.requests if request.startswith("POST")]
    assert (cleared["task_ids"], cleared["include_downstream"], cleared["reset_dag_runs"]) == (
        ["after_note"],
        True,
        True,
    )


def test_who_may_not_edit_the_run_says_nothing(airflow: Stub, ended: Story) -> None:
    """Airflow's own words are shown, and the record stays."""
    airflow.on(f"PATCH {DAG}/dagRuns/manual__1", (403, {"detail": "Forbidden"}))
    result = run("run-again", "web_shop", "note", "--reason", "mended")
    assert (result.exit_code, "Forbidden" in result.stderr) == (3, True)
    assert on_record(ended).state is TaskState.FAILED


def test_an_answer_that_airflow_does_not_take_is_taken_back(airflow: Stub, ended: Story) -> None:
    """Nobody who clears the task later runs it again by an answer that came to nothing."""
    airflow.on(f"POST {DAG}/clearTaskInstances", (404, {"detail": "gone"}))
    assert run("run-again", "web_shop", "note", "--reason", "mended").exit_code == 3
    assert on_record(ended).state is TaskState.FAILED


@pytest.mark.parametrize(
    ("named", "state", "why"),
    [
        ("nothing", "FAILED", "it has no such action; by their tasks: after_note"),
        ("note", "SUCCESS", "is SUCCESS on record: nothing is left to say of it"),
        ("note", "SKIPPED", "is SKIPPED on record"),
    ],
)
def test_what_there_is_nothing_to_say_of_is_refused(
    airflow: Stub, ended: Story, named: str, state: str, why: str
) -> None:
    """And nothing is asked of Airflow but who is there."""
    ended.store.run(write_action(ended.id, on_record(ended), on_record(ended).replace(state=state)))
    result = run("skip", "web_shop", named, "--reason", "by hand")
    assert (result.exit_code, why in result.stderr) == (3, True)
    assert not [request for request, _ in airflow.requests if request.startswith("POST")]


def test_what_has_not_run_in_an_execution_that_goes_on_is_waited_for(airflow: Stub, story: Any) -> None:
    """Nobody can say that it did not do its work; but it can be let be, and nothing is cleared for that."""
    shown = story(plan=PAGED).to_the_second_gate()
    result = run("run-again", "web_shop", "note", "--reason", "by hand")
    assert (result.exit_code, "has not run: wait for it" in result.stderr) == (3, True)
    result = run("skip", "web_shop", "note", "--reason", "by hand")
    assert (result.exit_code, "It is passed when its turn comes" in result.stdout) == (0, True)
    assert (on_record(shown).state, on_record(shown).by) == (TaskState.SKIPPED, "alice")
    assert not [request for request, _ in airflow.requests if request.startswith("POST")]


def test_show_and_json_have_the_actions(ended: Story) -> None:
    """In a line under the waves, and as they are on record."""
    shown = run("show", "web_shop").stdout
    assert "after: note" in shown
    assert "503" in shown
    assert '"taskId": "after_note"' in run("show", "web_shop", "--json").stdout
