"""`clean-up` starts the clean-up of a drill once, and tells what came of it; others show how it stands."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from drs_recovery.cli.app import app
from drs_recovery.cli.commands import answer as answering
from drs_recovery.cli.commands import clean_up as command
from drs_recovery.cli.words import now
from drs_recovery.record.clean_up import asked_once, clean_up_run_id
from drs_recovery.record.enums import CleanupStatus
from drs_recovery.record.events import Event
from drs_recovery.record.models import Approval
from drs_recovery.store.programs import clean_up
from drs_recovery.store.queries import read_execution
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.trail import append_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.recovery.cli.airflow_stub import Stub

RUNS = "/api/v2/dags/recovery_clean_up/dagRuns"
DAG = {"dag_id": "recovery_clean_up", "is_paused": False, "is_stale": False, "tags": []}
C = CleanupStatus


@pytest.fixture
def airflow(signed_in: Stub) -> Stub:
    """Give an Airflow with alice signed in and no run of the clean-up yet."""
    signed_in.on("GET /api/v2/dags/recovery_clean_up/details", (200, DAG))
    signed_in.on(f"POST {RUNS}", (200, {"dag_id": "recovery_clean_up", "dag_run_id": "r", "state": "queued"}))
    return signed_in


def run(*arguments: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


def path(told: Any) -> str:
    """Return the path of the run that cleans an execution up, as it is sent."""
    run_id = clean_up_run_id(told.store.run(read_execution(told.id)))
    return f"{RUNS}/{run_id.replace(':', '%3A')}"


def ended(airflow: Stub, told: Any, state: str = "failed") -> None:
    """Let the run be there, and over."""
    known = {"dag_id": "recovery_clean_up", "dag_run_id": "r", "state": state}
    airflow.on(f"GET {path(told)}", (200, known))
    airflow.on(f"POST {path(told)}/clear", (200, known))


def meanwhile(monkeypatch: pytest.MonkeyPatch, step: Callable[[], object]) -> None:
    """Let something happen while the command waits."""
    monkeypatch.setattr(command.time, "sleep", lambda _: step())


def test_r47_it_triggers_the_run_of_this_end_and_tells_the_trail(story: Any, airflow: Stub) -> None:
    """Whatever the plan says: this one says never. Who asked, and why, is told."""
    told = story()
    told.to_the_end()
    result = run("clean-up", "web_shop", "--reason", "seen enough", "--no-follow")
    (sent,) = [body for request, body in airflow.requests if request == f"POST {RUNS}"]
    assert sent["dag_run_id"] == clean_up_run_id(told.store.run(read_execution(told.id)))
    assert sent["conf"] == {"execution_id": told.id}
    asked = Event(type="CLEANUP_ASKED", time=now(), once=asked_once(sent["dag_run_id"]))
    told.store.run(append_event(told.id, asked))  # as the first task of that DAG run
    (asked,) = [event for event in told.store.run(read_events(told.id)) if event.type == "CLEANUP_ASKED"]
    assert (asked.actor, asked.detail, result.exit_code) == ("alice", "seen enough", 0)


def test_its_reason_is_kept_though_the_dag_run_was_first(story: Any, airflow: Stub) -> None:
    """A task that starts at once appends who asked before the command does, without a reason."""
    told = story()
    told.to_the_end()
    once = asked_once(clean_up_run_id(told.store.run(read_execution(told.id))))
    told.store.run(append_event(told.id, Event(type="CLEANUP_ASKED", time=now(), once=once)))
    run("clean-up", "web_shop", "--reason", "seen enough", "--no-follow")
    events = told.store.run(read_events(told.id))
    assert "seen enough" in [event.detail for event in events if event.type == "CLEANUP_ASKED"]


@pytest.mark.parametrize(
    ("status", "ends"),
    [(C.DONE, (0, "2 instances terminated")), (C.FAILED, (1, "AccessDenied"))],
)
def test_it_follows_to_the_end(
    story: Any, airflow: Stub, monkeypatch: pytest.MonkeyPatch, status: C, ends: tuple[int, str]
) -> None:
    """DONE is 0, any other end 1."""
    told = story()
    told.to_the_end()
    execution = told.store.run(read_execution(told.id))

    def work() -> None:
        told.store.run(clean_up.clean_up(execution, C.TERMINATING))
        known = {"terminated": 2} if status is C.DONE else {"failure": "AccessDenied"}
        told.store.run(clean_up.clean_up(execution, status, **known))

    meanwhile(monkeypatch, work)
    result = run("clean-up", "web_shop", "--json")
    code, words = ends
    assert result.exit_code == code
    assert json.loads(result.stdout)["execution"]["cleanup"]["status"] == status
    assert words in run("show", "web_shop").stdout


def test_a_gate_that_waits_is_told_with_its_address(
    story: Any, airflow: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command has done what it can."""
    told = story()
    told.to_the_end()
    meanwhile(
        monkeypatch,
        lambda: told.store.run(clean_up.clean_up(told.store.run(read_execution(told.id)), C.WAITING)),
    )
    result = run("clean-up", "web_shop")
    assert result.exit_code == 0
    assert "/dags/recovery_clean_up/runs/" in result.stdout.replace("\n", "")


