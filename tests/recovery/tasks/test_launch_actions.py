"""Post-launch actions: a wave is judged when those have ended that must succeed, and by them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
from airflow.triggers.base import TaskSuccessEvent
from botocore.exceptions import ClientError

from drs_recovery.settings import settings
from drs_recovery.store.servers import read_servers
from drs_recovery.tasks.wave_trigger import WaveTrigger
from tests.airflow_rest import until
from tests.recovery.tasks.attempts import details_of, end, fails, started
from tests.recovery.tasks.conftest import APP, DB, Drive, plan

if TYPE_CHECKING:
    from drs_recovery.record.server_record import ServerRecord

SHELL, SLOW = "AWS-RunShellScript", "the host is slow"
NEEDED = rf"LAUNCHED, but post-launch action Warm caches failed: {SLOW}"
WAIT = "both.wait_for_recovery"


@pytest.fixture
def aws(table: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Local AWS, with triggers that look often."""
    for name in ("POLL_RELAXED", "POLL", "PHASE"):
        monkeypatch.setenv(f"RECOVERY_{name}_SECONDS", "0.2")
    monkeypatch.setenv("RECOVERY_HOLD_SECONDS", "0")
    settings.cache_clear()
    return table


def act(aws: Any, server: str = DB, *, optional: bool = False) -> None:
    """Let a document run after the launches of a server."""
    drs = aws.client("drs")
    drs.update_launch_configuration(sourceServerID=server, postLaunchEnabled=True)
    drs.put_launch_action(
        resourceId=server,
        actionId="00000000-0000-0000-0000-000000000002",
        actionCode=SHELL,
        actionVersion="1",
        name="Warm caches",
        order=2,
        active=True,
        optional=optional,
        category="OTHER",
        description="What follows a launch.",
    )


def opened(**wave: Any) -> Drive:
    drive = Drive(plan({"name": "Both", "servers": [DB, APP], **wave}))
    drive.execute("open_execution")
    return drive


def begun(aws: Any) -> Drive:
    """Return a drill whose job has ended, while the agent for DB's actions is not even discovered."""
    aws.control.set_speed("manual")
    drive = opened()
    (job_id,) = drive.execute("both.start_recovery")
    drs = aws.client("drs")
    for _ in range(200):
        (job,) = drs.describe_jobs(filters={"jobIDs": [job_id]})["items"]
        if job["status"] == "COMPLETED":
            assert [s["launchActionsStatus"]["runs"] for s in job["participatingServers"]] == [[], []]
            return drive
        aws.control.advance(5)
    raise AssertionError(job)


def waiting(drive: Drive) -> WaveTrigger:
    """Return the trigger to which the sensor defers, as a triggerer makes it."""
    with pytest.raises(TaskDeferred) as deferred:
        drive.execute(WAIT)
    return WaveTrigger(**deferred.value.trigger.serialize()[1])


def server(drive: Drive, server_id: str = DB) -> ServerRecord:
    known = drive.store.run(read_servers(drive.execution_id))
    return next(one for one in known if one.source_server_id == server_id)


async def fired(trigger: WaveTrigger) -> Any:
    (event,) = [event async for event in trigger.run()]
    return event


def test_a_wave_waits_for_actions_that_end_after_its_job(aws: Any) -> None:
    """The job is COMPLETED and lists no run: that one is due stands in the launch settings."""
    act(aws)
    drive = begun(aws)
    trigger = waiting(drive)

    async def run() -> Any:
        task = asyncio.create_task(fired(trigger))
        await asyncio.to_thread(until, "its actions", lambda: server(drive).acting)
        assert not task.done()
        assert (drive.statuses, server(drive).launch_status) == (["POLLING"], "LAUNCHED")
        await asyncio.to_thread(aws.control.advance, 600)
        async with asyncio.timeout(30):
            return await task

    assert isinstance(asyncio.run(run()), TaskSuccessEvent)
    assert (drive.statuses, server(drive).actions_status) == (["COMPLETED"], "SUCCEEDED")
    assert server(drive, APP).actions_status is None


