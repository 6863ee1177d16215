"""complete_execution ends what was not ended, and writes the final status once."""

from __future__ import annotations

import pytest

from drs_recovery.errors import TransitionRefused
from drs_recovery.record.enums import Decision, EventType, ExecutionStatus, WaveStatus
from drs_recovery.record.status import RunEnd, final_status
from drs_recovery.store.lock import take_lock
from drs_recovery.store.programs import approve, complete_execution, start_recovery, wait_for_recovery
from drs_recovery.store.queries import read_execution
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.servers import read_servers

E, W = ExecutionStatus, WaveStatus


def statuses(execution):
    return [wave.status for wave in execution.waves]


def test_r44_an_execution_ends_after_all_its_waves(world):
    """The end time comes with the final status and not before."""
    world.frozen().completed(0, 1, 2)
    assert "endTime" not in world.record()
    world.store.run(complete_execution.close_waves(world.id))
    ended = world.store.run(complete_execution.write_end(world.id, E.COMPLETED, "all recovered"))
    assert (ended.status, ended.outcome, ended.completed_waves) == (E.COMPLETED, "all recovered", 3)
    assert ended.end_time > max(wave.end_time for wave in ended.waves)
    assert ended.open_since is None


def test_waves_that_never_ran_are_skipped(world):
    """A wave behind a failed one was not cancelled: it never came to its turn."""
    world.frozen().launching(0)
    world.store.run(wait_for_recovery.write_end(world.id, 0, 1, [], W.FAILED, failure="none launched"))
    closed = world.store.run(complete_execution.close_waves(world.id))
    assert statuses(closed) == [W.FAILED, W.SKIPPED, W.SKIPPED]
    assert closed.wave(1).end_time is None
    assert not closed.final


def test_a_gate_that_nobody_answered_is_cancelled(world):
    """The run was ended while a person was asked: no answer, no start."""
    world.frozen().completed(0)
    world.store.run(approve.pause(world.id, 1))
    closed = world.store.run(
        complete_execution.close_waves(world.id, RunEnd(interrupted="the DAG run was marked failed"))
    )
    assert statuses(closed) == [W.COMPLETED, W.CANCELLED, W.SKIPPED]
    assert closed.wave(1).failure == "its gate was never answered"


def test_an_approved_wave_that_never_started_is_skipped(world):
    """Its gate was answered; nothing was launched."""
    world.frozen().completed(0).answered(1)
    assert statuses(world.store.run(complete_execution.close_waves(world.id))) == [
        W.COMPLETED,
        W.SKIPPED,
        W.SKIPPED,
    ]


def test_an_interruption_is_on_record_in_the_wave_that_was_next(world):
    """The run was ended between two waves: without this the record could not tell it from a bug."""
    interrupted = RunEnd(interrupted="the DAG run was marked success")
    world.frozen().completed(0)
    closed = world.store.run(complete_execution.close_waves(world.id, interrupted))
    assert statuses(closed) == [W.COMPLETED, W.CANCELLED, W.SKIPPED]
    assert closed.wave(1).failure == "the DAG run was marked success"
    assert final_status(closed.waves, total_waves=3) is E.CANCELLED
    world.frozen(run="manual__2")
    assert statuses(world.store.run(complete_execution.close_waves(world.id, interrupted))) == [
        W.CANCELLED,
        W.SKIPPED,
        W.SKIPPED,
    ]


def test_a_rejection_stays_what_it_is(world):
    """Closing changes no wave that has ended (R-41)."""
    world.frozen().completed(0)
    world.store.run(approve.pause(world.id, 1))
    world.store.run(
        approve.reject(world.id, 1, world.make.approval(Decision.REJECTED, by="bob", reason="wrong day"))
    )
    closed = world.store.run(complete_execution.close_waves(world.id))
    assert statuses(closed) == [W.COMPLETED, W.CANCELLED, W.SKIPPED]
    assert closed.wave(1).failure == "rejected by bob: wrong day"


@pytest.mark.parametrize(
    ("run_end", "status", "texts"),
    [
        (RunEnd(), W.FAILED, "nobody saw its jobs to their end; may still run in DRS: drsjob-0"),
        (
            RunEnd(interrupted="run marked failed"),
            W.CANCELLED,
            "run marked failed; may still run in DRS: drsjob-0",
        ),
    ],
    ids=["not watched", "interrupted"],
)
def test_r45_a_wave_that_was_started_says_which_jobs_it_leaves_behind(world, run_end, status, texts):
    """A running DRS job cannot be stopped: cancelling says so and names it."""
    world.frozen().launching(0)
    wave = world.store.run(complete_execution.close_waves(world.id, run_end)).wave(0)
    assert (wave.status, wave.failure) == (status, texts)
    assert wave.end_time is not None


def test_r15a_the_job_of_an_open_intent_is_put_on_record_before_the_end(world):
    """Whoever watches the start is gone; wave and servers name the job as if it had been heard of."""
    intent = world.make.intent(0)
    world.frozen().store.run(start_recovery.intend(world.id, 0, intent))
    wave = world.store.run(complete_execution.adopt(world.id, 0, intent, "drsjob-1")).wave(0)
    assert (wave.status, wave.job_ids, wave.open_intents) == (W.STARTED, ("drsjob-1",), ())
    assert {server.job_id for server in world.store.run(read_servers(world.id, 0))} == {"drsjob-1"}
    world.store.run(complete_execution.close_waves(world.id))
    world.store.run(complete_execution.write_end(world.id, E.FAILED, "over"))
    with pytest.raises(TransitionRefused, match="drsjob-1 already, not drsjob-2"):
        world.store.run(complete_execution.adopt(world.id, 0, intent, "drsjob-2"))


