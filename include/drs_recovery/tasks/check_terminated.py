"""`check`: says that a drill's instances are terminated when DRS lists none of them any more (R-48)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperator

from drs_recovery.aws.hooks.drs import DrsHook
from drs_recovery.record.enums import CleanupStatus, EventType
from drs_recovery.tasks.clean_up import InstancesLeft, verdicts_on
from drs_recovery.tasks.termination import Termination

if TYPE_CHECKING:
    from airflow.sdk import Context


class CheckTerminated(BaseOperator):
    """Looks for the drill's instances in DRS; none left is DONE, and only that.

    DRS may list an instance for a while after its job has ended: its retries look again.
    """

    ui_color = "#e4dff5"

    def execute(self, context: Context) -> int | None:
        """Return how many instances are terminated."""
        with verdicts_on(context) as clean_up:
            over = {CleanupStatus.DONE, CleanupStatus.KEPT}
            if clean_up.cleanup is None or clean_up.cleanup.status in over:
                return clean_up.cleanup.terminated if clean_up.cleanup else None
            clean_up.check_begun()
            hook = DrsHook(aws_conn_id=clean_up.plan.aws_conn_id, region_name=clean_up.plan.region)
            if left := [one["recoveryInstanceID"] for one in Termination(hook, clean_up).find()]:
                raise InstancesLeft(left)
            count = clean_up.cleanup.count
            event = clean_up.new_event(EventType.CLEANUP_DONE, f"{count} recovery instances are terminated")
            clean_up.write(CleanupStatus.DONE, event, terminated=count)
            return count
