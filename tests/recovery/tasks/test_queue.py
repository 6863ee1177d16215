"""A wave that DRS has no room for waits in a queue for its turn: without a worker, as long as it takes."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from drs_recovery.clock import now
from drs_recovery.record.queue import CALLED_FOR
from drs_recovery.store.queue import QueueKey, call, leave, list_queues, read_queue, say_seen
from drs_recovery.tasks.room_trigger import QueueWatch, RoomTrigger
from tests.recovery.tasks.conftest import APP, DB, Drive, plan
from tests.recovery.tasks.starting import START, details_of, jobs, later

if TYPE_CHECKING:
    from drs_recovery.record.queue import Place

HERE = QueueKey("123456789012", "eu-west-1")
LOOKS = 3


def opened(name: str, *servers: str, **conf: Any) -> Drive:
    """Return a drill of a plan with a single wave, opened."""
    wave = {"name": "Database", "servers": list(servers or (DB,)), "timeout": "10m"}
    about = {"id": name, "name": name.title(), "preflight": {"quotas": "warn", "active_jobs": "warn"}}
    drive = Drive(plan(wave, **about, **conf))
    drive.execute("open_execution")
    return drive


def places(drive: Drive) -> list[Place]:
    return drive.store.run(read_queue(HERE))


def queued(drive: Drive) -> Looking:
    """Execute the start until it waits for room; return the trigger, as a triggerer makes it."""
    with pytest.raises(TaskDeferred) as deferred:
        drive.execute(START)
    return _trigger(deferred.value)


class Looking(RoomTrigger):
    """A trigger that counts its looks, and ends after some that did not wake it."""

    looks = 0

    async def _report(self, watch: QueueWatch, trouble: str | None) -> None:
        await super()._report(watch, trouble)
        self.looks += 1
        if self.looks > LOOKS:
            raise TimeoutError


def _trigger(deferred: TaskDeferred) -> Looking:
    assert deferred.timeout is None, "it waits as long as it takes"
    assert isinstance(deferred.trigger, RoomTrigger)
    path, arguments = deferred.trigger.serialize()
    assert (arguments["actor"], arguments["attempt"]) == (START, 1)
    assert path == f"{RoomTrigger.__module__}.RoomTrigger"
    return Looking(**{**arguments, "hold": 0, "poll_interval": 0.05})


def woken(*triggers: Looking) -> list[bool]:
    """Run triggers beside one another, as in one triggerer; return which of them fired in some looks."""

    async def fired(trigger: Looking) -> bool:
        trigger.looks = 0
        with contextlib.suppress(TimeoutError):
            return [event async for event in trigger.run()] != []
        return False

    async def all_of_them() -> list[bool]:
        return list(await asyncio.gather(*map(fired, triggers)))

    return asyncio.run(all_of_them())


def resumed(drive: Drive, deferred: TaskDeferred) -> Any:
    """Resume the start with what it handed over."""
    task = drive.dag.get_task(START)
    return task.execute_complete(drive.context(START), {"status": "success"}, **deferred.kwargs)


def leave_of(drive: Drive) -> None:
    (place,) = [place for place in places(drive) if place.execution == drive.execution_id]
    drive.store.run(leave(HERE, place))


def make_room(table: Any) -> None:
    table.control.advance(3600)


def test_a_wave_without_room_waits_in_the_queue_until_there_is_some(
    full: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DRS refuses once; then nothing is sent until there is room, and the time-out goes on by the wait."""
    drive = opened("shop", tier=1)
    trigger = queued(drive)
    (place,) = places(drive)
    assert (place.plan, place.tier, place.servers, place.waiting) == ("shop", 1, 1, 1)
    assert drive.store.run(list_queues()) == [HERE]
    assert "1st in eu-west-1" in details_of(drive, "START_WAITING")[0]
    assert woken(trigger) == [False]
    make_room(full)
    assert woken(trigger) == [True]
    assert places(drive)[0].called
    later(monkeypatch, minutes=1)
    drive.resume(START, {"status": "success"})
    assert places(drive) == []
    assert len(drive.record.job_ids) == 1
    assert len(full.control.requests(operation="StartRecovery")) == 2
    assert drive.record.waves[0].waited_seconds >= 60


