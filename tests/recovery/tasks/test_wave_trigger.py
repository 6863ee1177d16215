"""The trigger of a wave: what it writes while its jobs run, and what it can never write."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferralError, TaskDeferred
from airflow.triggers.base import TaskSuccessEvent

from drs_recovery.settings import settings
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.servers import read_servers
from drs_recovery.tasks.wave_trigger import WaveTrigger
from tests.recovery.tasks.conftest import APP, DB, Drive, plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.triggers.base import TriggerEvent

    Triggers = Callable[[Drive], WaveTrigger]


@pytest.fixture
def eager(table: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Local AWS where a wave runs until its trigger looks, however late that is, with eager polling."""
    for name, value in {
        "HOLD_SECONDS": "0",
        "POLL_RELAXED_SECONDS": "0.2",
        "POLL_SECONDS": "0.2",
        "PHASE_SECONDS": "0.2",
    }.items():
        monkeypatch.setenv(f"RECOVERY_{name}", value)
    settings.cache_clear()
    table.control.set_speed("real")
    return table


@pytest.fixture
def polled(eager: Any) -> Drive:
    """A drill whose one wave runs."""
    return started()


def started(**wave: Any) -> Drive:
    """Return a drill whose one wave is started."""
    drive = Drive(plan({"name": "Both", "servers": [DB, APP], **wave}))
    drive.execute("open_execution")
    drive.execute("both.start_recovery")
    return drive


@pytest.fixture
def trigger_of(eager: Any) -> Triggers:
    """Return what gives the trigger that a sensor defers to, as a triggerer makes it; its wave soon ends."""

    def deferred_to(drive: Drive) -> WaveTrigger:
        with pytest.raises(TaskDeferred) as deferred:
            drive.execute("both.wait_for_recovery")
        _, kwargs = deferred.value.trigger.serialize()
        eager.control.set_speed(400)
        return WaveTrigger(**kwargs)

    return deferred_to


async def first_event(trigger: WaveTrigger) -> TriggerEvent:
    """Return the trigger's one event."""
    (event,) = [event async for event in trigger.run()]
    return event


def test_r10_r23_progress_is_on_record_with_phases(polled: Drive, trigger_of: Triggers) -> None:
    """POLLING while the jobs run; then phases from the job log, launch statuses, `lastPolledTime`."""
    seen, phases = set(), set()

    async def watched() -> None:
        trigger = trigger_of(polled)
        running = asyncio.create_task(first_event(trigger))
        while not running.done():
            seen.add(tuple(await asyncio.to_thread(lambda: polled.statuses)))
            servers = await asyncio.to_thread(lambda: polled.store.run(read_servers(polled.execution_id)))
            phases.update(server.phase for server in servers if server.phase and server.phase_since)
            await asyncio.sleep(0.05)
        await running

    asyncio.run(watched())
    assert ("POLLING",) in seen
    assert polled.record.last_polled_time is not None
    servers = polled.store.run(read_servers(polled.execution_id))
    assert {server.launch_status for server in servers} == {"LAUNCHED"}
    assert phases
    assert {server.phase for server in servers} <= {None, "LAUNCH_END"}
    assert all(server.private_ip for server in servers)


def test_a_completed_wave_ends_its_sensor_without_a_worker(polled: Drive, trigger_of: Triggers) -> None:
    """The trigger writes the wave's end, and never the execution's: its end time stays absent."""
    event = asyncio.run(first_event(trigger_of(polled)))
    assert isinstance(event, TaskSuccessEvent)
    assert event.xcoms == {"return_value": "COMPLETED"}
    assert polled.statuses == ["COMPLETED"]
    assert (polled.record.status, polled.record.end_time) == ("POLLING", None)
    (ended,) = [
        recorded
        for recorded in polled.store.run(read_events(polled.execution_id))
        if recorded.type == "WAVE_ENDED"
    ]
    assert (ended.actor, ended.detail) == ("both.wait_for_recovery", "COMPLETED: all 2 servers launched")


