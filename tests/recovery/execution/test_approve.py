"""approve: a wave waits at its gate, and gets one answer."""

from __future__ import annotations

import pytest

from drs_recovery.errors import StartRefused, TransitionRefused
from drs_recovery.record.enums import Decision, ExecutionStatus, WaveStatus
from drs_recovery.record.texts import text_name
from drs_recovery.store.programs import approve, wait_for_recovery
from drs_recovery.store.queries import list_executions, open_executions, read_execution
from drs_recovery.store.servers import read_servers

E, W = ExecutionStatus, WaveStatus


@pytest.fixture
def waiting(world):
    """Make an execution that waits at the gate of its second wave."""
    world.frozen().completed(0).store.run(approve.pause(world.id, 1))
    return world


def test_a_wave_that_waits_is_paused_and_so_is_the_execution(waiting):
    """What a person sees while nobody answers; reading changes nothing (R-20)."""
    execution = waiting.store.run(read_execution(waiting.id))
    assert (execution.status, execution.wave(1).status) == (E.PAUSED, W.PAUSED)
    before = waiting.items()
    waiting.store.run(list_executions())
    waiting.store.run(open_executions())
    waiting.store.run(read_servers(waiting.id))
    assert waiting.items() == before


def test_an_approval_is_on_record_with_who_when_and_why(waiting):
    """The wave stays PAUSED until its start; the answer is there."""
    answer = waiting.make.approval(by="bob", reason="go")
    wave = waiting.store.run(approve.approve(waiting.id, 1, answer)).wave(1)
    assert (wave.status, wave.approval, wave.approved) == (W.PAUSED, answer, True)


@pytest.mark.parametrize(
    ("decision", "by", "fragments"),
    [
        (Decision.REJECTED, "bob", "rejected by bob: wrong day"),
        (Decision.TIMED_OUT, None, "nobody answered its gate in time"),
    ],
)
def test_a_rejection_or_a_time_out_cancels_the_wave(waiting, decision, by, fragments):
    """A time-out never approves (invariant 4)."""
    answer = waiting.make.approval(decision, by=by, reason="wrong day")
    wave = waiting.store.run(approve.reject(waiting.id, 1, answer)).wave(1)
    assert (wave.status, wave.failure, wave.end_time) == (W.CANCELLED, fragments, answer.time)
    assert not wave.approved


@pytest.mark.parametrize("first", Decision)
@pytest.mark.parametrize("second", Decision)
def test_r41_the_first_answer_stands(waiting, first, second):
    """A second answer to the same attempt changes nothing, whoever gives it; the same one is the first."""

    def give(decision, by):
        answer = waiting.make.approval(decision, by=by)
        write = approve.approve if decision is Decision.APPROVED else approve.reject
        waiting.store.run(write(waiting.id, 1, answer))

    give(first, "alice")
    before = waiting.items()
    give(first, "alice")
    with pytest.raises(TransitionRefused, match=f"answered {first} by alice at .* comes second"):
        give(second, "bob")
    assert waiting.items() == before


def test_an_answer_by_a_name_that_only_stands_for_another_comes_second(waiting):
    """Who answered is compared as it is: alice, as a text that was cut would name her, is somebody else."""
    waiting.store.run(
        approve.approve(waiting.id, 1, waiting.make.approval(by=f"(shortened: text {text_name('alice')})"))
    )
    with pytest.raises(TransitionRefused, match="comes second"):
        waiting.store.run(approve.approve(waiting.id, 1, waiting.make.approval(by="alice")))


def test_r41_progress_does_not_overwrite_a_pause(world):
    """The execution was PAUSED, a poller derived RUNNING: here the status is derived from the waves alone."""
    world.frozen().launching(0)
    servers = world.launched(0)
    world.store.run(wait_for_recovery.write_end(world.id, 0, 1, servers, W.COMPLETED))
    world.store.run(approve.pause(world.id, 1))
    world.store.run(wait_for_recovery.poll(world.id, 0, 1, servers))
    world.store.run(wait_for_recovery.polled(world.id, world.make.time()))
    assert world.store.run(read_execution(world.id)).status is E.PAUSED


def test_what_does_not_wait_takes_no_answer(world):
    """Approving a gate that was never asked is refused, with what the wave is."""
    world.frozen().completed(0)
    before = world.items()
    for wave, status in ((1, "PENDING"), (0, "COMPLETED")):
        with pytest.raises(TransitionRefused, match=f"it waits for no answer, the wave is {status}"):
            world.store.run(approve.approve(world.id, wave, world.make.approval()))
    assert world.items() == before


def test_an_answer_to_another_attempt_is_refused(waiting):
    """An old form is answered late: the gate was asked again since."""
    with pytest.raises(TransitionRefused, match="the answer is for attempt 2, the wave is at 1"):
        waiting.store.run(approve.approve(waiting.id, 1, waiting.make.approval(attempt=2)))


def test_each_answer_has_its_own_operation(waiting):
    """A rejection can never be written as an approval, nor the other way round."""
    with pytest.raises(TransitionRefused, match="REJECTED approves nothing"):
        waiting.store.run(approve.approve(waiting.id, 1, waiting.make.approval(Decision.REJECTED)))
    with pytest.raises(TransitionRefused, match="APPROVED rejects nothing"):
        waiting.store.run(approve.reject(waiting.id, 1, waiting.make.approval()))


def test_r32_nobody_is_asked_before_the_waves_before_are_done(world):
    """A sensor marked success lets Airflow ask; the record does not."""
    world.frozen().launching(0)
    with pytest.raises(StartRefused, match="waits for waves that are not done: DBWave1 is STARTED"):
        world.store.run(approve.pause(world.id, 1))


def test_a_wave_that_runs_is_not_paused_again(world):
    """A gate that is cleared while its wave is launched asks nobody."""
    world.frozen().completed(0).launching(1)
    with pytest.raises(TransitionRefused, match="from STARTED to PAUSED"):
        world.store.run(approve.pause(world.id, 1))
