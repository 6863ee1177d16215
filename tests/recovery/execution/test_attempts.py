"""What a new attempt begins as, and which servers it starts: whatever came before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drs_recovery.errors import TransitionRefused
from drs_recovery.record.attempts import to_start, with_attempt
from drs_recovery.record.enums import LaunchStatus, WaveStatus
from drs_recovery.record.parts import CancelAsked
from drs_recovery.record.status import running_status
from drs_recovery.record.transitions import ATTEMPT_MOVES, check_change, check_opening
from tests.recovery.execution.stored import Make

W = WaveStatus
ENDED = [status for status in W if status.final]
AGAIN = [status for status in ENDED if status is not W.COMPLETED]


def ended(statuses, attempts, *, final=True, answered=True):
    """Return an execution whose waves have ended so, in these attempts."""
    make = Make()
    execution = make.execution(waves=len(statuses), version=7)
    waves = tuple(
        wave.replace(
            status=status,
            attempt=attempt,
            waiting_since=make.time(),
            approval=make.approval(attempt=attempt) if answered else None,
            failure="no capacity",
            start_time=make.time(),
            end_time=make.time(),
        )
        for wave, status, attempt in zip(execution.waves, statuses, attempts, strict=True)
    )
    asked = {"cancel_asked": CancelAsked(by="bob", time=make.time()), "plan_gone_since": make.time()}
    end = asked | ({"end_time": make.time(), "outcome": "over", "status": "FAILED"} if final else {})
    return execution.replace(waves=waves, **end)


@given(
    st.lists(st.sampled_from(ENDED), min_size=1, max_size=4),
    st.integers(1, 3),
    st.booleans(),
    st.booleans(),
    st.data(),
)
def test_a_new_attempt_opens_one_wave_and_what_never_ran(statuses, attempt, final, answered, data):
    """Every other wave is as it was; the table of openings allows it, and the ordinary table never does."""
    before = ended(statuses, [attempt] * len(statuses), final=final, answered=answered)
    number = data.draw(st.sampled_from(range(len(statuses))))
    at = Make().time()
    after = with_attempt(before, number, 5, (), at)
    if statuses[number] is W.COMPLETED:
        with pytest.raises(TransitionRefused, match="from COMPLETED to PENDING"):
            check_opening(before, after, number)
        return
    check_opening(before, after, number)
    own = after.wave(number)
    assert (own.status, own.attempt, own.clear_number, own.approved) == (W.PENDING, attempt + 1, 5, False)
    assert (own.failure, own.start_time, own.end_time, own.approval) == (None, None, None, None)
    assert (own.waiting_since, after.cancel_asked, after.plan_gone_since) == (None, None, None)
    assert after.attempts > before.attempts
    assert (after.final, after.outcome) == (False, None)
    assert after.open_since == (at if final else before.open_since)
    assert not running_status(after.waves).final
    for old, new in zip(before.waves, after.waves, strict=True):
        if old.wave_number != number and old.status is not W.SKIPPED:
            assert new == old
        elif old.wave_number != number:
            assert (new.status, new.approval, new.waiting_since) == (W.PENDING, None, None)
            assert new.attempt == old.attempt + answered
    with pytest.raises(TransitionRefused):
        check_change("start_recovery", before, after)


def test_the_table_of_openings():
    """What has ended is tried again, except what is COMPLETED; what goes on needs no new attempt."""
    assert {before: set(after) for before, after in ATTEMPT_MOVES.items()} == {
        status: {W.PENDING} for status in AGAIN
    }


@pytest.mark.parametrize("field", ["status", "approval"])
def test_an_opening_touches_no_wave_that_ran(field):
    """Another wave that FAILED needs a clear of its own."""
    before = ended([W.FAILED, W.FAILED], [1, 1])
    after = with_attempt(before, 0, 1, (), Make().time())
    other = after.wave(1).replace(**{field: W.PENDING if field == "status" else None})
    with pytest.raises(TransitionRefused):
        check_opening(before, after.replace(waves=(after.wave(0), other)), 0)


servers = st.lists(
    st.tuples(st.sampled_from([None, *LaunchStatus]), st.integers(1, 3)), min_size=1, max_size=6
)


@given(servers, st.data())
def test_the_servers_of_an_attempt_stay_the_same_while_it_launches_them(states, data):
    """So batches are cut the same by every retry; and none that an earlier attempt launched is among them."""
    wave = Make().execution(waves=1).wave(0).replace(attempt=3)
    records = [
        server.replace(launch_status=status, attempt=attempt)
        for server, (status, attempt) in zip(Make().servers(1, len(states)), states, strict=True)
    ]
    first = [server.source_server_id for server in to_start(wave, records)]
    done = data.draw(st.sets(st.sampled_from(first))) if first else set()
    later = [
        server.replace(launch_status="LAUNCHED", attempt=3) if server.source_server_id in done else server
        for server in records
    ]
    assert [server.source_server_id for server in to_start(wave, later)] == first
    for server in records:
        launched = server.launch_status is LaunchStatus.LAUNCHED and server.attempt < 3
        assert (server.source_server_id in first) != launched


def test_the_servers_of_other_waves_are_not_its_own():
    """Also when all of the execution are given."""
    wave = Make().execution().wave(1)
    assert {server.wave_number for server in to_start(wave, Make().servers())} == {1}
