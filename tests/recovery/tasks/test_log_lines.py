"""The lines of a log, as Airflow writes them, carry the execution, the wave, its attempt and its jobs."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from airflow.sdk._shared.logging.structlog import configure_logging
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
from airflow.sdk.log import reset_logging
from airflow.triggers.base import TaskSuccessEvent

from drs_recovery.settings import settings
from drs_recovery.tasks.gate_trigger import GateTrigger
from drs_recovery.tasks.wave_trigger import WaveTrigger
from tests.recovery.tasks.conftest import APP, DB, Drive, plan
from tests.recovery.tasks.settings import SMALL, Back, pair
from tests.recovery.tasks.test_queue import opened, queued, woken
from tests.recovery.tasks.test_reconcile import GONE, reconcile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Lines = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """The lines that were written since the last look, as Airflow's JSON: those that have some words."""
    out, root, before = io.BytesIO(), logging.getLogger(), structlog.get_config()
    handlers, level, hook = root.handlers[:], root.level, sys.excepthook
    structlog.contextvars.clear_contextvars()
    configure_logging(json_output=True, output=out, log_level="INFO")

    def written(words: str = "") -> list[dict[str, Any]]:
        text = out.getvalue().decode()
        out.seek(0)
        out.truncate()
        return [line for line in map(json.loads, text.splitlines()) if words in line["event"]]

    yield written
    reset_logging()
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook = hook
    structlog.contextvars.clear_contextvars()


def fields(line: dict[str, Any]) -> tuple[Any, ...]:
    """Return what a line carries of ours."""
    return tuple(line.get(name) for name in ("execution", "wave", "attempt", "job"))


def test_a_task_before_the_waves_carries_its_execution(table: Any, lines: Lines) -> None:
    """Which the engine's lines do too, though it knows nothing of Airflow's log."""
    drive = Drive(plan())
    drive.execute("open_execution")
    (line,) = lines("Froze 2 source servers")
    assert fields(line) == (drive.execution_id, None, None, None)


def test_a_start_carries_its_wave_and_each_job(drive: Drive, lines: Lines) -> None:
    """A line about one job carries that one."""
    (job,) = drive.execute("database.start_recovery")
    (line,) = lines(job)
    assert fields(line) == (drive.execution_id, "database", 1, job)


def test_a_new_attempt_is_carried_from_its_opening_on(drive: Drive, table: Any, lines: Lines) -> None:
    """Not the one that the task found on record."""
    table.control.deny("drs", "StartRecovery")
    with pytest.raises(AirflowFailException):
        drive.execute("database.start_recovery")
    table.control.clear_faults()
    drive.clear()
    (job,) = drive.execute("database.start_recovery")
    assert [fields(line) for line in lines(job)] == [(drive.execution_id, "database", 2, job)]


def test_a_gate_carries_its_wave(table: Any, lines: Lines) -> None:
    """Also where nobody is asked."""
    drive = Drive(plan())
    drive.execute("open_execution")
    drive.execute("database.approve")
    (line,) = lines("No gate is due")
    assert fields(line) == (drive.execution_id, "database", 1, None)