@pytest.mark.parametrize("paused", [False, True], ids=["PENDING", "PAUSED"])
def test_a_wave_whose_task_failed_before_its_start_is_failed_with_the_reason(world, paused):
    """What AWS said is on record where it happened, and nobody is said to have cancelled anything."""
    world.frozen().completed(0)
    if paused:
        world.store.run(approve.pause(world.id, 1))
    closed = world.store.run(
        complete_execution.close_waves(world.id, RunEnd(failures={1: "AccessDeniedException: not you"}))
    )
    assert statuses(closed) == [W.COMPLETED, W.FAILED, W.SKIPPED]
    assert closed.wave(1).failure == "AccessDeniedException: not you"
    assert final_status(closed.waves, total_waves=3) is E.FAILED


def test_a_wave_whose_sensor_failed_names_the_jobs_it_leaves_behind(world):
    """The sensor could not ask DRS any more; the job runs on."""
    world.frozen().launching(0)
    wave = world.store.run(
        complete_execution.close_waves(world.id, RunEnd(failures={0: "DRS cannot be reached"}))
    ).wave(0)
    assert (wave.status, wave.failure) == (
        W.FAILED,
        "DRS cannot be reached; may still run in DRS: drsjob-0",
    )


def test_r21_a_wave_whose_sensor_was_never_resumed_is_timed_out(world):
    """Distinct from failure; the job runs on in DRS and is named, its servers have no end."""
    world.frozen().launching(0)
    closed = world.store.run(
        complete_execution.close_waves(world.id, RunEnd(overdue={0: "its time-out of 4 h passed"}))
    )
    assert statuses(closed) == [W.TIMED_OUT, W.SKIPPED, W.SKIPPED]
    assert closed.wave(0).failure == "its time-out of 4 h passed; may still run in DRS: drsjob-0"
    assert all(server.end_time is None for server in world.store.run(read_servers(world.id, 0)))
    assert final_status(closed.waves, total_waves=3) is E.TIMED_OUT


def test_an_open_intent_is_never_skipped(world):
    """A call was announced and its answer lost: a job may run, and the record says so."""
    intent = world.make.intent(0)
    world.frozen().store.run(start_recovery.intend(world.id, 0, intent))
    wave = world.store.run(complete_execution.close_waves(world.id, RunEnd(interrupted="killed"))).wave(0)
    assert wave.status is W.CANCELLED
    assert "StartRecovery of batch 0 was announced at" in wave.failure
    assert intent.servers[0] in wave.failure


def test_a_refused_call_is_reported_when_nobody_failed_the_wave(world):
    """AWS's words are in the record whatever became of the task."""
    intent = world.make.intent(0)
    world.frozen().store.run(start_recovery.intend(world.id, 0, intent))
    world.store.run(start_recovery.refused(world.id, 0, intent, "AccessDeniedException: not you"))
    wave = world.store.run(complete_execution.close_waves(world.id)).wave(0)
    assert wave.failure.endswith("batch 0 was not started: AccessDeniedException: not you")


def test_a_final_status_is_written_once(world):
    """Another one is refused, the same one is what is on record (invariant 6)."""
    world.frozen(waves=1).completed(0)
    first = world.store.run(complete_execution.write_end(world.id, E.COMPLETED, "done"))
    before = world.record()
    assert world.store.run(complete_execution.write_end(world.id, E.COMPLETED, "done again")) == first
    for status in (E.FAILED, E.CANCELLED, E.PARTIAL, E.TIMED_OUT):
        with pytest.raises(TransitionRefused, match=f"is COMPLETED: .* it cannot become {status}"):
            world.store.run(complete_execution.write_end(world.id, status, "no"))
    assert world.store.run(complete_execution.close_waves(world.id)) == first
    assert world.record() == before


def test_the_end_is_reported_once(world):
    """A retried complete_execution does not end the execution twice in the trail."""
    world.frozen(waves=1).completed(0)
    for _ in range(2):
        world.store.run(
            complete_execution.write_end(
                world.id, E.COMPLETED, "done", world.make.event(EventType.EXECUTION_ENDED)
            )
        )
    assert [event.type for event in world.store.run(read_events(world.id))] == [EventType.EXECUTION_ENDED]


def test_a_plan_is_freed_when_its_execution_is_over_and_not_before(world):
    """A lock that is released too early lets a second recovery start."""
    execution = world.frozen(waves=1).store.run(read_execution(world.id))
    world.store.run(take_lock(execution))
    with pytest.raises(TransitionRefused, match="it keeps its plan until it has finished"):
        world.store.run(complete_execution.release(execution))
    assert world.items("PLAN#web_shop")
    world.completed(0)
    ended = world.store.run(complete_execution.write_end(world.id, E.COMPLETED, "done"))
    for _ in range(2):
        world.store.run(complete_execution.release(ended))
    assert not world.items("PLAN#web_shop")


def test_an_execution_frees_only_its_own_lock(world):
    """An execution that was refused the plan leaves it to its holder."""
    holder = world.opened().store.run(read_execution(world.id))
    world.store.run(take_lock(holder))
    refused = world.opened(run="manual__2").store.run(read_execution(world.id))
    world.store.run(complete_execution.close_waves(refused.execution_id))
    world.store.run(
        complete_execution.release(
            world.store.run(complete_execution.write_end(refused.execution_id, E.CANCELLED, "plan is held"))
        )
    )
    assert world.items("PLAN#web_shop")[0]["holder"] == holder.execution_id
