"""The trigger of a wave: what it writes while its jobs run, and what it can never write."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from airflow.sdk.exceptions import TaskDeferred

from recovery.settings import settings
from recovery.tasks.wave_trigger import WaveTrigger

from .conftest import APP, DB, Drive, plan


@pytest.fixture
def polled(table: Any, monkeypatch: pytest.MonkeyPatch) -> Drive:
    """A drill whose one wave runs for some real seconds, with eager polling."""
    for name, value in {
        "HOLD_SECONDS": "0",
        "POLL_RELAXED_SECONDS": "0.2",
        "POLL_SECONDS": "0.2",
        "PHASE_SECONDS": "0.2",
    }.items():
        monkeypatch.setenv(f"RECOVERY_{name}", value)
    settings.cache_clear()
    table.control.set_speed(400)
    drive = Drive(plan({"name": "Both", "servers": [DB, APP]}))
    drive.execute("open_execution")
    drive.execute("both.start_recovery")
    return drive


def trigger_of(drive: Drive) -> WaveTrigger:
    """Return the trigger that the sensor defers to, as a triggerer makes it."""
    with pytest.raises(TaskDeferred) as deferred:
        drive.execute("both.wait_for_recovery")
    _, kwargs = deferred.value.trigger.serialize()
    return WaveTrigger(**kwargs)


async def first_event(trigger: WaveTrigger) -> dict[str, Any]:
    """Return the payload of the trigger's one event."""
    events = [event async for event in trigger.run()]
    assert len(events) == 1
    payload: dict[str, Any] = events[0].payload
    return payload


def test_r10_r23_progress_is_on_record_with_phases(polled: Drive) -> None:
    """POLLING, phases from the job log, launch statuses, `lastPolledTime`; and nothing final."""
    event = asyncio.run(first_event(trigger_of(polled)))
    assert event["status"] == "success"
    record = polled.record
    assert (record.status, polled.statuses) == ("POLLING", ["POLLING"])
    assert record.last_polled_time is not None
    assert record.end_time is None
    servers = polled.store.servers(polled.execution_id)
    assert {server.launch_status for server in servers} == {"LAUNCHED"}
    assert all(server.phase and server.phase_since for server in servers)
    assert polled.resume("both.wait_for_recovery", event) == "COMPLETED"


def test_p1_trouble_with_the_table_does_not_end_the_polling(
    polled: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DynamoDB is away for the whole wave: the event comes all the same, and the wave is judged from DRS."""
    trigger = trigger_of(polled)
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
        patch.setenv("AWS_MAX_ATTEMPTS", "1")
        event = asyncio.run(first_event(trigger))
    assert event["status"] == "success"
    assert polled.statuses == ["STARTED"]
    assert polled.resume("both.wait_for_recovery", event) == "COMPLETED"


def test_r35_a_trigger_of_an_earlier_attempt_writes_nothing(polled: Drive) -> None:
    """A triggerer that was believed dead goes on: its writes are refused by the table."""
    trigger = trigger_of(polled)
    trigger.attempt = 2
    asyncio.run(first_event(trigger))
    assert polled.statuses == ["STARTED"]
    assert {server.launch_status for server in polled.store.servers(polled.execution_id)} == {"PENDING"}