def test_p2_a_wave_that_is_not_completed_is_for_the_sensor_to_judge(eager: Any, trigger_of: Triggers) -> None:
    """The trigger writes no end of a wave with a failed server: the sensor does, and fails."""
    eager.control.fail_server(APP, raw_error="no capacity")
    polled = started()
    event = asyncio.run(first_event(trigger_of(polled)))
    assert event.payload["status"] == "success"
    assert polled.statuses == ["POLLING"]
    with pytest.raises(AirflowFailException, match="no capacity"):
        polled.resume("both.wait_for_recovery", event.payload)
    assert polled.statuses == ["FAILED"]


def test_a_partial_wave_is_judged_by_its_sensor_which_succeeds(eager: Any, trigger_of: Triggers) -> None:
    """Only COMPLETED ends a sensor without a worker: who is missing is for the sensor to say."""
    eager.control.fail_server(APP, raw_error="no capacity")
    drive = started(optional=[APP])
    event = asyncio.run(first_event(trigger_of(drive)))
    assert event.payload["status"] == "success"
    assert drive.resume("both.wait_for_recovery", event.payload) == "PARTIAL"
    assert drive.statuses == ["PARTIAL"]


def test_an_execution_that_has_ended_is_not_completed_any_more(polled: Drive, trigger_of: Triggers) -> None:
    """The run was marked failed while the trigger lives on: the wave keeps the end it got."""
    trigger = trigger_of(polled)
    polled.states = {"both.wait_for_recovery": "failed"}
    with pytest.raises(AirflowFailException):
        polled.execute("complete_execution")
    ended = polled.statuses
    event = asyncio.run(first_event(trigger))
    assert not isinstance(event, TaskSuccessEvent)
    assert (polled.statuses, polled.record.status.final) == (ended, True)


def test_p1_trouble_with_the_table_does_not_end_the_polling(
    polled: Drive, monkeypatch: pytest.MonkeyPatch, trigger_of: Triggers
) -> None:
    """DynamoDB is away for the whole wave: the event comes all the same, and the wave is judged from DRS."""
    trigger = trigger_of(polled)
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
        patch.setenv("AWS_MAX_ATTEMPTS", "1")
        event = asyncio.run(first_event(trigger))
    assert event.payload["status"] == "success"
    assert polled.statuses == ["STARTED"]
    assert polled.resume("both.wait_for_recovery", event.payload) == "COMPLETED"


def test_r35_a_trigger_of_an_earlier_attempt_writes_nothing(polled: Drive, trigger_of: Triggers) -> None:
    """A triggerer that was believed dead goes on: its writes are refused by the table."""
    trigger = trigger_of(polled)
    trigger.attempt = 2
    asyncio.run(first_event(trigger))
    assert polled.statuses == ["STARTED"]
    assert {server.launch_status for server in polled.store.run(read_servers(polled.execution_id))} == {
        "PENDING"
    }


def test_a_trigger_that_breaks_is_reported_before_the_sensor_gives_up(polled: Drive) -> None:
    """On the last try the audit trail says FAILED and why, so that the end is not taken for one by hand."""
    sensor = polled.dag.get_task("both.wait_for_recovery")
    context = polled.context("both.wait_for_recovery", try_number=4)
    with pytest.raises(TaskDeferralError, match="no such module"):
        sensor.resume_execution("__fail__", {"error": "no such module"}, context)
    recorded = [
        event.detail for event in polled.store.run(read_events(polled.execution_id)) if event.type == "FAILED"
    ]
    assert recorded == ["no such module"]


def test_the_release_before_knows_all_that_watches_a_wave_without_checks(
    polled: Drive, trigger_of: Triggers
) -> None:
    """An upgrade can be taken back meanwhile: Airflow hands that release the trigger's arguments."""
    path, kwargs = trigger_of(polled).serialize()
    assert "checks" not in kwargs
    _, with_checks = WaveTrigger(**kwargs, checks=True).serialize()
    assert (path.rpartition(".")[2], with_checks) == ("WaveTrigger", kwargs | {"checks": True})
