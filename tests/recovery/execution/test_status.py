"""The status of an execution follows from its waves; the verdict on a wave from its servers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drs_recovery.record.enums import ExecutionStatus, FailureKind, LaunchStatus, OnFailure, WaveStatus
from drs_recovery.record.judge import judge
from drs_recovery.record.models import WaveRecord
from drs_recovery.record.parts import Failure
from drs_recovery.record.server_record import ServerRecord
from drs_recovery.record.status import completed_waves, final_status, inconsistency, running_status

E, W = ExecutionStatus, WaveStatus

WAVE = WaveRecord(wave_number=0, wave_name="One")
"""A wave that needs all its servers."""

LOST = "of its 2 servers, 1 cannot be read on record"


def waves(*statuses: WaveStatus) -> tuple[WaveRecord, ...]:
    return tuple(
        WaveRecord(wave_number=number, wave_name=f"Wave{number}", status=status)
        for number, status in enumerate(statuses)
    )


def waves_of(*ends: tuple[WaveStatus, OnFailure]) -> tuple[WaveRecord, ...]:
    return tuple(
        wave.replace(on_failure=message_text)
        for wave, (_, message_text) in zip(waves(*[status for status, _ in ends]), ends, strict=True)
    )


any_waves = st.lists(st.tuples(st.sampled_from(WaveStatus), st.sampled_from(OnFailure)), max_size=5).map(
    lambda ends: waves_of(*ends)
)
failures = st.none() | st.builds(Failure, kind=st.sampled_from(FailureKind), message=st.just("why"))


@given(any_waves)
def test_the_running_status_is_one_of_three(record):
    """PENDING while every wave is; PAUSED if one is and none is started or polling; otherwise POLLING."""
    statuses = [wave.status for wave in record]
    status = running_status(record)
    assert (status is E.PENDING) == all(each is W.PENDING for each in statuses)
    if status is E.PAUSED:
        assert W.PAUSED in statuses
        assert not {W.STARTED, W.POLLING} & set(statuses)
    if {W.STARTED, W.POLLING} & set(statuses):
        assert status is E.POLLING
    assert not status.final


def test_r17_a_finished_wave_does_not_finish_the_execution():
    """The first wave is COMPLETED, two are to come: the execution runs, and nothing makes it COMPLETED."""
    assert running_status(waves(W.COMPLETED, W.PENDING, W.PENDING)) is E.POLLING
    assert running_status(waves(W.COMPLETED, W.PAUSED, W.PENDING)) is E.PAUSED
    assert final_status(waves(W.COMPLETED, W.PENDING, W.PENDING)) is E.FAILED
    assert final_status(waves(W.COMPLETED), total_waves=3) is E.FAILED


@given(any_waves, st.booleans(), failures, st.booleans(), st.none() | st.integers(0, 5))
def test_completed_if_and_only_if_all_waves_are_and_nothing_speaks_against_it(
    record, superseded, failure, interrupted, total
):
    """The one rule this product exists for, over all combinations; the function is total."""
    status = final_status(
        record, superseded=superseded, failure=failure, interrupted=interrupted, total_waves=total
    )
    spotless = not superseded and not interrupted and failure is None
    whole = len(record) > 0 and total in {None, len(record)}
    assert (status is E.COMPLETED) == (
        spotless and whole and all(wave.status is W.COMPLETED for wave in record)
    )
    met = whole and all(wave.status in {W.COMPLETED, W.PARTIAL} for wave in record)
    assert (status is E.PARTIAL) == (spotless and met and any(wave.status is W.PARTIAL for wave in record))
    assert status.final


@given(any_waves, failures)
def test_what_stands_above_what(record, failure):
    """CANCELLED before TIMED_OUT before FAILED, each whenever a wave is; and otherwise FAILED.

    A wave that timed out and stopped nothing counts as FAILED.
    """
    statuses = {wave.status for wave in record}
    status = final_status(record, failure=failure)
    if W.CANCELLED in statuses or (failure and failure.kind is FailureKind.REFUSED):
        assert status is E.CANCELLED
    elif any(wave.status is W.TIMED_OUT and wave.on_failure is OnFailure.STOP for wave in record):
        assert status is E.TIMED_OUT
    elif {W.FAILED, W.TIMED_OUT} & statuses or failure:
        assert status is E.FAILED
    elif status is E.FAILED:
        assert inconsistency(record, len(record))


@pytest.mark.parametrize("message_text", [{"superseded": True}, {"interrupted": True}])
def test_superseded_and_interrupted_are_cancelled_whatever_the_waves(message_text):
    """A forced run is never a success, nor a mere failure."""
    for status in WaveStatus:
        assert final_status(waves(status), **message_text) is E.CANCELLED


def test_waves_out_of_place_are_inconsistent():
    """A hole in the record is never COMPLETED, however many waves it says it has."""
    record = waves(W.COMPLETED, W.COMPLETED, W.COMPLETED)
    holed = (record[0], record[2])
    assert final_status(holed) is E.FAILED
    assert final_status(holed, total_waves=2) is E.FAILED
    assert inconsistency(holed, 3) == (
        "inconsistent: 3 waves were promised, on record are Wave0 COMPLETED, Wave2 COMPLETED"
    )
    assert inconsistency(record, 3) is None


def test_an_unknown_wave_status_is_never_success():
    """A status of another release proves nothing."""
    odd = waves(W.COMPLETED, WaveStatus("ARCHIVED"))
    assert final_status(odd) is E.FAILED
    assert running_status(odd) is E.POLLING


@given(any_waves)
def test_completed_waves_are_those_that_met_their_policy(record):
    """The count in the record is that of COMPLETED and PARTIAL waves."""
    assert completed_waves(record) == [wave.status.policy_met for wave in record].count(True)


def server(status: LaunchStatus | None, number: int = 1, **fields: object) -> ServerRecord:
    return ServerRecord(
        source_server_id=f"s-{number}",
        hostname=f"host-{number}",
        wave_number=0,
        launch_status=status,
        **fields,
    )


@given(any_waves)
def test_only_waves_that_met_their_policy_or_say_continue_release_others(record):
    """COMPLETED and PARTIAL always; FAILED and TIMED_OUT where the plan says so; nothing else ever."""
    for wave in record:
        ended_badly = wave.status in {W.FAILED, W.TIMED_OUT}
        goes_on = ended_badly and wave.on_failure is OnFailure.CONTINUE
        assert wave.unblocks_dependents == (wave.status.policy_met or goes_on)


def test_a_policy_of_another_release_stops():
    """What this release does not know is not `continue`."""
    assert not WAVE.replace(status=W.FAILED, on_failure="skip_next").unblocks_dependents


@given(
    st.lists(st.tuples(st.none() | st.sampled_from(LaunchStatus), st.booleans()), min_size=1, max_size=6),
    st.none() | st.integers(1, 6),
)
def test_r03_r07_a_wave_is_what_its_servers_and_its_policy_make_it(described, minimum):
    """COMPLETED: all launched, whatever the policy. PARTIAL: some, and as many as it needs. Else FAILED."""
    servers = [
        server(status, number, optional=optional or None)
        for number, (status, optional) in enumerate(described)
    ]
    verdict, reason = judge(WAVE.replace(minimum_launched=minimum), servers)
    launched = [status is LaunchStatus.LAUNCHED for status, _ in described]
    needed = [status is LaunchStatus.LAUNCHED for status, optional in described if not optional]
    enough = len(needed) if minimum is None else minimum
    if all(launched):
        assert (verdict, reason) == (W.COMPLETED, None)
    elif any(launched) and sum(needed) >= enough:
        assert verdict is W.PARTIAL
    else:
        assert verdict is W.FAILED
    assert reason is None or all(
        (f"s-{number})" in reason) != was_launched for number, was_launched in enumerate(launched)
    )


@pytest.mark.parametrize(
    ("minimum", "texts"),
    [
        (None, "1 of its 3 servers did not launch (2 of the 2 that are not optional did, 2 must): optional "),
        (1, "1 of its 3 servers did not launch (2 of the 2 that are not optional did, 1 must): optional "),
    ],
)
def test_a_partial_wave_says_what_it_needs_and_who_is_missing(minimum, texts):
    """The reason is read at gates and in outcomes."""
    servers = [
        server(LaunchStatus.LAUNCHED, 1),
        server(LaunchStatus.LAUNCHED, 2),
        server(LaunchStatus.FAILED, 3, optional=True, error="no capacity"),
    ]
    verdict, reason = judge(WAVE.replace(minimum_launched=minimum), servers)
    assert (verdict, reason) == (W.PARTIAL, f"{texts}host-3 (s-3): no capacity")


@given(st.lists(st.none() | st.sampled_from(LaunchStatus), min_size=1, max_size=6))
def test_r03_a_wave_is_completed_only_if_every_server_is_launched(statuses):
    """A DRS job is COMPLETED also with FAILED servers; each server that did not launch is named."""
    verdict, reason = judge(WAVE, [server(status, number) for number, status in enumerate(statuses)])
    if all(status is LaunchStatus.LAUNCHED for status in statuses):
        assert (verdict, reason) == (W.COMPLETED, None)
    else:
        assert verdict is W.FAILED
        for number, status in enumerate(statuses):
            assert (f"s-{number})" in reason) == (status is not LaunchStatus.LAUNCHED)


def test_r07_nothing_launched_is_failed_and_says_why():
    """No server launched and DRS raised no error: the raw error of the job log is the reason."""
    denied = "UnauthorizedOperation: ec2:RunInstances"
    verdict, reason = judge(WAVE, [server(LaunchStatus.FAILED, n, error=denied) for n in (1, 2)])
    assert verdict is W.FAILED
    assert reason == f"none of its 2 servers launched: host-1 (s-1), host-2 (s-2): {denied}"


def test_a_reason_keeps_its_place_beside_a_hundred_servers():
    """A record has room for 4000 characters: the reason must not be what is cut off."""
    _, reason = judge(WAVE, [server(None, n, error="ConflictException: in a job") for n in range(101)])
    assert "s-19) and 81 more: ConflictException: in a job" in reason


def test_p3_a_server_still_pending_when_its_job_has_ended_did_not_launch():
    """A COMPLETED job with a PENDING server is over; nobody waits for that server any more."""
    verdict, reason = judge(WAVE, [server(LaunchStatus.LAUNCHED, 1), server(LaunchStatus.PENDING, 2)])
    assert verdict is W.FAILED
    assert reason == (
        "1 of its 2 servers did not launch: host-2 (s-2): PENDING when its job ended, DRS gave no reason"
    )


def test_r25_launched_is_success_whatever_else_is_known():
    """A launched server whose instance is stopped, or whose instance id never came (R-24), is launched."""
    assert judge(WAVE, [server(LaunchStatus.LAUNCHED)]) == (W.COMPLETED, None)


def test_a_wave_without_servers_is_failed():
    """Nothing is never a success."""
    assert judge(WAVE, []) == (W.FAILED, "the wave has no servers on record")


@pytest.mark.parametrize(
    ("minimum", "statuses", "verdict", "texts"),
    [
        (None, [LaunchStatus.LAUNCHED], W.FAILED, LOST),
        (1, [LaunchStatus.LAUNCHED], W.PARTIAL, f"{LOST} (1 did, 1 must)"),
        (1, [LaunchStatus.FAILED], W.FAILED, LOST.replace("1", "1 did not launch, 1")),
        (None, [], W.FAILED, "the wave has no servers on record"),
    ],
)
def test_a_server_that_cannot_be_read_did_not_launch_as_far_as_anybody_knows(
    minimum, statuses, verdict, texts
):
    """The wave counts as many as were frozen, and the reason says how many are missing on record."""
    wave = WAVE.replace(server_count=2, minimum_launched=minimum)
    status, reason = judge(wave, [server(status, number) for number, status in enumerate(statuses)])
    assert status is verdict
    assert reason.startswith(texts)