def test_what_waited_before_it_started_has_its_whole_time_out_then(
    full: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was behind others for hours, and DRS was not asked: neither that time counts, nor is it added."""
    first, second = opened("first"), opened("second", APP)
    queued(first)
    with pytest.raises(TaskDeferred) as deferred:
        second.execute(START)
    make_room(full)
    leave_of(first)
    full.control.throttle("drs", "StartRecovery")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    later(monkeypatch, hours=5)
    with pytest.raises(TaskDeferred) as waiting:
        resumed(second, deferred.value)
    assert timedelta(minutes=10) < waiting.value.timeout <= timedelta(minutes=15, seconds=5)
    assert second.record.waves[0].waited_seconds is None


def test_what_the_quotas_never_let_start_waits_in_no_queue(
    full: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DRS says so as often as it is asked; at the wave's deadline it fails, in those words."""
    drive = opened("shop", DB, APP)
    make_room(full)
    full.control.set_quotas(serversInAllJobs=1)
    with pytest.raises(TaskDeferred) as deferred:
        drive.execute(START)
    assert not isinstance(deferred.value.trigger, RoomTrigger)
    assert places(drive) == []
    later(monkeypatch, minutes=11)
    with pytest.raises(AirflowFailException, match="servers in all jobs"):
        resumed(drive, deferred.value)
    assert drive.statuses == ["FAILED"]


def test_nobody_passes_who_waits_already(full: Any) -> None:
    """Also where there is room by now: the second asks DRS nothing before the first was called."""
    first = opened("first")
    trigger = queued(first)
    second = opened("second", APP)
    behind = queued(second)
    assert "2nd in eu-west-1, behind 'First' (tier 3)" in details_of(second, "START_WAITING")[0]
    assert len(full.control.requests(operation="StartRecovery")) == 1
    make_room(full)
    assert woken(behind, trigger) == [False, True]
    first.resume(START, {"status": "success"})
    make_room(full)
    assert woken(behind) == [True]


def test_who_goes_first_is_asked_at_once(full: Any) -> None:
    """A lower tier, or a RECOVERY, does not wait behind the queue: DRS itself says whether it has room."""
    waiting = opened("waiting")
    queued(waiting)
    urgent = opened("urgent", APP, tier=1)
    make_room(full)
    urgent.execute(START)
    assert len(urgent.record.job_ids) == 1
    assert [place.plan for place in places(waiting)] == ["waiting"]


def test_a_place_of_which_nobody_says_so_is_passed_over_and_kept(
    full: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its triggerer died: who is behind it starts, and it is where it was when it is taken up again."""
    first, second = opened("first"), opened("second", APP)
    trigger, behind = queued(first), queued(second)
    at = now() - timedelta(minutes=1)
    first.store.run(say_seen(HERE, (first.execution_id, 0), at))
    make_room(full)
    assert woken(behind) == [True]
    assert {place.plan for place in places(first)} == {"first", "second"}
    second.resume(START, {"status": "success"})
    make_room(full)
    assert woken(trigger) == [True]


def test_who_was_called_starts_though_others_go_first_by_now(full: Any) -> None:
    """The room that it was called for is its own."""
    called, urgent = opened("called"), opened("urgent", APP, tier=1)
    queued(called)
    (place,) = places(called)
    assert called.store.run(call(HERE, place, now()))
    queued(urgent)
    make_room(full)
    called.resume(START, {"status": "success"})
    assert len(called.record.job_ids) == 1
    assert [place.plan for place in places(called)] == ["urgent"]


def test_a_call_that_came_to_nothing_is_no_call(full: Any) -> None:
    """Its worker died; whoever takes it up again after two minutes waits for its turn."""
    called, urgent = opened("called"), opened("urgent", APP, tier=1)
    queued(called)
    queued(urgent)
    (place,) = [place for place in places(called) if place.plan == "called"]
    assert called.store.run(call(HERE, place, now() - CALLED_FOR))
    make_room(full)
    with pytest.raises(TaskDeferred):
        called.resume(START, {"status": "success"})
    assert not called.record.job_ids


def test_what_is_refused_for_good_leaves_the_queue(full: Any) -> None:
    """A superseded drill keeps no room from others."""
    drive = opened("shop")
    queued(drive)
    real = Drive(drive.plan, run_id="manual__2", execution_type="RECOVERY", confirm="shop", reason="x")
    real.execute("open_execution")
    with pytest.raises(AirflowFailException):
        drive.resume(START, {"status": "success"})
    assert places(drive) == []


def test_what_is_left_of_a_wave_waits_in_the_same_place(full: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wave of several jobs: what has room starts; of the others DRS is asked for one, which it refuses."""
    monkeypatch.setattr("drs_recovery.engine.start.SERVERS_PER_JOB", 1)
    drive = opened("shop", DB, APP)
    trigger = queued(drive)
    (place,) = places(drive)
    assert (place.servers, place.waiting) == (1, 2)
    make_room(full)
    assert woken(trigger) == [True]
    with pytest.raises(TaskDeferred) as deferred:
        drive.resume(START, {"status": "success"})
    (again,) = places(drive)
    assert (again.since, again.called, again.waiting) == (place.since, None, 1)
    assert len(drive.record.job_ids) == 1
    assert len(full.control.requests(operation="StartRecovery")) == 3
    make_room(full)
    assert woken(_trigger(deferred.value)) == [True]


def test_looks_that_fail_wake_nobody_and_end_nothing(full: Any) -> None:
    """Neither DRS nor the table can be asked: nobody knows whether there is room."""
    trigger = queued(opened("shop"))
    make_room(full)
    full.control.deny("drs", "DescribeJobs")
    assert woken(trigger) == [False]
    full.control.clear_faults()
    full.control.deny("dynamodb", "Query")
    assert woken(trigger) == [False]
    full.control.clear_faults()
    assert woken(trigger) == [True]


def test_a_wave_that_has_no_place_any_more_looks_for_itself(full: Any) -> None:
    """Somebody took the item away: the start asks DRS, and takes a place again."""
    drive = opened("shop")
    trigger = queued(drive)
    (place,) = places(drive)
    drive.store.run(leave(HERE, place))
    assert woken(trigger) == [True]
    with pytest.raises(TaskDeferred):
        drive.resume(START, {"status": "success"})
    assert len(places(drive)) == 1
    assert jobs(full)
