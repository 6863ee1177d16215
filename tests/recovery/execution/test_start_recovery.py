"""start_recovery: an intent before each call, and the job that came of it."""

from __future__ import annotations

import pytest

from drs_recovery.errors import StartRefused, TransitionRefused
from drs_recovery.record.enums import EventType, ExecutionStatus, LaunchStatus, WaveStatus
from drs_recovery.store.programs import approve, complete_execution, start_recovery, wait_for_recovery
from drs_recovery.store.queries import read_execution
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.servers import read_servers

E, W = ExecutionStatus, WaveStatus


def test_from_the_intent_on_the_wave_is_started(world):
    """A job may exist from here on, whatever dies: so the wave never looks as if it had not begun."""
    intent = world.make.intent()
    wave = world.frozen().store.run(start_recovery.intend(world.id, 0, intent)).wave(0)
    assert (wave.status, wave.start_time) == (W.STARTED, intent.time)
    assert [(each.intent_id, each.count) for each in wave.open_intents] == [(intent.intent_id, 2)]
    assert world.store.run(read_execution(world.id)).status is E.POLLING


def test_a_job_is_on_record_in_its_wave_and_its_servers(world):
    """The job id is what finds everything again."""
    intent = world.make.intent()
    world.frozen().store.run(start_recovery.intend(world.id, 0, intent))
    wave = world.store.run(start_recovery.started(world.id, 0, intent, "drsjob-1")).wave(0)
    assert (wave.job_ids, wave.attempt_job_ids, wave.open_intents) == (("drsjob-1",), ("drsjob-1",), ())
    for server in world.store.run(read_servers(world.id, 0)):
        assert (server.job_id, server.launch_status) == ("drsjob-1", LaunchStatus.PENDING)
        assert server.launch_start_time == intent.time
    assert all(server.job_id is None for server in world.store.run(read_servers(world.id, 1)))


def test_r01_r15a_a_second_process_cannot_start_what_the_first_may_have_started(world):
    """Two processes want the same batch: one intent is on record, the other is refused before it sends."""
    first, second = world.make.intent(), world.make.intent()
    world.frozen().store.run(start_recovery.intend(world.id, 0, first))
    with pytest.raises(StartRefused, match="the intent of batch 0 is open; find its job"):
        world.store.run(start_recovery.intend(world.id, 0, second))
    world.store.run(start_recovery.started(world.id, 0, first, "drsjob-1"))
    with pytest.raises(StartRefused, match="job drsjob-1 was started for"):
        world.store.run(start_recovery.intend(world.id, 0, second))


def test_one_moment_does_not_make_two_processes_one(world):
    """Intents of the same microsecond are still two."""
    first = world.make.intent()
    second = world.make.intent(time=first.time)
    world.frozen().store.run(start_recovery.intend(world.id, 0, first))
    with pytest.raises(StartRefused):
        world.store.run(start_recovery.intend(world.id, 0, second))


def test_an_open_intent_holds_its_batch_and_its_servers(world):
    """An intent without a job id is resolved before anything of it is sent; other batches go on."""
    world.frozen(each=2).store.run(start_recovery.intend(world.id, 0, world.make.intent(servers=["s-1"])))
    for again in (world.make.intent(servers=["s-2"]), world.make.intent(batch=1, servers=["s-1"])):
        with pytest.raises(StartRefused, match="the intent of batch 0 is open"):
            world.store.run(start_recovery.intend(world.id, 0, again))
    world.store.run(start_recovery.intend(world.id, 0, world.make.intent(batch=1, servers=["s-2"])))
    assert len(world.store.run(read_execution(world.id)).wave(0).open_intents) == 2


def test_a_server_is_not_started_twice_in_an_attempt(world):
    """Another batch with a server that has a job is refused, by the server's id."""
    one = world.make.intent(servers=["s-1", "s-2"])
    world.frozen().store.run(start_recovery.intend(world.id, 0, one))
    world.store.run(start_recovery.started(world.id, 0, one, "drsjob-1"))
    with pytest.raises(StartRefused, match="job drsjob-1 was started for s-2 in batch 0"):
        world.store.run(
            start_recovery.intend(world.id, 0, world.make.intent(batch=1, servers=["s-2", "s-3"]))
        )


def test_batches_of_a_wave_follow_each_other(world):
    """A wave above the quota of a job has several, all on record."""
    world.frozen()
    for batch, server in enumerate(world.make.servers()[:2]):
        intent = world.make.intent(batch=batch, servers=[server.source_server_id])
        world.store.run(start_recovery.intend(world.id, 0, intent))
        world.store.run(start_recovery.started(world.id, 0, intent, f"drsjob-{batch}"))
    wave = world.store.run(read_execution(world.id)).wave(0)
    assert wave.job_ids == ("drsjob-0", "drsjob-1")
    assert [server.job_id for server in world.store.run(read_servers(world.id, 0))] == [
        "drsjob-0",
        "drsjob-1",
    ]
    assert wave.start_time == wave.intents[0].time