def test_one_that_failed_or_was_kept_is_run_again(story: Any, airflow: Stub) -> None:
    """The DAG run of this end is cleared: there is never a second one."""
    told = story()
    told.to_the_end()
    told.store.run(clean_up.clean_up(told.store.run(read_execution(told.id)), C.KEPT))
    ended(airflow, told, "success")
    assert run("clean-up", "web_shop", "--no-follow").exit_code == 0
    assert (airflow.count(f"POST {RUNS}"), airflow.count(f"POST {path(told)}/clear")) == (0, 1)


def test_a_run_that_ends_without_a_word_is_told(
    story: Any, airflow: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for ever."""
    told = story()
    told.to_the_end()
    monkeypatch.setattr(command, "RUN_CHECK", 0)
    meanwhile(monkeypatch, lambda: ended(airflow, told))
    assert run("clean-up", "web_shop").exit_code == 1


@pytest.mark.parametrize("kind", ["it runs", "real", "no jobs", "done"])
def test_what_is_not_cleaned_up_is_refused_with_the_reason(story: Any, airflow: Stub, kind: str) -> None:
    """Nothing is asked of Airflow, and nothing changes."""
    told = story(real=kind == "real")
    if kind == "it runs":
        told.to_the_second_gate()
    elif kind == "no jobs":
        told.freeze().refuse("late").finish()
    else:
        told.to_the_end()
    if kind == "done":
        execution = told.store.run(read_execution(told.id))
        told.store.run(clean_up.clean_up(execution, C.TERMINATING))
        told.store.run(clean_up.clean_up(execution, C.DONE, terminated=5))
    before = told.store.run(read_execution(told.id))
    result = run("clean-up", "web_shop")
    words = {
        "it runs": "only what has ended",
        "real": "only drills",
        "no jobs": "nothing to clean up",
        "done": "cleaned up already: DONE, 5 instances",
    }
    assert (result.exit_code, words[kind] in result.stderr) == (3, True)
    assert (airflow.requests, told.store.run(read_execution(told.id))) == ([], before)


def test_a4_who_may_not_trigger_it_cleans_nothing_up(story: Any, airflow: Stub) -> None:
    """Airflow's own words are shown, and the trail tells of no such wish."""
    told = story()
    told.to_the_end()
    airflow.on(f"POST {RUNS}", (403, {"detail": "Forbidden"}))
    result = run("clean-up", "web_shop")
    assert (result.exit_code, "Forbidden" in result.stderr) == (3, True)
    assert not any(event.type == "CLEANUP_ASKED" for event in told.store.run(read_events(told.id)))


@pytest.mark.parametrize(("verb", "option"), [("approve", "Approve"), ("reject", "Reject")])
def test_its_gate_is_answered_like_any_other(
    story: Any, airflow: Stub, monkeypatch: pytest.MonkeyPatch, verb: str, option: str
) -> None:
    """As the signed-in user, and no sooner than Airflow can take it."""
    monkeypatch.setattr(answering, "TAKEN_UP", 0)
    told = story()
    told.to_the_end()
    told.store.run(clean_up.clean_up(told.store.run(read_execution(told.id)), C.WAITING))
    gate = f"{path(told)}/taskInstances/approve/-1/hitlDetails"
    ended(airflow, told, "running")
    asked = {"subject": "?", "task_instance": {"task_id": "approve", "state": "awaiting_input"}}
    airflow.on(f"GET {gate}", (200, asked | {"created_at": (now() - timedelta(minutes=1)).isoformat()}))
    airflow.on(f"PATCH {gate}", (200, {}))
    result = run(verb, told.id, "--reason", "seen enough")
    (sent,) = [body for request, body in airflow.requests if request == f"PATCH {gate}"]
    assert (result.exit_code, sent["chosen_options"]) == (0, [option])
    assert sent["params_input"] == {"reason": "seen enough"}


def test_list_and_show_tell_how_it_stands(story: Any) -> None:
    """And that it is offered where none is ordered."""
    told = story()
    told.to_the_end()
    assert f"clean-up {told.id}" in " ".join(run("show", "web_shop").stdout.split())
    assert "clean-up" not in run("list").stdout
    answer = Approval(decision="REJECTED", by="bob", time=told.at, reason="still testing")
    told.store.run(clean_up.clean_up(told.store.run(read_execution(told.id)), C.KEPT, approval=answer))
    assert "KEPT by bob: still testing" in run("show", "web_shop").stdout
    assert "KEPT" in run("list").stdout
