"""A wave with checks: launched is not enough (invariant 15), from the trigger to the record."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
from airflow.triggers.base import TaskSuccessEvent

from drs_recovery.settings import settings
from drs_recovery.store.servers import read_servers
from drs_recovery.tasks.wave_trigger import WaveTrigger
from tests.airflow_rest import until
from tests.recovery.tasks.attempts import end
from tests.recovery.tasks.conftest import APP, DB, Drive, plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_recovery.record.server_record import ServerRecord

WAIT = "both.wait_for_recovery"
FIRST, SECOND = "127.42.0.11", "127.42.0.12"
"""Where DB and APP are launched: a network of loopback addresses, at which a test can open ports."""


@pytest.fixture
def aws(table: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Local AWS, with triggers that look often, and instances on loopback addresses."""
    for name in ("POLL_RELAXED", "POLL", "PHASE"):
        monkeypatch.setenv(f"RECOVERY_{name}_SECONDS", "0.1")
    monkeypatch.setenv("RECOVERY_HOLD_SECONDS", "0")
    settings.cache_clear()
    ec2 = table.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="127.42.0.0/16")["Vpc"]["VpcId"]
    ec2.create_subnet(VpcId=vpc, CidrBlock="127.42.0.0/24", AvailabilityZone="eu-west-1a")
    ec2.create_security_group(GroupName="loopback", Description="Loopback addresses.", VpcId=vpc)
    return table


def network(aws: Any) -> dict[str, Any]:
    """Return the launch settings of servers in the network of loopback addresses."""
    ec2 = aws.client("ec2")
    own = {"Filters": [{"Name": "cidr-block", "Values": ["127.42.0.0/24"]}]}
    groups = {"Filters": [{"Name": "group-name", "Values": ["loopback"]}]}
    return {
        "subnet": ec2.describe_subnets(**own)["Subnets"][0]["SubnetId"],
        "security_groups": [ec2.describe_security_groups(**groups)["SecurityGroups"][0]["GroupId"]],
        "servers": {DB: {"private_ip": FIRST}, APP: {"private_ip": SECOND}},
    }


def launched(aws: Any, port: int, *, wave: dict[str, Any] | None = None, **check: Any) -> Drive:
    """Return a drill whose servers are launched, and whose port is checked."""
    checked = {"name": "database answers", "tcp": port, "every": "1s", **check}
    own = {"launch": network(aws), "checks": [checked], **(wave or {})}
    drive = Drive(plan({"name": "Both", "servers": [DB, APP], **own}))
    drive.execute("open_execution")
    drive.execute("both.start_recovery")
    return drive


def servers(drive: Drive) -> list[ServerRecord]:
    return drive.store.run(read_servers(drive.execution_id))


def texts(drive: Drive) -> list[str]:
    """Return what the checks of each server say."""
    return [server.check_text or "" for server in servers(drive)]


def trigger_of(drive: Drive) -> WaveTrigger:
    """Return the trigger that the sensor defers to, as a triggerer makes it."""
    with pytest.raises(TaskDeferred) as deferred:
        drive.execute(WAIT)
    return WaveTrigger(**deferred.value.trigger.serialize()[1])


async def fired(trigger: WaveTrigger, meanwhile: Callable[[], None] = lambda: None) -> Any:
    """Return the event of a trigger, beside which something happens."""

    async def run() -> Any:
        (event,) = [event async for event in trigger.run()]
        return event

    task = asyncio.create_task(run())
    await asyncio.to_thread(meanwhile)
    async with asyncio.timeout(30):
        return await task


async def opened_port(*hosts: str) -> tuple[int, list[asyncio.Server]]:
    """Return a port that takes connections at some addresses, and who does."""

    async def serve(_: object, writer: asyncio.StreamWriter) -> None:
        writer.close()

    first = await asyncio.start_server(serve, hosts[0], 0)
    port = first.sockets[0].getsockname()[1]
    return port, [first, *[await asyncio.start_server(serve, host, port) for host in hosts[1:]]]