def test_the_triggers_of_one_process_carry_each_its_own(
    table: Any, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They share an event loop: two waves are watched at once, beside a gate."""
    for name, value in {"HOLD_SECONDS": "0", "POLL_RELAXED_SECONDS": "0.1", "POLL_SECONDS": "0.1"}.items():
        monkeypatch.setenv(f"RECOVERY_{name}", value)
    settings.cache_clear()
    table.control.set_speed("real")
    drives = [
        Drive(plan({"name": name, "servers": [server]}, id=name.lower()))
        for name, server in (("One", DB), ("Two", APP))
    ]
    jobs = []
    for drive in drives:
        drive.execute("open_execution")
        jobs += drive.execute(f"{drive.plan.id}.start_recovery")
    triggers = [_trigger(drive) for drive in drives]
    lines()
    table.control.set_speed(400)
    events = asyncio.run(_together(triggers))
    assert all(isinstance(event, TaskSuccessEvent) for event in events)
    about = [line for line in lines() if any(job in line["event"] for job in jobs)]
    assert {fields(line) for line in about} == {
        (drive.execution_id, drive.plan.id, 1, job) for drive, job in zip(drives, jobs, strict=True)
    }
    assert all(line["job"] in line["event"] for line in about)


def _trigger(drive: Drive) -> WaveTrigger:
    with pytest.raises(TaskDeferred) as deferred:
        drive.execute(f"{drive.plan.id}.wait_for_recovery")
    return WaveTrigger(**deferred.value.trigger.serialize()[1])


async def _together(triggers: list[WaveTrigger]) -> list[Any]:
    async def first(trigger: WaveTrigger) -> Any:
        (event,) = [event async for event in trigger.run()]
        return event

    return await asyncio.gather(*(asyncio.create_task(first(trigger)) for trigger in triggers))


def test_the_trigger_of_a_gate_carries_its_execution(
    table: Any, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it has to say is that it cannot look."""
    monkeypatch.setenv("RECOVERY_HOLD_SECONDS", "0")
    settings.cache_clear()
    drive = Drive(plan())
    drive.execute("open_execution")
    drive.wave("database")
    trigger = GateTrigger(**drive.park("application.approve").trigger.serialize()[1])
    trigger.task_instance = drive.context("application.approve")["ti"]

    async def look() -> None:
        looks = trigger.run()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await anext(looks)

    monkeypatch.setattr(GateTrigger, "_handle_response", _unreachable)
    structlog.contextvars.clear_contextvars()
    asyncio.run(look())
    assert {fields(line) for line in lines("cannot be looked after")} == {
        (drive.execution_id, "application", 1, None)
    }


def test_the_trigger_of_a_start_that_waits_for_room_carries_its_wave(full: Any, lines: Lines) -> None:
    """What it has to say is that it cannot look."""
    drive = opened("payroll")
    trigger = queued(drive)
    full.control.deny("drs", "DescribeJobs")
    structlog.contextvars.clear_contextvars()
    assert woken(trigger) == [False]
    assert {fields(line) for line in lines("it is looked again")} == {
        (drive.execution_id, "database", 1, None)
    }


def test_the_release_before_takes_the_trigger_of_a_gate(table: Any) -> None:
    """An upgrade may be taken back while it waits; only that of a later attempt says what is new."""
    drive = Drive(plan({"name": "Database", "servers": [DB], "pause_before_wave": True}))
    drive.execute("open_execution")
    path, known = drive.park("database.approve").trigger.serialize()
    assert known.keys() == {"execution_id", "ti_id", "timeout_datetime"}
    assert path == "drs_recovery.tasks.gate_trigger.GateTrigger"
    assert GateTrigger(**known, attempt=2).serialize()[1] == known | {"attempt": 2}


async def _unreachable(_: GateTrigger) -> None:
    raise ConnectionError("the API server is away")


def test_a_follow_up_carries_the_execution_that_it_follows(table: Any, lines: Lines) -> None:
    """Its DAG run is another one."""
    drive = pair(table, SMALL)
    drive.execute("pair.start_recovery")
    drive.execute("pair.wait_for_recovery")
    drive.execute("complete_execution")
    lines()
    Back(drive).all()
    logging.getLogger("drs_recovery").info("said by something that a follow-up calls")
    (line,) = lines("said by something")
    assert fields(line)[0] == drive.execution_id


def test_the_maintenance_carries_each_execution_that_it_is_at(table: Any, lines: Lines) -> None:
    """And none after it."""
    drive = Drive(plan())
    drive.execute("open_execution")
    structlog.contextvars.clear_contextvars()
    reconcile(drive, **GONE)
    (line,) = lines("ended CANCELLED")
    assert fields(line) == (drive.execution_id, None, None, None)
    logging.getLogger("drs_recovery").info("said afterwards")
    assert fields(lines("said afterwards")[0]) == (None, None, None, None)
