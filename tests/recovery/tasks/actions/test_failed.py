"""An action that fails: what it stops, what goes on, and what becomes of the execution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.recovery.tasks.actions.conftest import Act, page, wave
from tests.recovery.tasks.conftest import WEB

if TYPE_CHECKING:
    from tests.recovery.tasks.actions.conftest import Pager


BEFORE, AFTER = "database.before_page", "database.after_page"


def test_a_failure_stops_the_wave(pager: Pager) -> None:
    """The wave is FAILED with the reason, and no later one starts."""
    pager.statuses += [500]
    act = Act(wave(before=[page()]), wave("Web", WEB))
    act.execute("database.approve")
    act.refused(BEFORE, "500")
    act.refused("database.start_recovery", "FAILED on record: .*500")
    assert act.end(**{BEFORE: "failed", "database.start_recovery": "upstream_failed"}) == "FAILED"
    assert act.statuses == ["FAILED", "SKIPPED"]
    assert "task before_page of Database failed: 500" in str(act.record.outcome)


def test_a_failure_that_stops_nothing_is_told(pager: Pager) -> None:
    """With `on_failure: continue` the task passes, the start too, and the outcome says what failed."""
    pager.statuses += [500]
    act = Act(wave(before=[page(on_failure="continue")]))
    act.wave_with_actions("database", "before_page")
    assert act.state(BEFORE) == "FAILED"
    assert act.end() == "COMPLETED"
    assert "Failed, and stopped nothing: page of Database: 500" in str(act.record.outcome)


def test_it_is_tried_again_as_often_as_the_plan_says(pager: Pager) -> None:
    """After it was seen to fail; Airflow's own retries are for what could not even ask the record."""
    pager.statuses += [500, 500]
    act = Act(wave(before=[page(retries=1)]))
    act.execute("database.approve")
    with pytest.raises(RuntimeError, match="500"):
        act.execute(BEFORE)
    act.refused(BEFORE, "500", try_number=2)
    act.refused(BEFORE, "failed: .*500", try_number=3)
    assert (len(pager.requests), act.tasks[BEFORE].runs) == (2, 2)


def test_a_failed_after_action_fails_the_execution_and_no_later_wave_starts(pager: Pager) -> None:
    """Though the wave itself is COMPLETED; also where somebody marks the task `success`."""
    pager.statuses += [500]
    act = Act(wave(after=[page()]), wave("Web", WEB))
    act.wave("database")
    act.refused(AFTER, "500")
    act.execute("web.approve")
    act.refused("web.start_recovery", "the action 'page', task database.after_page, comes first")
    assert act.end(**{AFTER: "success"}) == "FAILED"
    assert act.statuses == ["COMPLETED", "SKIPPED"]


@pytest.mark.parametrize("moment", ["wave", "plan"])
def test_no_execution_is_completed_whose_last_actions_never_ran(pager: Pager, moment: str) -> None:
    """A task that somebody marked `success` did nothing."""
    act = Act(wave(after=[page()])) if moment == "wave" else Act(wave(), after=[page()])
    act.wave("database")
    task = AFTER if moment == "wave" else "after_page"
    assert act.end(**{task: "success"}) == "FAILED"
    assert "action page of" in str(act.record.outcome)
    assert "has not run on record" in str(act.record.outcome)
