"""What `clean_up` may write of an execution that is final: its own fields, and nothing else, ever."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drs_recovery.errors import RecordError, TransitionRefused
from drs_recovery.record.enums import CleanupMode, CleanupStatus, EventType, ExecutionStatus
from drs_recovery.record.parts import CleanupOrder
from drs_recovery.record.transitions import CLEANUP_FIELDS, CLEANUP_MOVES, check_clean_up
from drs_recovery.store.programs import clean_up, complete_execution
from drs_recovery.store.queries import due_clean_ups, read_execution
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.whole import read_whole
from tests.budgets import examples

C = CleanupStatus
LATER = CleanupOrder(CleanupMode.ALWAYS, timedelta(hours=2))
OURS = {"cleanup", "cleanupDue"}


def ended(world, cleanup=LATER, **fields):
    """Bring an execution of one wave to its end; return it as it is on record."""
    world.frozen(waves=1, **fields).completed(0)
    return world.store.run(
        complete_execution.write_end(world.id, ExecutionStatus.COMPLETED, "done", cleanup=cleanup)
    )


def others(world):
    """Return the record without what is `clean_up`'s."""
    return {name: value for name, value in world.record().items() if name not in OURS}


class TestOrder:
    """The final write orders the clean-up, so that no crash can come between the two."""

    def test_an_ended_drill_is_due_so_long_after_its_end(self, world):
        """In the index from the start, and found when the time has come."""
        done = ended(world)
        assert (done.cleanup.mode, done.cleanup.status) == ("always", "PENDING")
        assert done.cleanup_due == done.end_time + timedelta(hours=2)
        due = lambda at: [one.execution_id for one in world.store.run(due_clean_ups(at))]  # noqa: E731
        assert due(done.end_time + timedelta(hours=1)) == []
        assert due(done.end_time + timedelta(hours=2)) == [world.id]

    def test_a_recovery_is_never_due(self, world):
        """Also where its plan says never."""
        done = ended(world, execution_type="RECOVERY")
        assert (done.cleanup, done.cleanup_due) == (None, None)

    def test_without_an_order_there_is_none(self, world):
        """The plan says never."""
        assert ended(world, cleanup=None).cleanup is None

    def test_without_jobs_there_is_nothing_to_clean_up(self, world):
        """A drill that was refused, say."""
        world.frozen(waves=1)
        world.store.run(complete_execution.close_waves(world.id))
        done = world.store.run(
            complete_execution.write_end(world.id, ExecutionStatus.CANCELLED, "refused", cleanup=LATER)
        )
        assert (done.cleanup, done.cleanup_due) == (None, None)


TEXTS = st.text(max_size=8)
IDS = st.from_regex(r"[A-Za-z0-9-]{1,12}", fullmatch=True)
KNOWN = st.fixed_dictionaries(
    {},
    optional={
        "mode": st.sampled_from(CleanupMode),
        "instances": st.lists(IDS, max_size=3),
        "job_ids": st.lists(IDS, max_size=3),
        "terminated": st.integers(0, 9),
        "left": st.lists(TEXTS, max_size=3),
        "failure": TEXTS,
    },
)
STEPS = st.lists(st.tuples(st.sampled_from(CleanupStatus), KNOWN), min_size=1, max_size=4)


