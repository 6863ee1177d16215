"""A new attempt of a wave: the one thing that opens an execution again."""

from __future__ import annotations

import pytest

from drs_recovery.errors import LockHeld, RecordUnavailable, StartRefused, TransitionRefused
from drs_recovery.record.enums import EventType, LaunchStatus
from drs_recovery.record.status import RunEnd
from drs_recovery.store.lock import take_lock
from drs_recovery.store.open_attempt import note_clear, open_attempt
from drs_recovery.store.programs import (
    approve,
    complete_execution,
    open_execution,
    start_recovery,
    wait_for_recovery,
)
from drs_recovery.store.queries import open_executions, read_execution
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.requests import Now
from drs_recovery.store.servers import read_servers
from drs_recovery.store.store import ExecutionStore
from tests.recovery.execution.ended import E, W, ended, open_intent, opening


def shown(world, kind):
    return [event for event in world.store.run(read_events(world.id)) if event.type is kind]


def test_the_execution_is_open_again_and_the_wave_begins_again(world):
    """One write; the plan is its own again, the finished wave stays, the one that never ran is to come."""
    before = ended(world).store.run(read_execution(world.id))
    event = world.make.event(EventType.ATTEMPT_OPENED, 1, attempt=2)
    after = world.store.run(open_attempt(world.id, opening(), event))
    assert after == world.store.run(read_execution(world.id))
    assert [wave.status for wave in after.waves] == [W.COMPLETED, W.PENDING, W.PENDING]
    assert (after.status, after.completed_waves, after.version) == (E.POLLING, 1, before.version + 1)
    raw = world.record()
    assert raw.keys() >= {"openSince"}
    assert not raw.keys() & {"endTime", "outcome"}
    assert not raw["waves"][1].keys() & {"approval", "failure", "startTime", "endTime"}
    assert (raw["waves"][1]["attempt"], raw["waves"][1]["clearNumber"]) == (2, 1)
    assert after.wave(1).job_ids == ("drsjob-1",)
    assert after.wave(1).attempt_job_ids == ()
    assert world.items("PLAN#web_shop")[0]["holder"] == world.id
    assert shown(world, EventType.ATTEMPT_OPENED) == [event]
    assert [execution.execution_id for execution in world.store.run(open_executions())] == [world.id]


@pytest.mark.parametrize("status", [W.PARTIAL, W.FAILED, W.TIMED_OUT])
def test_whatever_did_not_launch_all_is_tried_again(world, status):
    """A PARTIAL wave too, of an execution that ended well enough."""
    execution = {W.PARTIAL: E.FAILED, W.FAILED: E.FAILED, W.TIMED_OUT: E.TIMED_OUT}[status]
    ended(world, status, execution)
    assert world.store.run(open_attempt(world.id, opening())).wave(1).attempt == 2


def test_a_wave_is_tried_again_while_its_execution_runs(world):
    """Another wave goes on meanwhile: nothing is opened again but the wave."""
    ended(world, execution=None)
    before = world.store.run(read_execution(world.id))
    after = world.store.run(open_attempt(world.id, opening()))
    assert (after.open_since, after.wave(1).attempt) == (before.open_since, 2)
    assert after.wave(2).status is W.PENDING


def test_a_wave_that_goes_on_needs_no_other_attempt(world):
    """It is PENDING, PAUSED, STARTED or POLLING: its attempt goes on."""
    world.frozen().launching(0)
    with pytest.raises(StartRefused, match="it is STARTED, its attempt 1 goes on"):
        world.store.run(open_attempt(world.id, opening(wave_number=0)))


@pytest.mark.parametrize("writes", range(1, 7))
def test_a_crash_after_any_write_is_taken_up_by_a_retry(world, fragile, writes):
    """Lock, servers, past intents, record, event: whoever comes next finds its way, and all is there once."""
    ended(world)
    client, wire = fragile
    store = ExecutionStore(client, world.table, clock=world.make.time)
    servers = world.store.run(read_servers(world.id, 1))
    found = [servers[1].replace(launch_status=LaunchStatus.LAUNCHED, error=None)]
    event = world.make.event(EventType.ATTEMPT_OPENED, 1, attempt=2)
    wire.die_after(writes)
    try:
        store.run(open_attempt(world.id, opening(servers=found), event))
    except RecordUnavailable:
        assert writes <= 5
    else:
        assert writes > 5
    wire.mend()
    again = event.replace(time=world.make.time())
    after = store.run(open_attempt(world.id, opening(servers=found), again))
    assert after.wave(1).attempt == 2
    assert [server.launch_status for server in world.store.run(read_servers(world.id, 1))] == ["LAUNCHED"] * 2
    assert len(shown(world, EventType.ATTEMPT_OPENED)) == 1
    assert world.items("PLAN#web_shop")[0]["holder"] == world.id


