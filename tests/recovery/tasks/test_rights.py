"""A right that is missing in AWS is shown where people look: in the record, before or when it is needed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from drs_recovery.engine import looks
from drs_recovery.engine.readiness.rights import (
    READ_ACTIONS,
    READ_ADDRESSES,
    READ_LOGS,
    READ_SETTINGS,
    WATCH_GATES,
)
from drs_recovery.settings import settings
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.servers import read_servers
from drs_recovery.tasks.gate_trigger import STOPPED, GateTrigger
from drs_recovery.tasks.wave_trigger import WaveTrigger
from tests.airflow_rest import until
from tests.recovery.tasks.conftest import APP, DB, Drive, plan
from tests.recovery.tasks.test_gate_trigger import fired, superseding, trigger_of, waiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_simulator.client import Control

RIGHTS = {
    WATCH_GATES: ("dynamodb", "BatchGetItem"),
    READ_LOGS: ("drs", "DescribeJobLogItems"),
    READ_SETTINGS: ("drs", "GetLaunchConfiguration"),
    READ_ACTIONS: ("drs", "ListLaunchActions"),
    READ_ADDRESSES: ("ec2", "DescribeInstances"),
}


@pytest.fixture
def eager(table: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Local AWS whose waves run for some real seconds; triggers look often, and record failures at once."""
    for name in ("POLL_RELAXED", "POLL", "PHASE", "GATE"):
        monkeypatch.setenv(f"RECOVERY_{name}_SECONDS", "0.2")
    monkeypatch.setenv("RECOVERY_HOLD_SECONDS", "0")
    monkeypatch.setattr(looks, "RECORDED_AFTER_SECONDS", 0.3)
    settings.cache_clear()
    return table


def details_of(drive: Drive, type_: str) -> list[str]:
    """Return the details of the events of a type."""
    return [event.detail for event in drive.store.run(read_events(drive.execution_id)) if event.type == type_]


@pytest.mark.parametrize("right", RIGHTS, ids=lambda right: right.action)
def test_what_is_needed_later_is_tried_before_anything_is_launched(table: Any, right: Any) -> None:
    """A warning in AWS's words, which names the action and what goes missing; a plan may block it."""
    table.control.deny(*RIGHTS[right])
    drive = Drive(plan())
    drive.execute("open_execution")
    (warning,) = drive.record.warnings
    assert warning.check == "rights"
    for text in (right.action, right.without, RIGHTS[right][1]):
        assert text in warning.message
    strict = Drive(plan(id="strict", preflight={"rights": "block"}))
    with pytest.raises(AirflowFailException, match=f"rights: {right.action}"):
        strict.execute("open_execution")
    assert strict.record.failure.kind == "REFUSED"


def test_trying_the_rights_changes_nothing(table: Any) -> None:
    """They are looks: nothing is written, and no instance is described."""
    Drive(plan()).execute("open_execution")
    (ec2,) = table.control.requests(service="ec2")
    assert (ec2["operation"], ec2["error"]) == ("DescribeInstances", "DryRunOperation")


def test_a_superseded_gate_ends_without_the_right_to_read_many(eager: Any) -> None:
    """Its record is read by the right that everything else needs, and the gate wakes all the same."""
    drill = waiting()
    eager.control.deny("dynamodb", "BatchGetItem")
    (event,) = fired(trigger_of(drill), meanwhile=superseding)
    assert event["error_type"] == STOPPED
    assert details_of(drill, "LOOK_FAILED") == []


async def until_more(control: Control, count: int, **wanted: str) -> None:
    """Wait until so many more requests have come."""
    before = len(control.requests(**wanted))
    await asyncio.to_thread(until, "requests", lambda: len(control.requests(**wanted)) >= before + count)


def until_recorded(
    drive: Drive, trigger: GateTrigger | WaveTrigger, control: Control, mend: Callable[[], object]
) -> list[str]:
    """Let a trigger run until the trail has that its looks fail, then mend what fails; return the texts."""

    async def run() -> list[str]:
        task = asyncio.create_task(anext(trigger.run()))  # type: ignore[arg-type]
        texts = await asyncio.to_thread(until, "its event", lambda: details_of(drive, "LOOK_FAILED"))
        await until_more(control, 3, error="AccessDeniedException")
        await asyncio.to_thread(mend)
        async with asyncio.timeout(30):
            await task
        return texts

    return asyncio.run(run())


def test_a_gate_whose_record_cannot_be_looked_at_says_so(eager: Any) -> None:
    """Once, in the trail, with AWS's words; it can be answered all the while, and looks on."""
    drill = waiting()
    trigger = trigger_of(drill)
    real = superseding()
    denied = [eager.control.deny("dynamodb", operation) for operation in ("BatchGetItem", "GetItem")]

    def mend() -> None:
        for fault in denied:
            eager.control.remove_fault(fault)

    texts = until_recorded(drill, trigger, eager.control, mend)
    assert details_of(drill, "LOOK_FAILED") == texts
    assert len(texts) == 1
    for part in ("can be answered", "AccessDeniedException"):
        assert part in texts[0]
    assert drill.record.superseded_by == real.execution_id


def started(table: Any) -> Drive:
    """Return a drill whose one wave runs."""
    table.control.set_speed("manual")
    drive = Drive(plan({"name": "Both", "servers": [DB, APP]}))
    drive.execute("open_execution")
    drive.execute("both.start_recovery")
    return drive


def wave_trigger(drive: Drive) -> WaveTrigger:
    """Return the trigger that the sensor defers to, as a triggerer makes it."""
    with pytest.raises(TaskDeferred) as deferred:
        drive.execute("both.wait_for_recovery")
    _, kwargs = deferred.value.trigger.serialize()
    return WaveTrigger(**kwargs)


@pytest.mark.parametrize(
    ("operation", "text"),
    [
        ("DescribeJobs", "cannot be asked about the wave's jobs"),
        ("DescribeJobLogItems", "no phase is shown"),
        ("GetLaunchConfiguration", "actions that have not begun when the jobs end are not waited for"),
    ],
)
def test_a_wave_that_cannot_be_watched_says_so(eager: Any, operation: str, text: str) -> None:
    """Once, with AWS's words; it is looked at on, and ends as it would have."""
    drive = started(eager)
    trigger = wave_trigger(drive)
    denied = eager.control.deny("drs", operation)

    def mend() -> None:
        eager.control.remove_fault(denied)
        eager.control.advance(3600)

    (detail,) = until_recorded(drive, trigger, eager.control, mend)
    assert text in detail
    assert "AccessDeniedException" in detail
    assert drive.statuses == ["COMPLETED"]


def test_without_the_right_to_read_logs_progress_is_written(eager: Any) -> None:
    """Which server is launched is in the job: only its phases are missing."""
    drive = started(eager)
    eager.control.deny("drs", "DescribeJobLogItems")
    trigger = wave_trigger(drive)

    async def run() -> None:
        task = asyncio.create_task(anext(trigger.run()))  # type: ignore[arg-type]
        await asyncio.to_thread(until, "POLLING", lambda: drive.statuses == ["POLLING"])
        await asyncio.to_thread(eager.control.advance, 3600)
        async with asyncio.timeout(30):
            await task

    asyncio.run(run())
    assert {server.launch_status for server in drive.store.run(read_servers(drive.execution_id))} == {
        "LAUNCHED"
    }