def test_settings_that_cannot_be_read_for_the_moment_are_not_taken_for_none(
    aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DRS is throttling when the job has ended: neither sensor nor trigger judges the wave meanwhile."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    act(aws)
    drive = begun(aws)
    aws.control.throttle("drs", "ListLaunchActions")
    trigger = waiting(drive)

    async def run() -> Any:
        task = asyncio.create_task(fired(trigger))
        await asyncio.to_thread(until, "a look", lambda: drive.statuses == ["POLLING"])
        assert (task.done(), server(drive).actions_due) == (False, None)
        await asyncio.to_thread(aws.control.clear_faults)
        await asyncio.to_thread(until, "its actions", lambda: server(drive).acting)
        await asyncio.to_thread(aws.control.advance, 600)
        async with asyncio.timeout(30):
            return await task

    assert isinstance(asyncio.run(run()), TaskSuccessEvent)
    assert (drive.statuses, server(drive).actions_status) == (["COMPLETED"], "SUCCEEDED")


def test_settings_that_were_never_read_end_a_wave_at_its_deadline(
    aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event tells that nobody knows; the sensor takes no missing answer for COMPLETED either."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    act(aws)
    drive = begun(aws)
    aws.control.throttle("drs", "ListLaunchActions")
    trigger = waiting(drive)
    trigger.deadline = datetime.now(UTC)
    event = asyncio.run(fired(trigger)).payload
    assert (event["status"], "settings of its servers could not be read" in event["message"]) == (
        "timeout",
        True,
    )
    with pytest.raises(ClientError, match="ThrottlingException"):
        drive.resume(WAIT, event)
    assert drive.statuses == ["POLLING"]


def test_settings_that_may_not_be_read_hold_no_wave_up(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A role of release 0.1 lacks the rights: what its job tells is waited for, and nothing else."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    act(aws)
    drive = begun(aws)
    aws.control.throttle("drs", "GetLaunchConfiguration")
    trigger = waiting(drive)
    aws.control.clear_faults()
    aws.control.deny("drs", "GetLaunchConfiguration")
    assert isinstance(asyncio.run(fired(trigger)), TaskSuccessEvent)
    assert (drive.statuses, server(drive).actions_due) == (["COMPLETED"], None)


def test_of_many_servers_that_may_not_be_read_one_is_asked_about_again(aws: Any) -> None:
    """A role that lacks the rights costs a wave of hundreds no hundred refused calls at every look."""
    aws.control.set_speed("manual")
    drive = opened()
    drive.execute("both.start_recovery")
    aws.control.deny("drs", "GetLaunchConfiguration")
    trigger = waiting(drive)

    def asked() -> list[str]:
        calls = aws.control.requests(operation="GetLaunchConfiguration")
        return [call["parameters"]["sourceServerID"] for call in calls]

    async def run() -> None:
        task = asyncio.create_task(fired(trigger))
        await asyncio.to_thread(until, "four looks", lambda: asked().count(DB) > 3)
        task.cancel()

    asyncio.run(run())
    assert asked().count(APP) == 1


def test_a_server_whose_action_failed_counts_like_one_that_did_not_launch(aws: Any) -> None:
    """It runs, and is never launched again: a new attempt judges it again."""
    act(aws)
    aws.control.fail_document(SHELL, "Failed", SLOW)
    drive = opened()
    drive.execute("both.start_recovery")
    fails(drive, WAIT, f"FAILED: post-launch actions on 1 of its 2 servers did not succeed: .*{NEEDED}")
    end(drive)
    seen = server(drive)
    assert (seen.actions_status, seen.launched, seen.phase) == ("FAILED", True, "LAUNCH_END")
    assert (seen.recovery_instance_id or "").startswith("i-")
    assert seen.private_ip
    assert NEEDED in drive.record.outcome
    drive.clear()
    drive.execute("both.start_recovery")
    fails(drive, WAIT, NEEDED)
    assert started(aws) == [[DB, APP]]
    assert drive.record.waves[0].attempt == 2


def test_a_wave_that_does_without_the_server_is_partial(aws: Any) -> None:
    """By the policy of the wave, as for a server that did not launch."""
    act(aws)
    aws.control.fail_document(SHELL, "Failed", SLOW)
    drive = opened(optional=[DB])
    drive.execute("both.start_recovery")
    drive.execute(WAIT)
    assert drive.statuses == ["PARTIAL"]
    assert NEEDED in drive.record.waves[0].failure


def test_an_optional_action_that_fails_is_a_warning(aws: Any) -> None:
    """The wave is COMPLETED, and the trail and the server tell."""
    act(aws, optional=True)
    aws.control.fail_document(SHELL, "Failed", SLOW)
    drive = opened()
    drive.execute("both.start_recovery")
    drive.execute(WAIT)
    assert drive.statuses == ["COMPLETED"]
    texts = f"optional post-launch action Warm caches failed: {SLOW}"
    assert server(drive).error == texts
    (warning,) = details_of(drive, "ACTION_FAILED")
    assert (warning.detail, warning.actor) == (f"{server(drive).label}: {texts}", WAIT)


def test_actions_that_outlast_the_wave_are_judged_by_a_new_attempt(aws: Any) -> None:
    """TIMED_OUT says what runs on; the next attempt starts the other server, and waits for both."""
    act(aws)
    aws.control.fail_server(APP, raw_error="no capacity")
    drive = begun(aws)
    trigger = waiting(drive)
    trigger.deadline = datetime.now(UTC)
    event = asyncio.run(fired(trigger)).payload
    running = f"post-launch actions on {server(drive).label}"
    assert (event["status"], running in event["message"]) == ("timeout", True)
    with pytest.raises(AirflowFailException, match="TIMED_OUT"):
        drive.resume(WAIT, event)
    end(drive)
    assert drive.record.waves[0].failure.endswith(f"Still runs in DRS: {running}")
    aws.control.clear_faults()
    drive.clear()
    drive.execute("both.start_recovery")
    assert started(aws) == [[DB, APP], [APP]]
    trigger = waiting(drive)
    assert len(trigger.job_ids) == 2
    aws.control.advance(3600)
    assert isinstance(asyncio.run(fired(trigger)), TaskSuccessEvent)
    assert (drive.statuses, server(drive).actions_status) == (["COMPLETED"], "SUCCEEDED")
    assert (server(drive).attempt, server(drive, APP).attempt) == (1, 2)


def test_a_new_attempt_that_starts_nothing_waits_for_what_runs_on(aws: Any) -> None:
    """Its only job is that of the attempt before."""
    act(aws)
    drive = begun(aws)
    with pytest.raises(AirflowFailException, match="TIMED_OUT"):
        drive.resume(WAIT, {"status": "timeout", "message": "too long"})
    end(drive)
    drive.clear()
    drive.execute("both.start_recovery")
    asked = waiting(drive)
    assert len(asked.job_ids) == 1
    aws.control.advance(600)
    assert drive.resume(WAIT, {"status": "success"}) == "COMPLETED"
    assert started(aws) == [[DB, APP]]
