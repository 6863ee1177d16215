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
    Running,
    ahead_of,
    expected_starts,
    in_order,
    may_start,
)

NOW = datetime(2026, 11, 27, 3, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


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


MOST = Room(20, 500)


def starting(places: list[Place], jobs: int, servers: int, now: datetime = NOW) -> list[Place]:
    """Return who may start in the room for so many jobs and servers."""
    return list(may_start(places, Room(jobs, servers), MOST, now))


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
    large = place("large", servers=100, waiting=100, since=NOW - SECOND)
    small = place("small", servers=1, waiting=1)
    assert names(starting([large, small], 5, 60, NOW)) == []
    assert names(starting([large, small], 5, 100, NOW)) == ["large"]
    assert names(starting([large, small], 5, 101, NOW)) == ["large", "small"]
    assert names(starting([large, small], 1, 500, NOW)) == ["large"]


def test_room_is_kept_for_all_jobs_of_a_large_wave() -> None:
    """It starts with what has room, and nothing passes the rest of it, called or not."""
    large = place("large", servers=100, waiting=300, since=NOW - SECOND)
    small = place("small", servers=1, waiting=1)
    assert names(starting([large, small], 3, 500)) == ["large"]
    assert names(starting([large, small], 4, 300)) == ["large"]
    assert names(starting([large, small], 4, 301)) == ["large", "small"]
    assert names(starting([large.replace(called=NOW), small], 3, 500)) == []


def test_what_the_quotas_never_let_start_holds_up_nobody() -> None:
    """It asks DRS at once, whose refusal says so; meanwhile the others start."""
    never = place("never", servers=60, waiting=60, since=NOW - SECOND)
    chosen = may_start([never, place("other")], Room(1, 50), Room(20, 50), NOW)
    assert names(chosen) == ["never", "other"]
    assert names(may_start([place("other")], Room(0, 500), Room(0, 500), NOW)) == ["other"]


def test_when_each_is_likely_to_start() -> None:
    """As the jobs that run are likely to end, one after the other, and those that are called before."""
    ends = [Running(NOW + minutes * MINUTE, 100) for minutes in (30, 10, 20)]
    first, second = place("first", since=NOW - SECOND), place("second")
    third = place("third", tier=4, servers=100, waiting=200)
    found = expected_starts([second, first, third], Room(0, 200), ends, 25 * MINUTE, NOW)
    minutes = {
        name: (found[each.owner] - NOW) / MINUTE
        for name, each in {"first": first, "second": second, "third": third}.items()
    }
    assert minutes == {"first": 10, "second": 20, "third": 30}
    assert expected_starts([place("never", servers=600, waiting=600)], Room(0, 200), ends, MINUTE, NOW) == {}


def test_room_is_kept_for_who_was_called_and_has_not_started_yet() -> None:
    """Its job does not show in DRS yet; after two minutes nobody waits for it any more."""
    called, other = place("called", called=NOW), place("other", tier=1)
    assert names(starting([called, other], 1, 500, NOW)) == []
    assert names(starting([called, other], 2, 500, NOW)) == ["other"]
    seen = NOW + CALLED_FOR
    assert names(starting([called, other.replace(seen=seen)], 1, 500, seen)) == ["other"]


def test_who_says_nothing_any_more_is_passed_over_and_kept() -> None:
    """A triggerer that died holds up nobody; when its waves are taken up again they are where they were."""
    dead, other = place("dead", since=NOW - SECOND), place("other")
    later = NOW + PASSED_OVER_AFTER
    assert names(starting([dead, other.replace(seen=later)], 1, 500, later)) == ["other"]
    back = dead.replace(seen=later)
    assert names(starting([back, other.replace(seen=later)], 1, 500, later)) == ["dead"]


PLACES = st.lists(
    st.builds(
        lambda number, servers, jobs, **fields: place(
            f"p{number}", servers=servers, waiting=servers * jobs, **fields
        ),
        st.integers(0, 30),
        st.integers(1, 100),
        st.integers(1, 3),
        execution_type=st.sampled_from(ExecutionType),
        tier=st.integers(1, 5),
        since=st.integers(0, 50).map(lambda seconds: NOW - seconds * SECOND),
        seen=st.sampled_from([NOW, NOW - 2 * PASSED_OVER_AFTER]),
        called=st.sampled_from([None, NOW, NOW - 2 * CALLED_FOR]),
    ),
    unique_by=lambda each: each.owner,
    max_size=12,
)


@given(PLACES, st.integers(0, 20), st.integers(0, 500))
def test_those_who_may_start_fit_and_pass_nobody(places: list[Place], jobs: int, servers: int) -> None:
    """With all of those before them, called or chosen, their next job fits; nobody before them waits."""
    before = [each for each in places if each.is_called(NOW)]
    chosen = starting(places, jobs, servers)
    for number, each in enumerate(chosen):
        taken = before + chosen[:number]
        assert sum(one.jobs for one in taken) + 1 <= jobs
        assert sum(one.waiting for one in taken) + each.servers <= servers
        assert each.is_live(NOW)
        assert all(other in taken for other in ahead_of(each, places, NOW))


@given(PLACES, st.integers(0, 20), st.integers(0, 500))
def test_room_for_the_head_is_never_left_unused(places: list[Place], jobs: int, servers: int) -> None:
    """Whoever is first, and fits beside those who were called, may start."""
    room = Room(jobs, servers)
    for each in places:
        if each.is_called(NOW):
            room = room.without(each)
    waiting = [each for each in in_order(places, NOW) if not each.is_called(NOW)]
    if waiting and room.takes(waiting[0].servers):
        assert starting(places, jobs, servers)[0] == waiting[0]