def test_a_refused_call_may_be_sent_again(world):
    """AWS definitely said no: its words are kept, and the next intent takes the place of the refused one."""
    intent = world.make.intent()
    world.frozen().store.run(start_recovery.intend(world.id, 0, intent))
    refused = world.make.event(EventType.JOB_REFUSED, 0, detail="ConflictException: in a job")
    wave = world.store.run(
        start_recovery.refused(world.id, 0, intent, "ConflictException: in a job", refused)
    ).wave(0)
    assert wave.intents[0].refusal == "ConflictException: in a job"
    again = world.make.intent()
    (sent,) = world.store.run(start_recovery.intend(world.id, 0, again)).wave(0).intents
    assert sent.intent_id == again.intent_id
    assert [event.detail for event in world.store.run(read_events(world.id))] == [
        "ConflictException: in a job"
    ]


@pytest.mark.parametrize("release", ["this", "the one before"])
def test_a_lost_answer_is_known_whatever_its_servers_are_announced_for_again(world, release):
    """Announced again, refused, then sent in halves: its job may show all the same, and is found by it."""
    texts = "no job came of StartRecovery for 2 servers: DRS showed none within 0:01:30"
    first, again = world.make.intent(), world.make.intent()
    half = world.make.intent(batch=1, servers=first.servers[:1])
    world.frozen().store.run(start_recovery.intend(world.id, 0, first))
    world.store.run(start_recovery.refused(world.id, 0, first, texts, lost=release == "this"))
    world.store.run(start_recovery.intend(world.id, 0, again))
    world.store.run(start_recovery.refused(world.id, 0, again, "ConflictException"))
    kept, _ = world.store.run(start_recovery.intend(world.id, 0, half)).wave(0).intents
    assert (kept.intent_id, kept.lost) == (again.intent_id, True)
    world.store.run(start_recovery.refused(world.id, 0, half, "ConflictException"))
    assert not world.store.run(read_execution(world.id)).wave(0).attempt_intents[1].lost
    wave = world.store.run(start_recovery.nothing_to_start(world.id, 0, 1)).wave(0)
    assert [intent.intent_id for intent in wave.attempt_intents] == [again.intent_id]
    assert world.store.run(start_recovery.started(world.id, 0, kept, "drsjob-late")).wave(
        0
    ).attempt_job_ids == ("drsjob-late",)


def test_a_late_answer_never_touches_another_intent(world):
    """The first process hears its refusal twice, while a second one has sent again: that call stays open."""
    first, second = world.make.intent(), world.make.intent()
    world.frozen().store.run(start_recovery.intend(world.id, 0, first))
    world.store.run(start_recovery.refused(world.id, 0, first, "no"))
    world.store.run(start_recovery.intend(world.id, 0, second))
    with pytest.raises(TransitionRefused, match="holds no intent"):
        world.store.run(start_recovery.refused(world.id, 0, first, "no"))
    (left,) = world.store.run(read_execution(world.id)).wave(0).open_intents
    assert left.intent_id == second.intent_id


def test_a_job_needs_its_intent(world):
    """What was never announced is not recorded as if it had been."""
    with pytest.raises(TransitionRefused, match="it must be on record before StartRecovery is sent"):
        world.frozen().store.run(start_recovery.started(world.id, 0, world.make.intent(), "drsjob-1"))


def test_an_intent_becomes_one_job(world):
    """Neither a second job for an intent, nor one job for two, nor a refusal of what has become a job."""
    servers = [server.source_server_id for server in world.make.servers()[:2]]
    one, two = (world.make.intent(batch=batch, servers=[servers[batch]]) for batch in (0, 1))
    world.frozen().store.run(start_recovery.intend(world.id, 0, one))
    world.store.run(start_recovery.started(world.id, 0, one, "drsjob-1"))
    world.store.run(start_recovery.intend(world.id, 0, two))
    with pytest.raises(TransitionRefused, match="is job drsjob-1 already, not drsjob-2"):
        world.store.run(start_recovery.started(world.id, 0, one, "drsjob-2"))
    with pytest.raises(TransitionRefused, match="job drsjob-1 is that of another intent"):
        world.store.run(start_recovery.started(world.id, 0, two, "drsjob-1"))
    with pytest.raises(TransitionRefused, match="became job drsjob-1"):
        world.store.run(start_recovery.refused(world.id, 0, one, "no"))


def test_a_job_that_was_found_after_all_is_on_record(world):
    """A call that seemed refused had made a job: the job is the truth."""
    intent = world.make.intent()
    world.frozen().store.run(start_recovery.intend(world.id, 0, intent))
    world.store.run(start_recovery.refused(world.id, 0, intent, "ConflictException"))
    wave = world.store.run(start_recovery.started(world.id, 0, intent, "drsjob-1")).wave(0)
    assert (wave.intents[0].job_id, wave.intents[0].refusal) == ("drsjob-1", None)


