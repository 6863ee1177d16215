"""The queue for DRS's room: who is before whom, who may start, and who is passed over."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from drs_recovery.record.enums import ExecutionType
from drs_recovery.record.queue import (
    CALLED_FOR,
    PASSED_OVER_AFTER,
    Place,
    Room,
    ahead_of,
    in_order,
    may_start,
)

NOW = datetime(2026, 11, 27, 3, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def place(name: str, **fields: Any) -> Place:
    """Return the place of a wave of 20 servers that has just come."""
    about = {
        "execution": str(uuid.uuid5(uuid.NAMESPACE_DNS, name)),
        "plan": name,
        "plan_name": name,
        "wave_number": 0,
        "wave_name": "Database",
        "attempt": 1,
        "execution_type": ExecutionType.RECOVERY,
        "tier": 3,
        "since": NOW,
        "servers": 20,
        "waiting": 20,
        "seen": NOW,
    }
    return Place.model_validate(about | fields)


def names(places: Any) -> list[str]:
    return [each.plan for each in places]


def test_a_recovery_goes_before_a_drill_then_the_tier_then_the_time() -> None:
    """What is lost for real is recovered first, and what matters most of that."""
    drill = place("drill", execution_type=ExecutionType.DRILL, tier=1, since=NOW - 9 * SECOND)
    shop = place("shop", since=NOW - 5 * SECOND)
    late = place("late", since=NOW - 2 * SECOND)
    payroll = place("payroll", tier=1)
    assert names(in_order([late, drill, shop, payroll], NOW)) == ["payroll", "shop", "late", "drill"]
    assert names(ahead_of(late, [late, drill, shop, payroll], NOW)) == ["payroll", "shop"]


def test_room_is_kept_for_a_large_wave_at_the_head() -> None:
    """Small ones behind it would take each room that comes, and it would never start."""
    large, small = place("large", servers=100, since=NOW - SECOND), place("small", servers=1)
    assert names(may_start([large, small], Room(5, 60), NOW)) == []
    assert names(may_start([large, small], Room(5, 100), NOW)) == ["large"]
    assert names(may_start([large, small], Room(5, 101), NOW)) == ["large", "small"]
    assert names(may_start([large, small], Room(1, 500), NOW)) == ["large"]


def test_room_is_kept_for_who_was_called_and_has_not_started_yet() -> None:
    """Its job does not show in DRS yet; after two minutes nobody waits for it any more."""
    called, other = place("called", called=NOW), place("other", tier=1)
    assert names(may_start([called, other], Room(1, 500), NOW)) == []
    assert names(may_start([called, other], Room(2, 500), NOW)) == ["other"]
    seen = NOW + CALLED_FOR
    assert names(may_start([called, other.replace(seen=seen)], Room(1, 500), seen)) == ["other"]


def test_who_says_nothing_any_more_is_passed_over_and_kept() -> None:
    """A triggerer that died holds up nobody; when its waves are taken up again they are where they were."""
    dead, other = place("dead", since=NOW - SECOND), place("other")
    later = NOW + PASSED_OVER_AFTER
    assert names(may_start([dead, other.replace(seen=later)], Room(1, 500), later)) == ["other"]
    back = dead.replace(seen=later)
    assert names(may_start([back, other.replace(seen=later)], Room(1, 500), later)) == ["dead"]


PLACES = st.lists(
    st.builds(
        lambda number, **fields: place(f"p{number}", **fields),
        st.integers(0, 30),
        execution_type=st.sampled_from(ExecutionType),
        tier=st.integers(1, 5),
        since=st.integers(0, 50).map(lambda seconds: NOW - seconds * SECOND),
        servers=st.integers(1, 100),
        seen=st.sampled_from([NOW, NOW - 2 * PASSED_OVER_AFTER]),
        called=st.sampled_from([None, NOW, NOW - 2 * CALLED_FOR]),
    ),
    unique_by=lambda each: each.owner,
    max_size=12,
)


@given(PLACES, st.integers(0, 20), st.integers(0, 500))
def test_those_who_may_start_fit_and_pass_nobody(places: list[Place], jobs: int, servers: int) -> None:
    """Together with those called before they fit; whoever is before one of them may start, or was called."""
    before = [each for each in places if each.is_called(NOW)]
    chosen = list(may_start(places, Room(jobs, servers), NOW))
    together = before + chosen
    if chosen:
        assert len(together) <= jobs
        assert sum(each.servers for each in together) <= servers
    for each in chosen:
        assert each.is_live(NOW)
        assert all(other in together for other in ahead_of(each, places, NOW))


@given(PLACES, st.integers(0, 20), st.integers(0, 500))
def test_room_for_the_head_is_never_left_unused(places: list[Place], jobs: int, servers: int) -> None:
    """Whoever is first, and fits beside those who were called, may start."""
    room = Room(jobs, servers)
    for each in places:
        if each.is_called(NOW):
            room = room.without(each)
    waiting = [each for each in in_order(places, NOW) if not each.is_called(NOW)]
    if waiting and not room.without(waiting[0]).exceeded:
        assert next(may_start(places, Room(jobs, servers), NOW)) == waiting[0]
