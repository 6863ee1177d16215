"""What a subclass does with each look: it may end its own trigger, and spoils nothing by failing."""

from __future__ import annotations

import asyncio

from drs_recovery.aws.triggers import drs
from drs_recovery.aws.triggers.drs import StopWatching
from tests.recovery.aws.triggers.watching import JOB_ID, ProgressTrigger, fire, job


async def test_a_failing_on_snapshot_is_logged_and_costs_nothing(drs_says, capfd):
    """Not the polling, and not the event of the last snapshot."""

    class Failing(ProgressTrigger):
        async def act(self, snapshot):
            raise ConnectionError("DynamoDB is away")

    drs_says([job("PENDING")], [job("LAUNCHED", status="COMPLETED")])
    failing = Failing(job_ids=[JOB_ID], hold=0, poll_interval=0.01, relaxed_interval=0.01)
    assert (await fire(failing))["status"] == "success"
    assert len(failing.snapshots) == 2
    logged = capfd.readouterr().out
    assert "DynamoDB is away" in logged
    assert "polling goes on" in logged


async def test_a_hanging_on_snapshot_delays_only_its_own_trigger_and_not_for_ever(drs_says, monkeypatch):
    class Hanging(ProgressTrigger):
        async def act(self, snapshot):
            await asyncio.Event().wait()

    monkeypatch.setattr(drs, "ON_SNAPSHOT_TIMEOUT", 0.2)
    drs_says([job("LAUNCHED", status="COMPLETED")])
    hanging = Hanging(job_ids=[JOB_ID], hold=0, poll_interval=0.01, relaxed_interval=0.01)
    assert (await fire(hanging))["status"] == "success"


async def test_on_snapshot_ends_the_trigger_if_it_says_so(drs_says):
    """For a subclass that learns that nobody wants the answer any more."""

    class Stopping(ProgressTrigger):
        async def act(self, snapshot):
            raise StopWatching("attempt 1 is over")

    drs_says([job("PENDING")])
    stopping = Stopping(job_ids=[JOB_ID], hold=0)
    assert await fire(stopping) == {"status": "error", "job_ids": [JOB_ID], "message": "attempt 1 is over"}


async def test_on_snapshot_can_read_the_log_of_a_job(hook, local_aws, servers):
    """Through the poller's client while it runs, and through one of its own otherwise."""
    job_id = hook.start_recovery(servers.db, is_drill=True)["jobID"]
    logs = []

    class Reading(ProgressTrigger):
        async def act(self, snapshot):
            logs.append(await self.log_items(job_id))

    reading = Reading(job_ids=[job_id], hold=0)
    await fire(reading)
    assert logs[-1] == hook.list_job_log(job_id) == await reading.log_items(job_id)
