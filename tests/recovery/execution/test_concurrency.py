"""Several writers at once: versions conflict, nothing is lost, and one wins where one must."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from drs_recovery.errors import LockHeld, RecordUnavailable, StartRefused, TransitionRefused
from drs_recovery.record.enums import EventType, ExecutionStatus, WaveStatus, Writer
from drs_recovery.store.changes import change, with_wave
from drs_recovery.store.lock import take_lock
from drs_recovery.store.programs import (
    approve,
    complete_execution,
    open_execution,
    start_recovery,
    wait_for_recovery,
)
from drs_recovery.store.queries import read_execution
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.requests import TRIES

E, W = ExecutionStatus, WaveStatus


def together(*calls):
    """Run calls at the same time; return what each returns, or raises of ours."""

    def quiet(call):
        try:
            return call()
        except (LockHeld, StartRefused, TransitionRefused) as refused:
            return refused

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(quiet, calls))


@pytest.fixture
def parallel(world):
    """Make an execution whose three waves depend on nothing and have no gates."""
    waves = tuple(
        wave.replace(depends_on=(), pause_before_wave=False) for wave in world.make.execution().waves
    )
    world.opened(waves=3)
    record = world.record()
    record["waves"] = [wave.to_item() for wave in waves]
    world.put(record)
    world.store.run(open_execution.freeze(world.id, "{}", world.make.servers(3, 1)))
    return world


def test_r35_waves_that_run_at_once_lose_nothing_of_each_other(parallel):
    """Wave 2 vanished from the record: two writers, and the last one won. Here each writes its own."""
    store = parallel.store
    intents = [parallel.make.intent(wave, each=1) for wave in range(3)]

    def drive(wave):
        store.run(start_recovery.intend(parallel.id, wave, intents[wave]))
        store.run(start_recovery.started(parallel.id, wave, intents[wave], f"drsjob-{wave}"))
        store.run(wait_for_recovery.poll(parallel.id, wave, 1, parallel.launched(wave)))
        store.run(wait_for_recovery.polled(parallel.id, datetime.now(UTC)))
        event = parallel.make.event(EventType.WAVE_ENDED, wave)
        store.run(
            wait_for_recovery.write_end(
                parallel.id, wave, 1, parallel.launched(wave), W.COMPLETED, event=event
            )
        )

    assert together(*(lambda wave=wave: drive(wave) for wave in range(3))) == [None] * 3
    execution = store.run(read_execution(parallel.id))
    assert [wave.status for wave in execution.waves] == [W.COMPLETED] * 3
    assert [wave.job_ids for wave in execution.waves] == [("drsjob-0",), ("drsjob-1",), ("drsjob-2",)]
    assert (execution.completed_waves, execution.total_waves) == (3, 3)
    assert len(store.run(read_events(parallel.id))) == 3
    assert execution.version == 2 + 3 * len(["intent", "job", "polling", "end"])


def test_r01_one_of_many_processes_gets_to_start_a_batch(world):
    """Six processes want to start the same wave: one intent is on record, five are refused."""
    world.frozen(waves=1)
    intents = [world.make.intent() for _ in range(6)]
    answers = together(*(lambda i=i: world.store.run(start_recovery.intend(world.id, 0, i)) for i in intents))
    assert sum(isinstance(answer, StartRefused) for answer in answers) == 5
    assert len(world.store.run(read_execution(world.id)).wave(0).intents) == 1


def test_one_of_many_executions_gets_the_plan(world):
    """Six runs at once, also when the last holder is over: one holds the plan, five are shown who."""
    ghost = world.make.execution("manual__0")
    world.store.run(take_lock(ghost))
    runs = [
        world.store.run(open_execution.open_execution(world.make.execution(f"manual__{n}")))
        for n in range(1, 7)
    ]
    answers = together(*(lambda run=run: world.store.run(take_lock(run)) for run in runs))
    assert answers.count(ghost.execution_id) == 1
    held = [answer for answer in answers if isinstance(answer, LockHeld)]
    assert len(held) == 5
    assert {answer.holder for answer in held} == {world.items("PLAN#web_shop")[0]["holder"]}


def test_one_of_many_endings_is_written(world):
    """Two complete_execution at once, of which one believes the run failed: the first ends it, for good."""
    world.frozen(waves=1).completed(0)
    answers = together(
        *(
            lambda status=status: world.store.run(
                complete_execution.write_end(world.id, status, f"ended {status}")
            )
            for status in (E.COMPLETED, E.CANCELLED, E.COMPLETED, E.CANCELLED)
        )
    )
    ended = world.store.run(read_execution(world.id))
    assert [answer for answer in answers if not isinstance(answer, TransitionRefused)] == [ended, ended]
    assert ended.outcome == f"ended {ended.status}"


def test_one_of_many_answers_is_recorded(world):
    """Alice approves while the clock times the gate out: one answer stands, the other is shown so."""
    world.frozen().completed(0).store.run(approve.pause(world.id, 1))
    yes, no = world.make.approval(), world.make.approval("TIMED_OUT", by=None)
    answers = together(
        lambda: world.store.run(approve.approve(world.id, 1, yes)),
        lambda: world.store.run(approve.reject(world.id, 1, no)),
    )
    assert sum(isinstance(answer, TransitionRefused) for answer in answers) == 1
    wave = world.store.run(read_execution(world.id)).wave(1)
    assert wave.approval in (yes, no)
    assert (wave.status is W.CANCELLED) == (wave.approval == no)


def test_r36_a_record_that_never_stops_changing_is_given_up(world, monkeypatch):
    """Retries are bounded, with a pause before each: then the error says who found what."""
    monkeypatch.setattr("drs_recovery.store.runners.time.sleep", pauses := [].append)
    world.frozen()

    def alter(execution):
        world.client.update_item(
            TableName=world.table,
            Key={"executionId": {"S": world.id}, "item": {"S": "EXECUTION"}},
            UpdateExpression="ADD version :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )
        return with_wave(execution, 0, status=W.PAUSED)

    with pytest.raises(RecordUnavailable, match=f"approve found its record changed by others {TRIES} times"):
        world.store.run(change(world.id, Writer.APPROVE, alter))
    assert len(pauses.__self__) == TRIES
    assert all(0 <= pause <= 0.8 for pause in pauses.__self__)
    assert world.store.run(read_execution(world.id)).wave(0).status is W.PENDING


def test_the_loser_of_a_race_writes_on_what_the_winner_wrote(world):
    """A poll and a close at once: whichever is second sees the first, and no wave comes back to life."""
    world.frozen(waves=1).launching(0)
    together(
        lambda: world.store.run(complete_execution.close_waves(world.id)),
        lambda: world.store.run(wait_for_recovery.poll(world.id, 0, 1, world.launched(0))),
    )
    assert world.store.run(read_execution(world.id)).wave(0).status is W.FAILED


def test_nobody_writes_an_execution_that_ended_meanwhile(world):
    """Between reading and writing the execution ends: the condition sees the end, not only the version."""
    world.frozen()

    def alter(execution):
        world.put(world.record() | {"endTime": "2026-03-01T07:00:00.000000Z", "status": "CANCELLED"})
        return with_wave(execution, 0, status=W.PAUSED)

    with pytest.raises(TransitionRefused, match="is CANCELLED, and a final status is written once"):
        world.store.run(change(world.id, Writer.APPROVE, alter))
    assert world.store.run(read_execution(world.id)).wave(0).status is W.PENDING