def test_a_wave_is_completed_when_each_server_is_well(aws: Any) -> None:
    """CHECKING while a port is closed though all jobs have ended; the trigger ends the wave by itself."""

    async def run() -> tuple[Drive, Any]:
        port, (first,) = await opened_port(FIRST)
        drive = await asyncio.to_thread(launched, aws, port)
        trigger = await asyncio.to_thread(trigger_of, drive)
        waiting = asyncio.create_task(fired(trigger))
        await asyncio.to_thread(until, "CHECKING", lambda: drive.statuses == ["CHECKING"])
        await asyncio.to_thread(
            until, "one to be well", lambda: any(one.checks_status == "PASSED" for one in servers(drive))
        )
        assert drive.record.status == "POLLING"
        waits = "check 'database answers' is waited for: 127.42.0.12:"
        await asyncio.to_thread(until, waits, lambda: any(text.startswith(waits) for text in texts(drive)))
        async with await asyncio.start_server(lambda _, writer: writer.close(), SECOND, port):
            event = await waiting
        first.close()
        return drive, event

    drive, event = asyncio.run(run())
    assert isinstance(event, TaskSuccessEvent)
    assert drive.statuses == ["COMPLETED"]
    assert {one.checks_status for one in servers(drive)} == {"PASSED"}


def test_optional_checks_are_looked_at_once_and_hold_up_no_wave(aws: Any) -> None:
    """Also where no other check is there, and the jobs had ended before anybody watched."""
    drive = launched(aws, 9, optional=True)
    event = asyncio.run(fired(trigger_of(drive)))
    assert isinstance(event, TaskSuccessEvent)
    assert drive.statuses == ["COMPLETED"]
    for server in servers(drive):
        (check,) = server.checks
        assert (check.status, server.checks_status) == ("IN_PROGRESS", None)
        assert (check.found or "").startswith(f"{server.private_ip}:9: ")


def test_a_look_that_nobody_waits_for_makes_no_wave_late(aws: Any) -> None:
    """Its time-out passed before the first look of an optional check: it is COMPLETED all the same."""
    drive = launched(aws, 9, optional=True)
    drive.resume(WAIT, {"status": "timeout", "job_ids": [], "message": "overdue"})
    assert drive.statuses == ["COMPLETED"]


