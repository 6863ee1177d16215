"""open_execution: the whole record first, then the lock, then what is frozen."""

from __future__ import annotations

import pytest

from drs_recovery.errors import ExecutionNotFound, LockHeld, TransitionRefused
from drs_recovery.record.enums import EventType, ExecutionStatus, FailureKind, WaveStatus
from drs_recovery.record.parts import Failure, Lag, PreflightWarning
from drs_recovery.store.frozen import read_plan
from drs_recovery.store.lock import take_lock
from drs_recovery.store.programs import complete_execution, open_execution
from drs_recovery.store.queries import read_execution
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.servers import read_servers

E, W = ExecutionStatus, WaveStatus


def test_r17_all_waves_are_on_record_before_anything_starts(world):
    """The record is opened with every wave PENDING and says how many there are."""
    record = world.opened().record()
    assert (record["status"], record["totalWaves"], record["version"]) == ("PENDING", 3, 1)
    assert [wave["status"] for wave in record["waves"]] == ["PENDING"] * 3
    assert record["openSince"] == record["startTime"]


def test_opening_twice_is_opening_once(world):
    """A retried task finds its record, as far as it has come, and tells the trail nothing new."""
    event = world.make.event(EventType.OPENED)
    world.store.run(open_execution.open_execution(world.make.execution(), event))
    world.frozen()
    before = world.items()
    again = world.store.run(
        open_execution.open_execution(
            world.make.execution(reason="other"), world.make.event(EventType.OPENED)
        )
    )
    assert again.wave(0).server_count == 2
    assert again.reason is None
    assert world.items() == before


@pytest.mark.parametrize(
    "change",
    [
        lambda _: {"total_waves": 4},
        lambda _: {"waves": (), "total_waves": 0},
        lambda execution: {"waves": tuple(reversed(execution.waves))},
        lambda execution: {"waves": (execution.waves[0].replace(status=W.PAUSED), *execution.waves[1:])},
        lambda execution: {"waves": (execution.waves[0].replace(depends_on=(7,)), *execution.waves[1:])},
        lambda _: {"status": E.POLLING},
        lambda execution: {"end_time": execution.start_time},
    ],
    ids=[
        "a wave missing",
        "no waves",
        "out of order",
        "begun",
        "depends on nothing known",
        "running",
        "ended",
    ],
)
def test_a_record_that_does_not_begin_at_the_beginning_is_refused(world, change):
    """Nothing but a whole, PENDING record is ever put."""
    execution = world.make.execution()
    with pytest.raises(TransitionRefused, match="cannot be opened"):
        world.store.run(open_execution.open_execution(execution.replace(**change(execution))))
    with pytest.raises(ExecutionNotFound, match=execution.execution_id):
        world.store.run(read_execution(execution.execution_id))


def test_more_than_100_waves_are_refused(world):
    """The condition of the final write has no room for more."""
    with pytest.raises(TransitionRefused, match="1 to 100"):
        world.store.run(open_execution.open_execution(world.make.execution(waves=101)))


def test_the_account_is_frozen_with_plan_and_servers(world):
    """The first freeze stays, with the account it knew; one that knew none is not mended later."""
    world.opened().store.run(
        open_execution.freeze(world.id, "{}", world.make.servers(), account_id="123456789012")
    )
    world.store.run(open_execution.freeze(world.id, "{}", world.make.servers(), account_id="999999999999"))
    assert world.record()["accountId"] == "123456789012"
    world.opened(run="manual__2").store.run(open_execution.freeze(world.id, "{}", world.make.servers()))
    assert "accountId" not in world.record()


def test_plan_and_servers_are_frozen(world):
    """The plan, an item per server with its names, and how many each wave has."""
    world.opened()
    world.store.run(
        open_execution.freeze(
            world.id, '{"name": "Web shop"}', world.make.servers(), world.make.event(EventType.FROZEN)
        )
    )
    keys = [item["item"] for item in world.items() if item["item"].startswith("SERVER#")]
    assert keys[0] == "SERVER#000#s-00000000000000000"
    assert len(keys) == 6
    assert world.store.run(read_plan(world.id)) == '{"name": "Web shop"}'
    assert [wave.server_count for wave in world.store.run(read_execution(world.id)).waves] == [2, 2, 2]
    assert world.store.run(read_servers(world.id, 1)) == world.make.servers()[2:4]