@settings(max_examples=examples(8), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_it_is_given_it_changes_nothing_else(world, steps):
    """No final status, no version, no wave: only its two fields, from the raw item's view."""
    world.restore([])
    done = ended(world)
    before, status = others(world), C.PENDING
    for wanted, known in steps:
        try:
            world.store.run(clean_up.clean_up(done, wanted, **known))
            assert wanted in {status, *CLEANUP_MOVES[status]}
            status = wanted
        except TransitionRefused:
            assert wanted not in {status, *CLEANUP_MOVES[status]}
        record = world.record()
        assert record["cleanup"]["status"] == status
        assert ("cleanupDue" in record) == (not status.finished)
        assert others(world) == before
        assert [item["item"] for item in world.items() if item["item"].startswith("EVENT")] == []


@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_other_field_passes_the_table_of_writers(make, data):
    """The rule itself, for every field there is."""
    before = make.execution(end_time=make.time(), status=ExecutionStatus.COMPLETED)
    field = data.draw(st.sampled_from(sorted(set(type(before).model_fields) - CLEANUP_FIELDS)))
    after = before.model_copy(update={field: object()})
    with pytest.raises(TransitionRefused):
        check_clean_up(before, after)


def test_it_is_out_of_the_index_when_it_is_over(world):
    """DONE, KEPT and FAILED wait for nobody."""
    done = ended(world)
    world.store.run(clean_up.clean_up(done, C.WAITING))
    assert "cleanupDue" in world.record()
    world.store.run(clean_up.clean_up(done, C.KEPT))
    assert "cleanupDue" not in world.record()
    assert world.store.run(due_clean_ups(done.end_time + timedelta(days=1))) == []


def test_jobs_and_instances_add_up(world):
    """Nothing that was recorded is lost to who has read less."""
    done = ended(world)
    world.store.run(clean_up.clean_up(done, C.TERMINATING, instances=["i-1"], job_ids=["drsjob-1"]))
    after = world.store.run(
        clean_up.clean_up(done, C.TERMINATING, instances=["i-2", "i-1"], job_ids=["drsjob-2"])
    )
    assert after.cleanup.instances == ("i-1", "i-2")
    assert after.cleanup.job_ids == ("drsjob-1", "drsjob-2")


@pytest.mark.parametrize("fields", [{}, {"execution_type": "RECOVERY"}], ids=["it runs", "no drill"])
def test_what_runs_and_what_is_real_is_refused(world, fields):
    """Nothing changes."""
    world.frozen(waves=1, **fields).completed(0)
    if fields:
        world.store.run(complete_execution.write_end(world.id, ExecutionStatus.COMPLETED, "done"))
    before = world.record()
    with pytest.raises(TransitionRefused):
        world.store.run(clean_up.clean_up(world.store.run(read_execution(world.id)), C.TERMINATING))
    assert world.record() == before


@pytest.mark.parametrize("end", [None, "2026-03-02T07:00:00.000000Z"], ids=["it runs", "it ended again"])
def test_an_execution_that_was_opened_again_is_left_alone(world, end):
    """Its clean-up was that of an earlier end."""
    done = ended(world)
    item = {**world.record(), "status": "POLLING", "endTime": end}
    world.put({name: value for name, value in item.items() if value is not None})
    before = world.record()
    with pytest.raises(TransitionRefused, match="opened again"):
        world.store.run(clean_up.clean_up(done, C.TERMINATING))
    assert world.record() == before


def test_dynamodb_refuses_one_who_has_read_an_older_word(world, monkeypatch):
    """Two processes at once: the second reads again, and adds to what the first wrote."""
    done = ended(world)
    run, met = world.store.run, []

    def first_another(program):
        if not met:
            met.append(True)
            world.store.run(clean_up.clean_up(done, C.TERMINATING, job_ids=["drsjob-1"]))
        return run(program)

    monkeypatch.setattr(world.store, "run", first_another)
    after = world.store.run(clean_up.clean_up(done, C.TERMINATING, job_ids=["drsjob-2"]))
    assert after.cleanup.job_ids == ("drsjob-1", "drsjob-2")


def test_the_trail_tells_it_once_for_each_end(world):
    """A task that is retried appends nothing twice."""
    done = ended(world)
    event = world.make.event(EventType.CLEANUP_STARTED, detail="2 instances")
    for _ in range(2):
        world.store.run(clean_up.clean_up(done, C.TERMINATING, event.replace(time=world.make.time())))
    assert [event.type for event in world.store.run(read_events(world.id))] == ["CLEANUP_STARTED"]


def test_an_answer_that_was_lost_is_no_trouble(world, persistent):
    """DynamoDB did it and was not heard: sent again, and refused, it is read as done."""
    done = ended(world)
    client, wire = persistent
    store = type(world.store)(client, world.table, clock=world.make.time)
    wire.lose_writes()
    assert store.run(clean_up.clean_up(done, C.TERMINATING, job_ids=["drsjob-1"])).cleanup.job_ids == (
        "drsjob-1",
    )


def test_a_table_that_does_not_answer_loses_nothing(world, fragile):
    """RecordUnavailable, and everything as it was."""
    done = ended(world)
    before = world.record()
    client, wire = fragile
    store = type(world.store)(client, world.table, clock=world.make.time)
    wire.cut_after(1)
    with pytest.raises(RecordError):
        store.run(clean_up.clean_up(done, C.TERMINATING))
    assert world.record() == before


def test_the_instances_of_a_large_drill_are_in_items_of_their_own(world):
    """The record counts them; whoever adds some adds to all of them, and `show` names each."""
    drill = ended(world)
    first, more = ([f"i-{batch}{number:016x}" for number in range(6000)] for batch in (1, 2))
    world.store.run(clean_up.clean_up(drill, C.TERMINATING, instances=first))
    world.store.run(
        clean_up.clean_up(drill, C.TERMINATING, instances=[*more, first[0]], job_ids=["drsjob-t"])
    )
    after = world.store.run(clean_up.clean_up(drill, C.FAILED, failure="some are left", left=first[:200]))
    assert (after.cleanup.instances, after.cleanup.count, after.cleanup.left) == ((), 12_000, ())
    shown = world.store.run(read_whole(after)).cleanup
    assert (list(shown.instances), list(shown.left)) == ([*first, *more], first[:200])
    assert len(str(world.record()["cleanup"])) < 1000
    again = world.store.run(clean_up.clean_up(drill, C.FAILED, failure="some are left", left=first[:200]))
    assert again == after


@pytest.mark.parametrize("added", [(), ("i-2",)], ids=["nothing new", "one more"])
def test_a_list_of_instances_that_cannot_be_read_holds_no_clean_up_up(world, added):
    """It stays as it is, with how many they were, until DRS shows others."""
    drill = ended(world)
    many = [f"i-{number:016x}" for number in range(200)]
    before = world.store.run(clean_up.clean_up(drill, C.TERMINATING, instances=many)).cleanup
    for item in world.items():
        if item["item"].startswith("IDS#"):
            world.put({"executionId": world.id, "item": item["item"], "ids": ["i-0"]})
    after = world.store.run(
        clean_up.clean_up(drill, C.FAILED, failure="some are left", instances=added)
    ).cleanup
    assert (after.status, after.failure) == ("FAILED", "some are left")
    named = (added, None, 1) if added else (before.instances, before.instances_item, 200)
    assert (after.instances, after.instances_item, after.count) == named
