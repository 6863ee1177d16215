"""An action asks the record before it does anything, and its end goes on record (invariants 13 and 14)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from drs_recovery.clock import now
from drs_recovery.engine import actions
from drs_recovery.engine.gate_text import gate_body
from drs_recovery.store.programs import cancel
from drs_recovery.store.servers import read_servers
from tests.recovery.tasks.actions.conftest import Act, page, wave
from tests.recovery.tasks.conftest import WEB
from tests.recovery.tasks.test_gate_several import forge_approval

if TYPE_CHECKING:
    from tests.recovery.tasks.actions.conftest import Pager

BEFORE, AFTER = "database.before_page", "database.after_page"


def test_a_wave_runs_its_actions_in_order_and_each_has_an_item(pager: Pager) -> None:
    """Before its start and after its wait; what they did stands on record in a line."""
    act = Act(
        wave(before=[page("one"), page("two")], after=[page("three", {"ip": "{{ servers[0].private_ip }}"})])
    )
    act.execute("database.approve")
    for name in ("before_one", "before_two", "start_recovery", "wait_for_recovery", "after_three"):
        act.execute(f"database.{name}")
    assert pager.bodies[:2] == [{"say": "one"}, {"say": "two"}]
    servers = act.store.run(read_servers(act.execution_id))
    assert pager.bodies[2:] == [{"ip": servers[0].private_ip}]
    assert {task: (item.state, item.result) for task, item in act.tasks.items()} == {
        f"database.{name}": ("SUCCESS", "200 OK") for name in ("before_one", "before_two", "after_three")
    }
    assert act.end() == "COMPLETED"


@pytest.mark.parametrize(
    ("done", "task", "why"),
    [
        ([], "database.start_recovery", "the action 'page'.*has not run on record"),
        ([], AFTER, "its policy is not met"),
        ([BEFORE, "database.start_recovery"], BEFORE, None),
        ([BEFORE], "web.before_page", "it waits for waves that are not done"),
        ([], "after_page", "its waves are not done"),
    ],
    ids=["a start before its action", "after no launch", "again", "of a later wave", "after the plan"],
)
def test_nothing_runs_on_a_state_that_only_airflow_claims(
    pager: Pager, done: list[str], task: str, why: str | None
) -> None:
    """Whoever marks tasks or clears them out of order gets a refusal with its reason, and nothing is sent."""
    waves = (wave(before=[page()], after=[page()]), wave("Web", WEB, before=[page()]))
    act = Act(*waves, after=[page()])
    for name in ["database.approve", *done]:
        act.execute(name)
    sent = len(pager.requests)
    if why:
        act.refused(task, why)
    else:
        act.execute(task)
    assert len(pager.requests) == sent
    assert act.state(task) in {"REFUSED", "SUCCESS", None}


def test_an_action_counts_the_people_of_its_gate_again(pager: Pager, table: Any) -> None:
    """One approval that somebody wrote past a gate which needs two lets nothing run."""
    act = Act(wave(pause_before_wave=True, before=[page()], approvals_needed=2))
    forge_approval(table, act)
    act.refused(BEFORE, "2 different people must approve, and on record is only bob")
    assert pager.requests == []


def test_a_gate_that_was_marked_success_lets_no_action_run(pager: Pager) -> None:
    """The record holds no approval."""
    act = Act(wave(pause_before_wave=True, before=[page()]))
    act.refused(BEFORE, "its gate holds no approval of attempt 1")
    assert pager.requests == []
    act.park("database.approve")
    act.answer("database.approve")
    act.execute(BEFORE)
    assert (act.state(BEFORE), act.tasks[BEFORE].by) == ("SUCCESS", "alice")


def test_an_execution_that_ends_while_an_action_begins_runs_it_no_more(
    pager: Pager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its begin was on record only after the end: nothing is sent, and that is what the record says."""
    act = Act(wave(before=[page()]))
    act.execute("database.approve")
    check_over = actions.check_over

    def late(*arguments: Any) -> None:
        check_over(*arguments)
        act.end(**{"database.approve": "failed"})

    monkeypatch.setattr(actions, "check_over", late)
    act.refused("database.before_page", "for good")
    assert (act.state("database.before_page"), pager.requests) == ("REFUSED", [])


def test_a_superseded_or_ended_execution_runs_no_action(pager: Pager) -> None:
    """Its later tasks refuse."""
    act = Act(wave(before=[page()]))
    act.execute("database.approve")
    act.store.run(cancel.ask(act.execution_id, "bob", "enough"))
    assert act.end() == "CANCELLED"
    act.refused(BEFORE, "CANCELLED, for good")
    assert pager.requests == []


@pytest.mark.parametrize(("kind", "ran"), [("DRILL", False), ("RECOVERY", True)])
def test_an_action_of_a_recovery_alone_does_not_run_in_a_drill(pager: Pager, kind: str, *, ran: bool) -> None:
    """The drill goes on without it, and nothing waits for it."""
    act = Act(wave(before=[page(only="recovery")], after=[page(only="recovery")]), kind=kind)
    act.wave_with_actions("database", "before_page", "after_page")
    assert len(pager.requests) == (2 if ran else 0)
    assert act.state(BEFORE) == ("SUCCESS" if ran else None)
    assert act.end() == "COMPLETED"


def test_what_was_begun_and_not_seen_to_end_is_not_run_again(pager: Pager) -> None:
    """A killed worker leaves it RUNNING; the next try fails with that sentence, and every later one too."""
    act = Act(wave(before=[page()]))
    act.execute("database.approve")
    act.killed_in(BEFORE)
    for number in (2, 3):
        act.refused(BEFORE, "was begun at .*nobody saw how it ended", try_number=number)
    assert (len(pager.requests), act.state(BEFORE)) == (1, "UNSEEN")
    act.refused("database.start_recovery", "UNSEEN on record")
    assert act.end(**{BEFORE: "failed"}) == "FAILED"
    assert "nobody saw how it ended" in str(act.record.outcome)


