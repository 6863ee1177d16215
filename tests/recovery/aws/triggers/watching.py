"""A trigger as a user of the package writes it, run as the triggerer does."""

from __future__ import annotations

import asyncio

from drs_recovery.aws.triggers.drs import DrsJobTrigger
from drs_recovery.aws.utils.drs_poller import DrsJobPoller

JOB_ID = "drsjob-00000000000000001"
OTHER_ID = "drsjob-00000000000000002"


class ProgressTrigger(DrsJobTrigger):
    """A subclass as a user of this package writes it: with a parameter and progress of its own."""

    def __init__(self, *, note="", **kwargs):
        super().__init__(**kwargs)
        self.note = note
        self.snapshots = []
        self.looked = asyncio.Queue()

    def serialize(self):
        path, arguments = super().serialize()
        return path, {**arguments, "note": self.note}

    async def on_snapshot(self, snapshot):
        self.snapshots.append(snapshot)
        self.looked.put_nowait(snapshot)
        await self.act(snapshot)

    async def act(self, snapshot):
        """Do nothing; tests put something else here."""


def trigger(job_ids=(JOB_ID,), **arguments):
    quick = {"hold": 0, "poll_interval": 0.01, "relaxed_interval": 0.01, **arguments}
    return ProgressTrigger(job_ids=list(job_ids), **quick)


async def fire(trigger):
    """Run a trigger to its end, as the triggerer does, and return the payload of its only event."""
    async with asyncio.timeout(30):
        events = [event async for event in trigger.run()]
    assert DrsJobPoller._running == {}
    (event,) = events
    return event.payload


def job(*launch_statuses, status="STARTED", job_id=JOB_ID):
    servers = [{"sourceServerID": f"s-{n:017}", "launchStatus": s} for n, s in enumerate(launch_statuses)]
    return {"jobID": job_id, "status": status, "participatingServers": servers}
