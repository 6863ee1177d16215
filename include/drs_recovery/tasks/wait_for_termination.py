"""`wait_for_termination`: waits until the jobs that terminate a drill's instances have ended in DRS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drs_recovery.aws.sensors.drs import DrsJobSensor
from drs_recovery.settings import settings
from drs_recovery.tasks.clean_up import LONGEST_WAIT, verdicts_on

if TYPE_CHECKING:
    from airflow.sdk import Context

    from drs_recovery.tasks.clean_up import CleanUp


class WaitForTermination(DrsJobSensor):
    """Waits for the terminate jobs on record; holds no worker slot meanwhile.

    That they have ended says nothing of the instances yet: a finished terminate job lists no servers.
    """

    template_fields = ()
    template_ext = ()
    ui_color = "#d9ecf7"

    def __init__(self, **kwargs: Any) -> None:
        wanted = settings()
        super().__init__(
            job_ids=[],
            hold=wanted.hold_seconds,
            poll_interval=wanted.poll_seconds,
            relaxed_interval=wanted.poll_relaxed_seconds,
            timeout=LONGEST_WAIT.total_seconds(),
            **kwargs,
        )

    def execute(self, context: Context) -> Any:
        """Return at once where no job runs; defer to the trigger for the rest."""
        with verdicts_on(context) as clean_up:
            return super().execute(context) if self._watched(clean_up) else None

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> Any:
        """Ask DRS once more."""
        with verdicts_on(context) as clean_up:
            return super().execute_complete(context, event) if self._watched(clean_up) else None

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Resume, or write why the trigger broke, when no retry is left."""
        with verdicts_on(context):
            return super().resume_execution(next_method, next_kwargs, context)

    def _watched(self, clean_up: CleanUp) -> bool:
        """Take the jobs from the record, with the account and Region of the frozen plan (R-50)."""
        self.aws_conn_id, self.region_name = clean_up.plan.aws_conn_id, clean_up.plan.region
        self.job_ids = clean_up.cleanup.job_ids if clean_up.cleanup else ()
        return bool(self.job_ids)
