"""What wakes a start that had to let go of its worker."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger

from drs_recovery.aws.triggers.drs import DrsJobTrigger, StopWatching
from drs_recovery.engine.parting import CAPACITY
from drs_recovery.settings import settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from airflow.triggers.base import BaseTrigger

    from drs_recovery.aws.utils.drs import JobsSnapshot
    from drs_recovery.engine.parting import TryLater
    from drs_recovery.plan import Target


class FirstWay(DrsJobTrigger):
    """Waits until one of several ways is free: until all jobs of one list have ended.

    Whoever is woken looks at DRS itself: what this trigger ended with says nothing that counts.

    :param ways: lists of jobs, together those that are watched.
    """

    def __init__(self, *, ways: Sequence[Sequence[str]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ways = [list(jobs) for jobs in ways]

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the import path and the arguments that make this trigger again in any triggerer."""
        path, kwargs = super().serialize()
        return path, {**kwargs, "ways": self.ways}

    async def on_snapshot(self, snapshot: JobsSnapshot) -> None:
        """End the wait as soon as one way is free."""
        if snapshot.last_error:
            return
        ended = {job["jobID"] for job in snapshot.jobs if job.get("status") == "COMPLETED"}
        if free := [jobs for jobs in self.ways if ended.issuperset(jobs)]:
            raise StopWatching(f"{', '.join(free[0])} ended")


def wake_trigger(waits: Sequence[TryLater], deadline: datetime, target: Target | None) -> BaseTrigger:
    """Return the trigger: the end of the jobs in the way of one of them, or the shortest of the pauses.

    Jobs are watched in one place; ``target`` is absent where they are in several.
    """
    if target and all(wait.jobs for wait in waits):
        ways = {wait.jobs: None for wait in waits}
        trigger = DrsJobTrigger if len(ways) == 1 else partial(FirstWay, ways=[list(jobs) for jobs in ways])
        return trigger(
            job_ids=sorted({job for jobs in ways for job in jobs}),
            hold=settings().hold_seconds,
            deadline=deadline.isoformat(),
            aws_conn_id=target.aws_conn_id,
            region_name=target.region,
        )
    pause = min(CAPACITY if wait.jobs else wait.seconds for wait in waits if target is None or not wait.jobs)
    return TimeDeltaTrigger(timedelta(seconds=max(pause, settings().hold_seconds)))