def test_servers_of_a_batch_that_was_not_started_say_why_until_a_job_has_them(world):
    """The reason goes to those servers alone; a job that comes later takes its place, and keeps it."""
    intent = world.make.intent()
    mine = intent.servers[:1]
    world.frozen().store.run(start_recovery.not_started(world.id, 0, 1, mine, "ConflictException"))
    assert [server.error for server in world.store.run(read_servers(world.id, 0))] == [
        "ConflictException",
        None,
    ]
    world.store.run(start_recovery.intend(world.id, 0, intent))
    world.store.run(start_recovery.started(world.id, 0, intent, "drsjob-1"))
    world.store.run(start_recovery.not_started(world.id, 0, 1, mine, "ConflictException"))
    assert {(server.job_id, server.error) for server in world.store.run(read_servers(world.id, 0))} == {
        ("drsjob-1", None)
    }


def test_a_job_that_is_recorded_late_does_not_undo_progress(world):
    """The poller was quicker than the second writing of the job."""
    intent = world.make.intent()
    world.frozen().store.run(start_recovery.intend(world.id, 0, intent))
    world.store.run(start_recovery.started(world.id, 0, intent, "drsjob-1"))
    world.store.run(wait_for_recovery.poll(world.id, 0, 1, world.launched(0)))
    world.store.run(start_recovery.started(world.id, 0, intent, "drsjob-1"))
    assert {server.launch_status for server in world.store.run(read_servers(world.id, 0))} == {
        LaunchStatus.LAUNCHED
    }


def test_r32_no_wave_starts_before_those_it_depends_on(world):
    """All waves were started within a second, three times: here the record refuses, in the very write."""
    world.frozen().launching(0)
    with pytest.raises(StartRefused, match="DBWave1 is STARTED"):
        world.store.run(start_recovery.intend(world.id, 1, world.make.intent(1)))


def test_no_answer_no_start(world):
    """A gate marked success by hand changes nothing on record (invariant 4)."""
    world.frozen().completed(0)
    with pytest.raises(StartRefused, match="its gate holds no approval of attempt 1"):
        world.store.run(start_recovery.intend(world.id, 1, world.make.intent(1)))
    world.store.run(approve.pause(world.id, 1))
    with pytest.raises(StartRefused, match="its gate holds no approval of attempt 1"):
        world.store.run(start_recovery.intend(world.id, 1, world.make.intent(1)))


def test_an_intent_of_another_attempt_is_refused(world):
    """A process of an attempt that is over starts nothing."""
    with pytest.raises(StartRefused, match="the wave is at attempt 1"):
        world.frozen().store.run(start_recovery.intend(world.id, 0, world.make.intent(attempt=2)))


def test_a_wave_that_cannot_start_is_failed(world):
    """Validation failed, access denied: AWS's words are the reason."""
    wave = (
        world.frozen()
        .store.run(start_recovery.fail_wave(world.id, 0, 1, "AccessDeniedException: not you"))
        .wave(0)
    )
    assert (wave.status, wave.failure) == (W.FAILED, "AccessDeniedException: not you")
    assert wave.start_time is None
    assert wave.end_time is not None


@pytest.mark.parametrize("job", [None, "drsjob-1"])
def test_p2_a_wave_with_a_job_is_not_failed_before_the_job_has_ended(world, job):
    """The second batch is refused while the first launches: nobody abandons those servers."""
    intent = world.make.intent()
    world.frozen().store.run(start_recovery.intend(world.id, 0, intent))
    if job:
        world.store.run(start_recovery.started(world.id, 0, intent, job))
    with pytest.raises(TransitionRefused, match="cannot fail to start"):
        world.store.run(start_recovery.fail_wave(world.id, 0, 1, "no capacity"))
    with pytest.raises(TransitionRefused, match="is at attempt 1, not 2"):
        world.store.run(start_recovery.fail_wave(world.id, 0, 2, "no capacity"))


def test_a_closed_execution_still_takes_the_job_of_a_call_that_was_under_way(world):
    """The run was ended during the call; its job exists, so it is on record. No wave comes back to life."""
    intent = world.make.intent()
    world.frozen().store.run(start_recovery.intend(world.id, 0, intent))
    world.store.run(complete_execution.close_waves(world.id))
    wave = world.store.run(start_recovery.started(world.id, 0, intent, "drsjob-1")).wave(0)
    assert (wave.status, wave.job_ids) == (W.FAILED, ("drsjob-1",))


def test_a_final_execution_starts_nothing(world):
    """A task process outlives the end of its run by seconds: it is fenced off (invariant 6)."""
    world.frozen().store.run(complete_execution.close_waves(world.id))
    world.store.run(complete_execution.write_end(world.id, E.FAILED, "inconsistent"))
    with pytest.raises(StartRefused, match="the execution is FAILED, for good"):
        world.store.run(start_recovery.intend(world.id, 0, world.make.intent()))