def test_how_many_servers_a_wave_needs_is_frozen_with_them(world):
    """By wave; absent is all that are not optional. The first freeze stays, whatever a retry counts."""
    optional = [server.replace(optional=server.wave_number == 1 or None) for server in world.make.servers()]
    world.opened().store.run(open_execution.freeze(world.id, "{}", optional, minimum_launched={0: 1}))
    assert [wave.minimum_launched for wave in world.store.run(read_execution(world.id)).waves] == [
        1,
        None,
        None,
    ]
    assert [server.optional for server in world.store.run(read_servers(world.id))] == [
        None,
        None,
        True,
        True,
        None,
        None,
    ]
    before = world.items()
    world.store.run(open_execution.freeze(world.id, "{}", world.make.servers(), minimum_launched={2: 2}))
    assert world.items() == before


def test_r39_the_first_freeze_stays(world):
    """A retry that resolves other servers, as tags have moved meanwhile, freezes those of the first try."""
    world.frozen()
    before = world.items()
    world.store.run(open_execution.freeze(world.id, "{}", world.make.servers(3, 1)))
    assert world.items() == before


def test_a_freeze_cut_off_in_the_middle_is_finished_as_it_was_begun(world, monkeypatch):
    """The PLAN item decides both: the next try writes the servers that it names, not its own."""
    world.opened()
    died = RuntimeError("the worker died")

    def die(*_: object, **__: object) -> None:
        raise died

    with monkeypatch.context() as patch:
        patch.setattr("drs_recovery.store.programs.open_execution.server_item", die)
        with pytest.raises(RuntimeError, match="the worker died"):
            world.store.run(
                open_execution.freeze(world.id, "{}", world.make.servers(), minimum_launched={1: 2})
            )
    assert [item["item"] for item in world.items()] == ["EXECUTION", "PLAN"]
    frozen = world.store.run(
        open_execution.freeze(world.id, "{}", world.make.servers(3, 1), minimum_launched={0: 1})
    )
    assert [wave.minimum_launched for wave in frozen.waves] == [None, 2, None]
    assert [wave.server_count for wave in frozen.waves] == [2, 2, 2]
    assert world.store.run(read_servers(world.id)) == world.make.servers()


def test_another_version_of_the_plan_is_never_frozen_over_the_first(world):
    """An execution runs the plan it was opened with, or stops (invariant 9)."""
    world.opened()
    world.put({"executionId": world.id, "item": "PLAN", "plan": "{1}", "servers": []})
    with pytest.raises(TransitionRefused, match="another version of plan 'web_shop'"):
        world.store.run(open_execution.freeze(world.id, "{2}", world.make.servers()))
    assert world.store.run(read_plan(world.id)) == "{1}"


def test_r39_a_wave_without_servers_is_refused(world):
    """A selection that resolved to nothing is an error, by the name of its wave."""
    with pytest.raises(TransitionRefused, match="no servers for WebWave3"):
        world.opened().store.run(open_execution.freeze(world.id, "{}", world.make.servers(2)))


def test_a_server_is_in_one_wave_only(world):
    """A server in two waves would be launched over itself."""
    twice = world.make.servers()
    twice.append(twice[0].replace(wave_number=2))
    with pytest.raises(TransitionRefused, match="in two waves, or in none on record: s-00000000000000000"):
        world.opened().store.run(open_execution.freeze(world.id, "{}", twice))


def test_an_execution_without_a_frozen_plan_says_so(world):
    """open_execution did not get that far."""
    with pytest.raises(ExecutionNotFound, match="holds no frozen plan"):
        world.opened().store.run(read_plan(world.id))


def test_the_first_failure_stays(world):
    """What went wrong first is the reason; a second one is shown in the trail."""
    world.opened()
    for message in ("no such server", "no such server", "lock held"):
        failure = Failure(kind=FailureKind.FAILED, message=message)
        world.store.run(
            open_execution.note_failure(world.id, failure, world.make.event(EventType.FAILED, detail=message))
        )
    assert world.store.run(read_execution(world.id)).failure.message == "no such server"
    assert [event.detail for event in world.store.run(read_events(world.id))] == [
        "no such server",
        "lock held",
    ]