def test_what_may_be_repeated_runs_again(pager: Pager) -> None:
    """As the plan says."""
    act = Act(wave(before=[page(repeatable=True)]))
    act.execute("database.approve")
    act.killed_in(BEFORE)
    act.execute(BEFORE, try_number=2)
    assert (len(pager.requests), act.state(BEFORE), act.tasks[BEFORE].runs) == (2, "SUCCESS", 2)


def test_what_is_done_is_not_done_again_when_its_task_is_cleared(pager: Pager) -> None:
    """Whether Airflow runs the task once more or not."""
    act = Act(wave(before=[page()]))
    act.execute("database.approve")
    for number in (1, 2):
        act.execute(BEFORE, try_number=number)
    assert len(pager.requests) == 1


def test_actions_of_the_plan_come_before_and_after_all_waves(pager: Pager) -> None:
    """Each wave's start asks for those before."""
    act = Act(wave(), before=[page("first")], after=[page("last", {"n": "{{ servers | length }}"})])
    act.execute("database.approve")
    act.refused("database.start_recovery", "'first', task before_first, comes first")
    act.execute("before_first")
    act.wave("database")
    act.execute("after_last")
    assert pager.bodies == [{"say": "first"}, {"n": 1}]
    assert act.end() == "COMPLETED"


def test_a_template_that_cannot_be_filled_in_fails_the_action_and_sends_nothing(pager: Pager) -> None:
    """An address that is not there yet never becomes an empty text."""
    act = Act(wave(before=[page(body={"ip": "{{ servers[0].private_ip }}"})]))
    act.execute("database.approve")
    act.refused(BEFORE, "'private_ip' is not known")
    assert (pager.requests, act.state(BEFORE)) == ([], "FAILED")


def test_the_frozen_plan_says_what_runs_and_not_the_file(pager: Pager) -> None:
    """A plan that was edited in flight changes nothing, and has no action of its own."""
    act = Act(wave(before=[page()]))
    edited = Act.edited(act, wave(before=[page(body={"say": "edited"}), page("new")]))
    edited.execute("database.approve")
    edited.execute(BEFORE)
    assert pager.bodies == [{"say": "page"}]
    edited.refused("database.before_new", "the plan was edited")


def test_a_new_attempt_of_a_wave_runs_what_failed_and_not_what_is_done(pager: Pager) -> None:
    """What may be repeated is demanded of each attempt; what may not was done once and for all."""
    pager.statuses += [200, 200, 500]
    actions = [page("once"), page("each", repeatable=True), page("fails")]
    act = Act(wave(before=actions))
    act.execute("database.approve")
    act.execute("database.before_once")
    act.execute("database.before_each")
    act.refused("database.before_fails", "500")
    assert act.end(**{"database.before_fails": "failed"}) == "FAILED"
    act.clear()
    act.execute("database.approve")
    act.refused("database.start_recovery", "'each'.*has not run in attempt 2")
    for name in ("once", "each", "fails"):
        act.execute(f"database.before_{name}", try_number=2)
    assert [body["say"] for body in pager.bodies] == ["once", "each", "fails", "each", "fails"]
    act.wave("database")
    assert act.end() == "COMPLETED"


def test_a_gate_says_what_runs_once_it_is_answered(pager: Pager) -> None:
    """Of its wave, in this type of execution."""
    act = Act(wave(pause_before_wave=True, before=[page()], after=[page("last", only="recovery")]))
    record = act.record
    body = gate_body(act.plan, record, record.waves[0], [], at=now(), base_url="http://airflow")
    assert "- before Database: page (http)" in body
    assert "last" not in body


def test_what_nobody_saw_end_is_passed_over_where_the_plan_goes_on_without_it(pager: Pager) -> None:
    """It is told, as any other failure that stops nothing, and not run again."""
    act = Act(wave(before=[page(on_failure="continue")]))
    act.execute("database.approve")
    act.killed_in(BEFORE)
    for number in (2, 3):
        act.execute(BEFORE, try_number=number)
    act.wave("database")
    assert (len(pager.requests), act.state(BEFORE), act.end()) == (1, "UNSEEN", "COMPLETED")
    assert "nobody saw how it ended" in str(act.record.outcome)


def test_another_run_under_the_same_id_runs_nothing(pager: Pager) -> None:
    """Whoever deletes a run may use its id again: the execution is not its own."""
    act = Act(wave(before=[page()]))
    act.execute("database.approve")
    act.run.triggering_user_name = "eve"
    act.refused(BEFORE, "eve")
    assert (pager.requests, act.state(BEFORE)) == ([], None)


def test_a_connection_that_nobody_answers_was_seen_to_fail(pager: Pager, monkeypatch: Any) -> None:
    """Nothing was sent, so that it may be tried again."""
    act = Act(wave(before=[page()]))
    act.execute("database.approve")
    monkeypatch.setenv("AIRFLOW_CONN_PAGER", "http://127.0.0.1:1")
    act.refused(BEFORE, "refused")
    assert (pager.requests, act.state(BEFORE)) == ([], "FAILED")


def test_a_plan_without_actions_costs_no_look_at_tasks(table: Any) -> None:
    """Neither at its start nor at its end more than before."""
    act = Act(wave())
    table.control.clear_requests()
    act.execute("database.approve")
    act.execute("database.start_recovery")
    asked = [one["parameters"] for one in table.control.requests(service="dynamodb", operation="Query")]
    assert not [one for one in asked if "TASK#" in str(one)]
