"""What a person says of an action lets it run again, or be; the execution is open again for that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from drs_recovery.clock import now
from drs_recovery.engine import actions
from drs_recovery.engine.action_answers import Answer, answer_action, find_action
from drs_recovery.errors import TransitionRefused
from drs_recovery.record.enums import TaskState
from tests.recovery.tasks.actions.conftest import Act, page, wave
from tests.recovery.tasks.conftest import WEB

if TYPE_CHECKING:
    from tests.recovery.tasks.actions.conftest import Pager

BEFORE, AFTER = "database.before_page", "database.after_page"


def say(act: Act, state: TaskState, named: str) -> tuple[str, ...]:
    """Answer as bob, and clear the tasks as the command line does; return those."""
    found = find_action(act.store, act.record, act.plan, named)
    answer_action(act.store, act.record, found, Answer(state, "bob", now(), "looked at it"))
    act.clear()
    return found.to_clear


@pytest.mark.parametrize(
    ("state", "sent", "end"), [(TaskState.AGAIN, 2, "COMPLETED"), (TaskState.SKIPPED, 1, "PARTIAL")]
)
def test_an_action_after_a_wave_opens_the_execution_again(
    pager: Pager, state: TaskState, sent: int, end: str
) -> None:
    """The wave stays COMPLETED, its servers are launched once, and the waves that never ran come."""
    pager.statuses += [500]
    act = Act(wave(after=[page()]), wave("Web", WEB))
    act.wave("database")
    act.refused(AFTER, "500")
    assert act.end(**{AFTER: "failed"}) == "FAILED"
    assert say(act, state, AFTER) == (AFTER,)
    act.execute(AFTER, try_number=2)
    assert (act.record.final, act.statuses) == (False, ["COMPLETED", "PENDING"])
    act.wave("web")
    assert act.end() == end
    assert len(pager.requests) == sent
    assert ("Skipped: page of Database by bob: looked at it." in str(act.record.outcome)) == (
        end == "PARTIAL"
    )


@pytest.mark.parametrize("state", [TaskState.AGAIN, TaskState.SKIPPED])
def test_an_action_before_a_wave_belongs_to_a_new_attempt_of_it(pager: Pager, state: TaskState) -> None:
    """Nobody saw how it ended; the wave is FAILED, and its gate asks again."""
    act = Act(wave(before=[page()], pause_before_wave=True))
    act.park("database.approve")
    act.answer("database.approve")
    act.killed_in(BEFORE)
    act.refused(BEFORE, "nobody saw", try_number=2)
    assert act.end(**{BEFORE: "failed"}) == "FAILED"
    assert say(act, state, "page") == ("database.approve", BEFORE)
    act.park("database.approve")
    act.refused(
        BEFORE, "its gate holds no approval of attempt 2", try_number=3
    ) if state is TaskState.AGAIN else None
    act.answer("database.approve")
    act.execute(BEFORE, try_number=3)
    act.execute("database.start_recovery")
    act.execute("database.wait_for_recovery")
    assert len(pager.requests) == (2 if state is TaskState.AGAIN else 1)
    assert act.end() == ("COMPLETED" if state is TaskState.AGAIN else "PARTIAL")


def test_clearing_alone_opens_nothing(pager: Pager) -> None:
    """Without an answer of a person a task that is cleared after the end refuses."""
    pager.statuses += [500]
    act = Act(wave(after=[page()]))
    act.wave("database")
    act.refused(AFTER, "500")
    assert act.end(**{AFTER: "failed"}) == "FAILED"
    act.clear()
    act.refused(AFTER, "FAILED, for good", try_number=2)
    assert len(pager.requests) == 1


def test_an_answer_of_before_the_end_opens_nothing_after_it(pager: Pager) -> None:
    """It was for then: the run was cancelled since."""
    pager.statuses += [500]
    act = Act(wave(after=[page()]), wave("Web", WEB, depends_on=[]))
    act.wave("database")
    act.refused(AFTER, "500")
    say(act, TaskState.AGAIN, AFTER)
    assert act.end(**{"web.approve": "failed"}) in {"FAILED", "CANCELLED"}
    act.refused(AFTER, "for good", try_number=2)
    assert len(pager.requests) == 1


def test_what_has_not_run_yet_is_let_be_and_passed_when_its_turn_comes(pager: Pager) -> None:
    """Behind a gate, which nobody has to answer again; the execution is PARTIAL at best."""
    act = Act(wave(before=[page()], pause_before_wave=True))
    act.park("database.approve")
    found = find_action(act.store, act.record, act.plan, "page")
    answer_action(act.store, act.record, found, Answer(TaskState.SKIPPED, "bob", now(), "done by hand"))
    assert found.to_clear == ()
    act.answer("database.approve")
    for task in (BEFORE, "database.start_recovery", "database.wait_for_recovery"):
        act.execute(task)
    assert (act.end(), pager.requests) == ("PARTIAL", [])


def test_an_action_that_is_let_be_while_it_begins_is_passed(
    pager: Pager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose write comes first counts; the wave goes on."""
    act = Act(wave(before=[page()]))
    act.execute("database.approve")

    def late(*arguments: Any) -> None:
        check_over(*arguments)
        found = find_action(act.store, act.record, act.plan, "page")
        answer_action(act.store, act.record, found, Answer(TaskState.SKIPPED, "bob", now(), "by hand"))

    check_over = actions.check_over
    monkeypatch.setattr(actions, "check_over", late)
    act.execute(BEFORE)
    assert (act.state(BEFORE), pager.requests) == ("SKIPPED", [])


def test_what_is_done_or_not_there_has_nothing_to_say_of(pager: Pager) -> None:
    """Nor what runs: nobody can say that it did not do its work."""
    act = Act(wave(before=[page()], after=[page("other"), page()]))
    act.execute("database.approve")
    act.execute(BEFORE)
    for named, why in (
        (BEFORE, "is SUCCESS on record"),
        ("other", "has not run"),
        ("page", "several actions have that name"),
        ("nothing", "it has no such action"),
    ):
        with pytest.raises(TransitionRefused, match=why):
            say(act, TaskState.AGAIN, named)
