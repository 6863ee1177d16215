"""What wakes a start that had to let go of its worker."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger

from recovery.aws.triggers.drs import DrsJobTrigger
from recovery.settings import settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from airflow.triggers.base import BaseTrigger

    from recovery.tasks.batch import NotYet


def waking(
    waits: Sequence[NotYet], deadline: datetime, aws_conn_id: str | None, region_name: str | None
) -> BaseTrigger:
    """Return the trigger: the end of the jobs in the way of all, or the shortest of the pauses."""
    if all(wait.jobs for wait in waits):
        return DrsJobTrigger(
            job_ids=sorted({job for wait in waits for job in wait.jobs}),
            hold=settings().hold_seconds,
            deadline=deadline.isoformat(),
            aws_conn_id=aws_conn_id,
            region_name=region_name,
        )
    pause = min(wait.seconds for wait in waits if not wait.jobs)
    return TimeDeltaTrigger(timedelta(seconds=max(pause, settings().hold_seconds)))