def disturbed(steps, step, disturb):
    """Run steps, and something else after so many of them."""
    answer, count = None, 0
    while True:
        try:
            request = steps.send(answer)
        except StopIteration as end:
            return end.value
        answer = yield request
        count += not isinstance(request, Now)
        if count == step:
            disturb()


@pytest.mark.parametrize("step", range(1, 8))
@pytest.mark.parametrize("first", ["attempt", "other run"])
def test_a_plan_is_never_both_taken_and_opened_again(world, first, step):
    """Another execution wants the plan at any moment of an opening, and the other way round: one gets it."""
    ended(world)
    old = world.store.run(read_execution(world.id))
    world.store.run(take_lock(old))  # as a crash between final status and release leaves it
    other = world.store.run(open_execution.open_execution(world.make.execution("manual__2")))
    refused = []

    def take():
        return take_lock(other)

    def reopen():
        return open_attempt(old.execution_id, opening())

    def second():
        steps = take() if first == "attempt" else reopen()
        try:
            world.store.run(steps)
        except (LockHeld, StartRefused) as error:
            refused.append(error)

    steps = reopen() if first == "attempt" else take()
    try:
        world.store.run(disturbed(steps, step, second))
    except (LockHeld, StartRefused) as error:
        refused.append(error)
    holder = world.items("PLAN#web_shop")[0]["holder"]
    assert world.store.run(read_execution(old.execution_id)).final == (holder == other.execution_id)
    assert len(refused) <= 1


def test_the_second_end_is_reported_like_the_first(world):
    """What is shown once is shown once for each time that the execution was open."""
    ended(world).store.run(open_attempt(world.id, opening()))
    world.store.run(
        complete_execution.close_waves(
            world.id, RunEnd(interrupted="ended by hand"), world.make.event(EventType.INTERRUPTED)
        )
    )
    for _ in range(2):
        world.store.run(
            complete_execution.write_end(
                world.id, E.CANCELLED, "again", world.make.event(EventType.EXECUTION_ENDED)
            )
        )
    world.store.run(
        complete_execution.close_waves(world.id, RunEnd(), world.make.event(EventType.INTERRUPTED))
    )
    assert len(shown(world, EventType.INTERRUPTED)) == 2
    assert len(shown(world, EventType.EXECUTION_ENDED)) == 2
    assert (world.store.run(read_execution(world.id)).status, world.record()["outcome"]) == (
        E.CANCELLED,
        "again",
    )


def test_a_late_process_of_the_last_attempt_writes_nothing_into_the_new_one(world):
    """Neither progress nor an end, nor why something was not started."""
    late = ended(world).store.run(read_servers(world.id, 1))
    first = world.store.run(read_execution(world.id)).wave(1).intents[0]
    world.store.run(open_attempt(world.id, opening()))
    world.store.run(approve.pause(world.id, 1))
    world.store.run(approve.approve(world.id, 1, world.make.approval(attempt=2)))
    missing = late[1].source_server_id
    intent = world.make.intent(1, attempt=2, servers=[missing])
    world.store.run(start_recovery.intend(world.id, 1, intent))
    world.store.run(start_recovery.started(world.id, 1, intent, "drsjob-2"))
    before = world.raw()
    ended_so = [server.replace(launch_status="LAUNCHED", end_time=None) for server in late]
    world.store.run(wait_for_recovery.poll(world.id, 1, 1, ended_so))
    world.store.run(start_recovery.not_started(world.id, 1, 1, [missing], "AccessDenied"))
    world.store.run(start_recovery.started(world.id, 1, first, "drsjob-1"))
    with pytest.raises(TransitionRefused, match="attempt 1 cannot end it"):
        world.store.run(wait_for_recovery.write_end(world.id, 1, 1, ended_so, W.COMPLETED))
    with pytest.raises(TransitionRefused, match="is at attempt 2, not 1"):
        world.store.run(start_recovery.fail_wave(world.id, 1, 1, "AccessDenied"))
    with pytest.raises(StartRefused, match="the wave is at attempt 2"):
        world.store.run(start_recovery.intend(world.id, 1, world.make.intent(1)))
    with pytest.raises(TransitionRefused, match="the answer is for attempt 1"):
        world.store.run(approve.approve(world.id, 1, world.make.approval(reason="late")))
    assert world.raw() == before