def test_one_active_execution_per_plan(world):
    """A second execution is refused and told who holds the plan, since when; another plan is free."""
    first = world.opened().store.run(read_execution(world.id))
    assert world.store.run(take_lock(first)) is None
    second = world.store.run(open_execution.open_execution(world.make.execution(run="manual__2")))
    with pytest.raises(LockHeld) as held:
        world.store.run(take_lock(second))
    assert held.value.holder == first.execution_id
    assert str(held.value) == (
        f"plan 'web_shop' is held by execution {first.execution_id} (DRILL, DAG run manual__1, asked for by "
        "alice) since 2026-03-01T06:00:01.000250Z; it is PENDING: wait for it, or end its DAG run"
    )
    other = world.store.run(open_execution.open_execution(world.make.execution(plan="payroll")))
    assert world.store.run(take_lock(other)) is None


def test_taking_ones_own_lock_again_changes_nothing(world):
    """A retried open_execution holds the plan already, since the first try."""
    execution = world.opened().store.run(read_execution(world.id))
    world.store.run(take_lock(execution))
    before = world.items("PLAN#web_shop")
    assert world.store.run(take_lock(execution)) is None
    assert world.items("PLAN#web_shop") == before


def test_a_lock_is_taken_over_from_an_execution_that_is_over(world):
    """A crash between final status and release never locks a plan for good; the old holder is named."""
    first = world.opened().store.run(read_execution(world.id))
    world.store.run(take_lock(first))
    world.store.run(complete_execution.close_waves(first.execution_id))
    world.store.run(complete_execution.write_end(first.execution_id, E.CANCELLED, "cancelled"))
    second = world.store.run(open_execution.open_execution(world.make.execution(run="manual__2")))
    assert world.store.run(take_lock(second)) == first.execution_id
    assert world.items("PLAN#web_shop")[0]["holder"] == second.execution_id
    with pytest.raises(LockHeld):
        world.store.run(
            take_lock(world.store.run(open_execution.open_execution(world.make.execution(run="manual__3"))))
        )


def test_a_lock_of_an_execution_that_is_not_on_record_is_taken_over(world):
    """What is not on record is permitted nothing, so it holds nothing."""
    ghost = world.make.execution(run="manual__0")
    world.store.run(take_lock(ghost))
    execution = world.opened().store.run(read_execution(world.id))
    assert world.store.run(take_lock(execution)) == ghost.execution_id


def test_a_lock_is_never_taken_over_from_one_who_took_it_over_first(world):
    """Two that find an ended holder: the conditional write lets one of them in."""
    ghost = world.make.execution(run="manual__0")
    world.store.run(take_lock(ghost))
    first, second = (
        world.store.run(open_execution.open_execution(world.make.execution(run=f"manual__{n}")))
        for n in (1, 2)
    )
    world.store.run(take_lock(first))
    with pytest.raises(LockHeld) as held:
        world.store.run(take_lock(second))
    assert held.value.holder == first.execution_id


def test_what_the_checks_found_is_on_record(world):
    """Warnings and lag, with their event; told again, nothing changes; the last look counts."""
    store, key = world.opened().store, world.id
    event = world.make.event(EventType.PREFLIGHT)
    warnings = [
        PreflightWarning(check="lag", message="late"),
        PreflightWarning(check="quotas", message="full"),
    ]
    noted = store.run(open_execution.note_preflight(key, warnings, Lag(seconds=9, unknown=1), event))
    assert noted.warnings == tuple(warnings)
    record = world.record()
    assert record["warnings"] == [
        {"check": "lag", "message": "late"},
        {"check": "quotas", "message": "full"},
    ]
    assert record["lag"] == {"seconds": 9, "unknown": 1}
    before = world.items()
    store.run(
        open_execution.note_preflight(
            key, warnings, Lag(seconds=9, unknown=1), world.make.event(EventType.PREFLIGHT)
        )
    )
    assert world.items() == before
    assert store.run(open_execution.note_preflight(key, [], Lag(unknown=2))).warnings == ()
    assert world.record()["lag"] == {"unknown": 2}
