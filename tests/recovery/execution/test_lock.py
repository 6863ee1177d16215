"""The lock of a plan: what is final stays as it is, and a lock that nobody can read is no end of the plan."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drs_recovery.errors import RecordUnreadable, TransitionRefused
from drs_recovery.record.enums import CleanupMode, CleanupStatus, ExecutionStatus
from drs_recovery.record.parts import CleanupOrder
from drs_recovery.store.fitting import BUDGETS, CLEAN_UP_BUDGETS, record_size
from drs_recovery.store.lock import take_lock, unlock
from drs_recovery.store.programs import clean_up, complete_execution, open_execution
from drs_recovery.store.queries import read_execution
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.requests import Now
from tests.recovery.execution import largest
from tests.recovery.execution.stored import OTHER

LATER = CleanupOrder(CleanupMode.ALWAYS, timedelta())


@pytest.fixture
def held(world):
    """An execution that ended, its clean-up ordered, and that still holds its plan."""
    world.frozen(waves=1).completed(0)
    done = world.store.run(
        complete_execution.write_end(world.id, ExecutionStatus.COMPLETED, "done", cleanup=LATER)
    )
    world.store.run(take_lock(done))
    return world


def another(world):
    return world.store.run(open_execution.open_execution(world.make.execution("manual__2", waves=1)))


def fill(world):
    """Fill a record as its clean-up may fill it, beyond what a running one may take."""
    record = world.store.run(read_execution(world.id))
    cleanup = record.cleanup.replace(status=CleanupStatus.FAILED, failure=largest.text("failed"))
    warnings = [{"check": f"check{number}", "message": largest.text(number)} for number in range(22)]
    full = record.replace(warnings=warnings, cleanup=cleanup)
    assert BUDGETS[0] < record_size(full) < CLEAN_UP_BUDGETS[0]
    world.put(full.to_item() | {"item": "EXECUTION"})


def test_who_takes_the_plan_from_what_is_final_cuts_nothing_of_it(held):
    """Nothing but its version changes, and nothing is put beside it."""
    fill(held)
    before = held.record()
    held.store.run(take_lock(another(held)))
    assert held.record() == before | {"version": before["version"] + 1}
    assert not [item for item in held.items() if item["item"].startswith("TEXT#")]


@pytest.mark.parametrize("step", range(1, 5))
def test_who_takes_the_plan_from_what_is_final_undoes_no_clean_up(held, step):
    """Whenever the clean-up writes meanwhile."""
    fill(held)
    done, steps = held.store.run(read_execution(held.id)), take_lock(another(held))

    def disturbed():
        answer, count = None, 0
        while True:
            try:
                request = steps.send(answer)
            except StopIteration as end:
                return end.value
            answer = yield request
            count += not isinstance(request, Now)
            if count == step:
                held.store.run(clean_up.clean_up(done, CleanupStatus.TERMINATING, job_ids=["drsjob-t"]))

    assert held.store.run(disturbed()) == held.id
    cleanup = held.store.run(read_execution(held.id)).cleanup
    assert (cleanup.status, cleanup.job_ids) == ("TERMINATING", ("drsjob-t",))


SPOILT = {
    "empty": {},
    "holder is no id": {"holder": "../../x", "since": "2026-03-01T06:00:00.000000Z"},
    "holder is a number": {"holder": 7},
    "no time": {"holder": OTHER, "since": "yesterday"},
    "no run": {"holder": OTHER, "executionType": "DRILL", "since": "2026-03-01T06:00:00.000000Z"},
    "a path for a run": {
        "holder": OTHER,
        "executionType": "DRILL",
        "since": "2026-03-01T06:00:00.000000Z",
        "dagRunId": "../x",
    },
}


@pytest.mark.parametrize("spoilt", SPOILT.values(), ids=SPOILT)
def test_a_lock_that_cannot_be_read_is_reported_and_can_be_unlocked(world, spoilt):
    """Nobody takes it over, as nobody can say who holds the plan; the way out is named, and is one."""
    execution = world.store.run(open_execution.open_execution(world.make.execution(waves=1)))
    world.put({"executionId": "PLAN#web_shop", "item": "LOCK"} | spoilt)
    with pytest.raises(RecordUnreadable, match=r"'PLAN#web_shop' 'LOCK' cannot be read: .*recovery unlock"):
        world.store.run(take_lock(execution))
    freed = world.store.run(unlock("web_shop", "alice", "spoilt"))
    assert freed.lock is None
    assert "cannot be read" in freed.trouble
    shown = [event.actor for event in world.store.run(read_events(OTHER)) if event.type == "LOCK_RELEASED"]
    assert shown == (["alice"] if spoilt.get("holder") == OTHER else [])
    assert world.store.run(take_lock(execution)) is None


def test_a_lock_that_came_in_the_place_of_a_spoilt_one_is_not_deleted(world):
    """Between the look and the deletion somebody mended it."""
    execution = world.store.run(open_execution.open_execution(world.make.execution(waves=1)))
    spoilt = {"executionId": "PLAN#web_shop", "item": "LOCK", "holder": "nobody"}
    world.put(spoilt)
    steps = unlock("web_shop", "alice", "spoilt")
    look = next(steps)
    answer = world.client.get_item(TableName=world.table, **look.arguments)
    world.client.delete_item(TableName=world.table, Key=look.arguments["Key"])
    world.store.run(take_lock(execution))
    delete = steps.send(answer)
    with pytest.raises(world.client.exceptions.ConditionalCheckFailedException):
        world.client.delete_item(TableName=world.table, **delete.arguments)
    with pytest.raises(TransitionRefused, match="changed hands"):
        steps.send(None)
    assert world.items("PLAN#web_shop")[0]["holder"] == execution.execution_id
