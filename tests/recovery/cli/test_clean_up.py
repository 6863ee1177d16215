"""`clean-up` starts the clean-up of a drill once, and shows what came of it; others show how far it is."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from drs_recovery.cli.app import app
from drs_recovery.cli.commands import answer as answering
from drs_recovery.cli.commands import clean_up as command
from drs_recovery.clock import now
from drs_recovery.record.clean_up import asked_once, clean_up_run_id
from drs_recovery.record.enums import CleanupStatus
from drs_recovery.record.events import Event
from drs_recovery.record.parts import Approval
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


def path(drill: Any) -> str:
    """Return the path of the run that cleans an execution up, as it is sent."""
    run_id = clean_up_run_id(drill.store.run(read_execution(drill.id)))
    return f"{RUNS}/{run_id.replace(':', '%3A')}"


def ended(airflow: Stub, drill: Any, state: str = "failed") -> None:
    """Let the run be there, and over."""
    known = {"dag_id": "recovery_clean_up", "dag_run_id": "r", "state": state}
    airflow.on(f"GET {path(drill)}", (200, known))
    airflow.on(f"POST {path(drill)}/clear", (200, known))


def meanwhile(monkeypatch: pytest.MonkeyPatch, step: Callable[[], object]) -> None:
    """Let something happen while the command waits."""
    monkeypatch.setattr(command.time, "sleep", lambda _: step())


def test_r47_it_triggers_the_run_of_this_end_and_appends_to_the_trail(story: Any, airflow: Stub) -> None:
    """Though this plan says never. Who asked, and why, is in the trail."""
    drill = story()
    drill.to_the_end()
    result = run("clean-up", "web_shop", "--reason", "seen enough", "--no-follow")
    (sent,) = [body for request, body in airflow.requests if request == f"POST {RUNS}"]
    assert sent["dag_run_id"] == clean_up_run_id(drill.store.run(read_execution(drill.id)))
    assert sent["conf"] == {"execution_id": drill.id}
    asked = Event(type="CLEANUP_ASKED", time=now(), once=asked_once(sent["dag_run_id"]))
    drill.store.run(append_event(drill.id, asked))  # as the first task of that DAG run
    (asked,) = [event for event in drill.store.run(read_events(drill.id)) if event.type == "CLEANUP_ASKED"]
    assert (asked.actor, asked.detail, result.exit_code) == ("alice", "seen enough", 0)


def test_its_reason_is_kept_though_the_dag_run_was_first(story: Any, airflow: Stub) -> None:
    """A task that starts at once appends who asked before the command does, without a reason."""
    drill = story()
    drill.to_the_end()
    once = asked_once(clean_up_run_id(drill.store.run(read_execution(drill.id))))
    drill.store.run(append_event(drill.id, Event(type="CLEANUP_ASKED", time=now(), once=once)))
    run("clean-up", "web_shop", "--reason", "seen enough", "--no-follow")
    events = drill.store.run(read_events(drill.id))
    assert "seen enough" in [event.detail for event in events if event.type == "CLEANUP_ASKED"]


@pytest.mark.parametrize(
    ("status", "ends"),
    [(C.DONE, (0, "2 instances terminated")), (C.FAILED, (1, "AccessDenied"))],
)
def test_it_follows_to_the_end(
    story: Any, airflow: Stub, monkeypatch: pytest.MonkeyPatch, status: C, ends: tuple[int, str]
) -> None:
    """DONE is 0, any other end 1."""
    drill = story()
    drill.to_the_end()
    execution = drill.store.run(read_execution(drill.id))

    def work() -> None:
        drill.store.run(clean_up.clean_up(execution, C.TERMINATING))
        known = {"terminated": 2} if status is C.DONE else {"failure": "AccessDenied"}
        drill.store.run(clean_up.clean_up(execution, status, **known))

    meanwhile(monkeypatch, work)
    result = run("clean-up", "web_shop", "--json")
    code, text = ends
    assert result.exit_code == code
    assert json.loads(result.stdout)["execution"]["cleanup"]["status"] == status
    assert text in run("show", "web_shop").stdout


def test_a_gate_that_waits_is_shown_with_its_address(
    story: Any, airflow: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command has done what it can."""
    drill = story()
    drill.to_the_end()
    meanwhile(
        monkeypatch,
        lambda: drill.store.run(clean_up.clean_up(drill.store.run(read_execution(drill.id)), C.WAITING)),
    )
    result = run("clean-up", "web_shop")
    assert result.exit_code == 0
    assert "/dags/recovery_clean_up/runs/" in result.stdout.replace("\n", "")


