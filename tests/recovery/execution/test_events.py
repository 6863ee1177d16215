"""The audit trail: in order, told once, never changed."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from string import ascii_letters

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drs_recovery.record.enums import EventType
from drs_recovery.record.events import Event, Fact
from drs_recovery.store.programs import approve
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.store import ExecutionStore
from drs_recovery.store.trail import append_event

moments = st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds


@given(st.lists(moments, min_size=2, max_size=2))
def test_the_order_of_keys_is_the_order_of_times(times):
    """A trail read by key is in time order, to the microsecond."""
    first, second = (Event(type=EventType.OPENED, time=time) for time in sorted(times))
    if first.time < second.time:
        assert first.key < second.key


@given(moments, st.text(ascii_letters, min_size=1))
def test_the_id_in_a_key_is_a_uuid_of_version_7(time, once):
    """``EVENT#<time>#<uuid7>``: the UUID starts with the time in milliseconds."""
    prefix, shown, identifier = Event(type=EventType.OPENED, time=time, once=once).key.split("#")
    parsed = uuid.UUID(identifier)
    assert (prefix, parsed.version, parsed.variant) == ("EVENT", 7, uuid.RFC_4122)
    assert datetime.fromisoformat(shown) == time
    assert abs(parsed.int >> 80) == int(time.timestamp() * 1000)


def test_the_same_thing_has_the_same_tail_whenever_it_is_reported(make):
    """``once`` names what is shown; without it an event is the same only as itself."""
    early = make.event(EventType.WAVE_ENDED, once="wave 0 ended")
    late = early.replace(time=early.time + timedelta(hours=1))
    assert early.key != late.key
    assert early.tail == late.tail
    assert early.replace(once="wave 1 ended").tail != early.tail
    other = make.event(EventType.WAVE_ENDED, detail="a")
    assert other.tail == other.replace().tail
    assert other.tail != other.replace(detail="b").tail


def test_an_event_reported_twice_is_in_the_trail_once(world):
    """A retried step tells its event at another time; the trail keeps the first."""
    event = world.make.event(EventType.GATE_WAITING, 1, once="gate of wave 1")
    world.opened().store.run(append_event(world.id, event))
    world.store.run(append_event(world.id, event))
    world.store.run(append_event(world.id, event.replace(time=world.make.time(), detail="another try")))
    assert [shown.detail for shown in world.store.run(read_events(world.id))] == [None]


def test_the_trail_is_read_in_time_order(world):
    """Whoever wrote it, and in whatever order."""
    events = [world.make.event(kind) for kind in (EventType.OPENED, EventType.FROZEN, EventType.WAVE_STARTED)]
    world.opened()
    for event in reversed(events):
        world.store.run(append_event(world.id, event))
    assert world.store.run(read_events(world.id)) == events


def test_what_is_in_the_trail_is_never_changed(world):
    """An event with the same key does not replace the one that is there."""
    event = world.make.event(EventType.OPENED, once="opened")
    world.opened().store.run(append_event(world.id, event))
    before = world.items()
    world.store.run(append_event(world.id, event.replace(actor="mallory")))
    assert world.items() == before


def test_r61_an_unknown_event_is_shown(world):
    """A newer release tells more kinds of events; an older one shows them."""
    world.opened().put(
        {"executionId": world.id, "item": "EVENT#2026-03-01T06:00:00.000000Z#x", "type": "FORETOLD",
         "time": "2026-03-01T06:00:00.000000Z"}
    )  # fmt: skip
    assert [str(event.type) for event in world.store.run(read_events(world.id))] == ["FORETOLD"]


@pytest.mark.parametrize("repeat", [1, 2])
def test_a_change_tells_its_event_once_however_often_it_is_made(world, repeat):
    """The first telling follows the change; a retry finds the change made and tells only what is missing."""
    world.frozen().completed(0)
    for _ in range(repeat):
        world.store.run(approve.pause(world.id, 1, world.make.event(EventType.GATE_WAITING, 1, attempt=1)))
    assert [event.type for event in world.store.run(read_events(world.id))] == [EventType.GATE_WAITING]


@pytest.mark.parametrize(
    "spoilt",
    [{"type": 7}, {"time": "never"}, {"detail": ["not", "words"]}, {"attempt": "first"}],
    ids=["type", "time", "detail", "attempt"],
)
def test_an_entry_that_somebody_spoilt_leaves_its_place_in_the_trail(world, make, spoilt):
    """It says that it cannot be read; the others are read, and it does not vanish."""
    world.opened()
    first, second, third = (make.event(EventType.PREFLIGHT, detail=word) for word in ("a", "b", "c"))
    for event in (first, second, third):
        world.store.run(append_event(world.id, event))
    world.put({**second.to_item(), "executionId": world.id, "item": second.key} | spoilt)
    shown = world.store.run(read_events(world.id))
    assert [event.detail for event in shown if event.type == "PREFLIGHT"] == ["a", "c"]
    assert shown[1].type == "UNREADABLE"
    assert shown[1].time == second.time
    assert f"{second.key}' cannot be read" in shown[1].detail


def test_what_never_was_an_entry_is_passed_over(world, make, caplog):
    """Its key has no time; it is named in the log."""
    world.opened()
    world.store.run(append_event(world.id, make.event(EventType.PREFLIGHT)))
    world.put({"executionId": world.id, "item": "EVENT#{{ x }}", "type": 1})
    assert [event.type for event in world.store.run(read_events(world.id))] == ["PREFLIGHT"]
    assert "EVENT#{{ x }}" in caplog.text


def test_who_listens_is_told_once_of_what_went_on_record(world):
    """With the record as it is then; what is on record already is no news."""
    heard = []
    store = ExecutionStore(world.client, world.table, clock=world.make.time, listener=heard.append)
    world.frozen().completed(0)
    event = world.make.event(EventType.GATE_WAITING, 1)
    for _ in range(2):
        store.run(approve.pause(world.id, 1, event))
    (news,) = heard
    assert (news.event.type, news.execution.status) == (EventType.GATE_WAITING, "PAUSED")


def test_what_an_event_says_for_counting_is_not_on_record(world):
    """People read it in the detail."""
    event = world.make.event(EventType.JOB_STARTED, fact=Fact.ADOPTED)
    assert event.to_item().keys() == event.replace(fact=None).to_item().keys()
    assert event.key == event.replace(fact=None).key