def test_aws_that_is_away_when_the_wave_is_judged_is_asked_again(
    aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the trigger, and at the cost of no try of the task."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    drive = launched(aws, 9)
    aws.control.throttle("drs", "DescribeJobs", times=1)
    with pytest.raises(TaskDeferred):
        drive.resume(WAIT, {"status": "success", "job_ids": [], "message": "ended"})
    assert drive.statuses == ["STARTED"]


def test_a_server_that_does_not_pass_fails_the_wave_and_the_next_attempt_checks_it_again(aws: Any) -> None:
    """It is not launched again; what is well stays so."""

    async def attempt(port: int, drive: Drive) -> Any:
        return await fired(await asyncio.to_thread(trigger_of, drive))

    async def run() -> None:
        port, (first,) = await opened_port(FIRST)
        drive = await asyncio.to_thread(launched, aws, port, within="1s")
        event = await attempt(port, drive)
        with pytest.raises(AirflowFailException, match="checks of 1 of its 2 servers did not pass"):
            await asyncio.to_thread(drive.resume, WAIT, event.payload)
        assert drive.statuses == ["FAILED"]
        (ill,) = [one for one in servers(drive) if one.checks_status == "FAILED"]
        assert "tried for 1 second from " in (ill.check_text or "")
        drive.states = {WAIT: "failed"}
        await asyncio.to_thread(end, drive)
        drive.clear()
        starts = len(aws.control.requests(operation="StartRecovery"))
        await asyncio.to_thread(drive.execute, "both.start_recovery")
        assert len(aws.control.requests(operation="StartRecovery")) == starts
        trigger = await asyncio.to_thread(trigger_of, drive)
        async with await asyncio.start_server(lambda _, writer: writer.close(), SECOND, port):
            event = await fired(trigger)
        first.close()
        assert isinstance(event, TaskSuccessEvent)
        assert (drive.statuses, drive.record.waves[0].attempt) == (["COMPLETED"], 2)

    asyncio.run(run())


def test_the_timeout_of_the_wave_covers_its_checks(aws: Any) -> None:
    """Nobody waits for a check longer than for the wave: it is TIMED_OUT, and names whom it waited for."""
    drive = launched(aws, 9, wave={"timeout": "1h"}, within="1h")
    event = {"status": "timeout", "job_ids": [], "message": "overdue"}
    with pytest.raises(AirflowFailException, match=r"overdue\. Not decided: checks of "):
        drive.resume(WAIT, event)
    assert drive.statuses == ["TIMED_OUT"]


def test_a_wave_that_is_checked_can_be_ended_like_any_other(aws: Any) -> None:
    """By hand: its execution is CANCELLED, and nothing of it stays open."""
    drive = launched(aws, 9)

    async def run() -> None:
        trigger = await asyncio.to_thread(trigger_of, drive)
        task = asyncio.create_task(fired(trigger))
        await asyncio.to_thread(until, "CHECKING", lambda: drive.statuses == ["CHECKING"])
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(run())
    with pytest.raises(AirflowFailException, match="CANCELLED"):
        drive.execute("complete_execution")
    assert drive.statuses == ["CANCELLED"]


def test_a_sensor_that_is_marked_ends_no_wave_that_is_not_well(aws: Any) -> None:
    """The record decides: its jobs have ended, its servers are launched, and nobody has checked them."""
    drive = launched(aws, 9)
    with pytest.raises(TaskDeferred):
        drive.execute(WAIT)
    assert drive.statuses == ["STARTED"]
    drive.states = {WAIT: "success"}
    with pytest.raises(AirflowFailException):
        drive.execute("complete_execution")
    assert drive.record.status in {"FAILED", "CANCELLED"}


def test_a_wave_without_checks_is_watched_as_ever(table: Any) -> None:
    """Nothing of them is on record, and its trigger asks for nothing more."""
    table.control.set_speed("real")
    drive = Drive(plan({"name": "Both", "servers": [DB, APP]}))
    drive.execute("open_execution")
    drive.execute("both.start_recovery")
    assert drive.record.waves[0].checks is None
    assert trigger_of(drive).checks is False


def test_ec2_decides_of_an_instance_that_is_impaired(aws: Any) -> None:
    """Its status checks are asked of EC2 in the wave's account and Region, until they are ok."""
    fault = aws.control.impair_server(APP)
    drive = launched(aws, 9, wave={"checks": [{"name": "instance", "ec2": "ok", "every": "1s"}]})

    def mended() -> None:
        found = "check 'instance' is waited for: EC2 status checks: system impaired, instance impaired"
        until("APP to wait", lambda: found in [one.check_text for one in servers(drive)])
        assert drive.statuses == ["CHECKING"]
        aws.control.remove_fault(fault)

    trigger = trigger_of(drive)
    assert isinstance(asyncio.run(fired(trigger, meanwhile=mended)), TaskSuccessEvent)
    assert {one.checks_status for one in servers(drive)} == {"PASSED"}


def test_servers_are_checked_though_drs_cannot_be_asked_any_more(
    aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their jobs have ended; the wave ends when DRS answers again."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    async def run() -> tuple[Drive, Any]:
        port, (first,) = await opened_port(FIRST)
        drive = await asyncio.to_thread(launched, aws, port)
        trigger = await asyncio.to_thread(trigger_of, drive)
        waiting = asyncio.create_task(fired(trigger))
        await asyncio.to_thread(until, "CHECKING", lambda: drive.statuses == ["CHECKING"])
        fault = await asyncio.to_thread(lambda: aws.control.throttle("drs", "DescribeJobs"))
        async with await asyncio.start_server(lambda _, writer: writer.close(), SECOND, port):
            well = {"PASSED"}
            await asyncio.to_thread(
                until, "all to be well", lambda: {one.checks_status for one in servers(drive)} == well
            )
            assert not waiting.done()
            await asyncio.to_thread(aws.control.remove_fault, fault)
            event = await waiting
        first.close()
        return drive, event

    drive, event = asyncio.run(run())
    assert isinstance(event, TaskSuccessEvent)
    assert drive.statuses == ["COMPLETED"]