def test_the_wave_is_judged_by_all_its_servers(world):
    """COMPLETED takes those of the first attempt and of the second."""
    ended(world).store.run(open_attempt(world.id, opening()))
    world.store.run(approve.pause(world.id, 1))
    world.store.run(approve.approve(world.id, 1, world.make.approval(attempt=2)))
    missing = world.store.run(read_servers(world.id, 1))[1].source_server_id
    intent = world.make.intent(1, attempt=2, servers=[missing])
    world.store.run(start_recovery.intend(world.id, 1, intent))
    world.store.run(start_recovery.started(world.id, 1, intent, "drsjob-2"))
    world.store.run(wait_for_recovery.write_end(world.id, 1, 2, world.launched(1), W.COMPLETED))
    assert world.store.run(read_execution(world.id)).wave(1).status is W.COMPLETED
    assert [server.attempt for server in world.store.run(read_servers(world.id, 1))] == [1, 2]


def test_what_ended_jobs_say_is_written_over_an_end_that_came_too_early(world):
    """A wave that was left while its job ran: the record holds what the job came to; LAUNCHED stays."""
    first, second = ended(world).store.run(read_servers(world.id, 1))
    found = [
        first.replace(launch_status="TERMINATED"),
        second.replace(launch_status="LAUNCHED", recovery_instance_id="i-1", error=None),
    ]
    world.store.run(open_attempt(world.id, opening(servers=found)))
    kept, new = world.store.run(read_servers(world.id, 1))
    assert kept == first
    assert (new.launch_status, new.recovery_instance_id, new.error) == ("LAUNCHED", "i-1", None)


def test_an_intent_is_resolved_by_the_same_write(world):
    """Its job is on record in the last attempt, where it belongs."""
    open_intent(ended(world))
    (intent,) = world.store.run(read_execution(world.id)).wave(1).open_intents
    wave = world.store.run(
        open_attempt(world.id, opening(resolved=[intent.replace(job_id="drsjob-9")]))
    ).wave(1)
    assert (wave.job_ids, wave.open_intents, wave.attempt_intents) == (("drsjob-1", "drsjob-9"), (), ())


def test_a_clear_of_an_attempt_that_goes_on_is_noted_and_opens_nothing(world):
    """So the same clear opens none either when that attempt has ended."""
    world.frozen().launching(0)
    assert world.store.run(note_clear(world.id, 0, 1, 3)).wave(0).clear_number == 3
    assert world.store.run(note_clear(world.id, 0, 1, 2)).wave(0).clear_number == 3
    before = world.raw()
    with pytest.raises(StartRefused, match="waits for waves that are not done"):
        world.store.run(note_clear(world.id, 1, 1, 3))
    assert world.raw() == before
    world.store.run(wait_for_recovery.write_end(world.id, 0, 1, [], W.FAILED, failure="no capacity"))
    with pytest.raises(StartRefused, match="not cleared since"):
        world.store.run(open_attempt(world.id, opening(wave_number=0, clear_number=3)))


def test_an_attempt_without_anything_to_start_begins(world):
    """Its gate is asked all the same; then the sensor judges what is launched already."""
    ended(world).store.run(open_attempt(world.id, opening()))
    with pytest.raises(StartRefused, match="no approval of attempt 2"):
        world.store.run(start_recovery.nothing_to_start(world.id, 1, 2))
    world.store.run(approve.pause(world.id, 1))
    world.store.run(approve.approve(world.id, 1, world.make.approval(attempt=2)))
    wave = world.store.run(start_recovery.nothing_to_start(world.id, 1, 2)).wave(1)
    assert (wave.status, wave.has_nothing_to_start) == (W.STARTED, True)
    assert world.store.run(start_recovery.nothing_to_start(world.id, 1, 2)).wave(1) == wave