def test_one_that_failed_or_was_kept_is_run_again(story: Any, airflow: Stub) -> None:
    """The DAG run of this end is cleared: there is never a second one."""
    drill = story()
    drill.to_the_end()
    drill.store.run(clean_up.clean_up(drill.store.run(read_execution(drill.id)), C.KEPT))
    ended(airflow, drill, "success")
    assert run("clean-up", "web_shop", "--no-follow").exit_code == 0
    assert (airflow.count(f"POST {RUNS}"), airflow.count(f"POST {path(drill)}/clear")) == (0, 1)


def test_a_run_that_ends_with_nothing_on_record_is_an_error(
    story: Any, airflow: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for ever."""
    drill = story()
    drill.to_the_end()
    monkeypatch.setattr(command, "RUN_CHECK", 0)
    meanwhile(monkeypatch, lambda: ended(airflow, drill))
    assert run("clean-up", "web_shop").exit_code == 1


@pytest.mark.parametrize("kind", ["it runs", "real", "no jobs", "done"])
def test_what_is_not_cleaned_up_is_refused_with_the_reason(story: Any, airflow: Stub, kind: str) -> None:
    """Nothing is asked of Airflow, and nothing changes."""
    drill = story(real=kind == "real")
    if kind == "it runs":
        drill.to_the_second_gate()
    elif kind == "no jobs":
        drill.freeze().refuse("late").finish()
    else:
        drill.to_the_end()
    if kind == "done":
        execution = drill.store.run(read_execution(drill.id))
        drill.store.run(clean_up.clean_up(execution, C.TERMINATING))
        drill.store.run(clean_up.clean_up(execution, C.DONE, terminated=5))
    before = drill.store.run(read_execution(drill.id))
    result = run("clean-up", "web_shop")
    texts = {
        "it runs": "only what has ended",
        "real": "only drills",
        "no jobs": "nothing to clean up",
        "done": "cleaned up already: DONE, 5 instances",
    }
    assert (result.exit_code, texts[kind] in result.stderr) == (3, True)
    assert (airflow.requests, drill.store.run(read_execution(drill.id))) == ([], before)


def test_a4_who_may_not_trigger_it_cleans_nothing_up(story: Any, airflow: Stub) -> None:
    """Airflow's own message is shown, and the trail has no such wish."""
    drill = story()
    drill.to_the_end()
    airflow.on(f"POST {RUNS}", (403, {"detail": "Forbidden"}))
    result = run("clean-up", "web_shop")
    assert (result.exit_code, "Forbidden" in result.stderr) == (3, True)
    assert not any(event.type == "CLEANUP_ASKED" for event in drill.store.run(read_events(drill.id)))


@pytest.mark.parametrize(("verb", "option"), [("approve", "Approve"), ("reject", "Reject")])
def test_its_gate_is_answered_like_any_other(
    story: Any, airflow: Stub, monkeypatch: pytest.MonkeyPatch, verb: str, option: str
) -> None:
    """As the signed-in user, and no sooner than Airflow can take it."""
    monkeypatch.setattr(answering, "TAKEN_UP", 0)
    drill = story()
    drill.to_the_end()
    drill.store.run(clean_up.clean_up(drill.store.run(read_execution(drill.id)), C.WAITING))
    gate = f"{path(drill)}/taskInstances/approve/-1/hitlDetails"
    ended(airflow, drill, "running")
    asked = {"subject": "?", "task_instance": {"task_id": "approve", "state": "awaiting_input"}}
    airflow.on(f"GET {gate}", (200, asked | {"created_at": (now() - timedelta(minutes=1)).isoformat()}))
    airflow.on(f"PATCH {gate}", (200, {}))
    result = run(verb, drill.id, "--reason", "seen enough")
    (sent,) = [body for request, body in airflow.requests if request == f"PATCH {gate}"]
    assert (result.exit_code, sent["chosen_options"]) == (0, [option])
    assert sent["params_input"] == {"reason": "seen enough"}


def test_list_and_show_have_how_far_it_is(story: Any) -> None:
    """And that it is offered where none is ordered."""
    drill = story()
    drill.to_the_end()
    assert f"clean-up {drill.id}" in " ".join(run("show", "web_shop").stdout.split())
    assert "clean-up" not in run("list").stdout
    answer = Approval(decision="REJECTED", by="bob", time=drill.at, reason="still testing")
    drill.store.run(clean_up.clean_up(drill.store.run(read_execution(drill.id)), C.KEPT, approval=answer))
    assert "KEPT by bob: still testing" in run("show", "web_shop").stdout
    assert "KEPT" in run("list").stdout
