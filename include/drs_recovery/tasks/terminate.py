"""`terminate`: ends a drill's recovery instances in DRS, when the execution record permits it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from botocore.exceptions import BotoCoreError, ClientError

from drs_recovery.aws.operators.drs import DrsTerminateRecoveryInstancesOperator
from drs_recovery.aws.utils.errors import is_final, retry_after
from drs_recovery.engine.parting import LOOK_AGAIN, NotYet
from drs_recovery.record.enums import CleanupStatus, EventType
from drs_recovery.store.queries import read_execution
from drs_recovery.store.trail import append_event
from drs_recovery.tasks.base import now
from drs_recovery.tasks.clean_up import LONGEST_WAIT, verdicts_on
from drs_recovery.tasks.termination import Termination
from drs_recovery.tasks.waking import waking
from drs_recovery.text.durations import duration_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow.sdk import Context

    from drs_recovery.tasks.clean_up import CleanUp


class TerminateInstances(DrsTerminateRecoveryInstancesOperator):
    """Starts the DRS jobs that terminate a drill's recovery instances, and puts their ids on record.

    What may pass is waited for without a worker slot: throttling, trouble of AWS, a job that holds a server,
    a quota, a RECOVERY of the same servers. See `drs_recovery.aws.utils.errors`.
    """

    template_fields = ()
    template_ext = ()
    ui_color = "#f3dcd4"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(recovery_instance_ids=[], deferrable=False, **kwargs)

    def execute(self, context: Context) -> list[str]:
        """Return the ids of the jobs."""
        return self._terminate(context, now())

    def execute_complete(
        self, context: Context, event: dict[str, Any] | None = None, *, since: str = "", **_: Any
    ) -> list[str]:
        """Go on with what could not be terminated yet, since when."""
        return self._terminate(context, datetime.fromisoformat(since) if since else now())

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Resume, or write why the trigger broke, when no retry is left."""
        with verdicts_on(context):
            return super().resume_execution(next_method, next_kwargs, context)

    def _terminate(self, context: Context, since: datetime) -> list[str]:
        with verdicts_on(context) as clean_up:
            status = clean_up.cleanup.status if clean_up.cleanup else None
            if status is CleanupStatus.KEPT:
                raise AirflowSkipException("The instances are kept: see the execution's audit trail.")
            if status is CleanupStatus.DONE:
                return []
            clean_up.check_permitted()
            self.aws_conn_id, self.region_name = clean_up.plan.aws_conn_id, clean_up.plan.region
            if waits := list(self._send_all(context, clean_up)):
                self._wait(clean_up, waits, since + LONGEST_WAIT, since)
            cleanup = clean_up.store.run(read_execution(clean_up.execution.execution_id)).cleanup
            return list(cleanup.job_ids) if cleanup else []

    def _send_all(self, context: Context, clean_up: CleanUp) -> Iterator[NotYet]:
        """Terminate what can be terminated now; yield what the rest waits for."""
        termination = Termination(self.hook, clean_up)
        try:
            termination.check_launched()
            instances = termination.find()
            self._begin(clean_up, [one["recoveryInstanceID"] for one in instances])
            waits: list[NotYet] = []
            refusals: list[Exception] = []
            for batch in self.in_batches(termination.free(instances)):
                held, refused = termination.send(batch, lambda ids: self.start_job(context, ids))
                waits += held
                refusals += refused
            yield from waits
            # What is refused for good ends the clean-up only when nothing else can be terminated any more
            if refusals and not waits:
                raise refusals[0]
        except NotYet as wait:
            yield wait
        except (ClientError, BotoCoreError) as error:
            if is_final(error):
                raise
            yield NotYet(str(error), seconds=max(LOOK_AGAIN, retry_after(error)))

    def _begin(self, clean_up: CleanUp, ids: Sequence[str]) -> None:
        """Put the instances on record before the first of them goes."""
        message = f"{len(ids)} recovery instances are to be terminated: {', '.join(ids) or 'none is left'}"
        event = clean_up.new_event(EventType.CLEANUP_STARTED, message)
        clean_up.write(CleanupStatus.TERMINATING, event, instances=ids)

    def _wait(self, clean_up: CleanUp, waits: Sequence[NotYet], deadline: datetime, since: datetime) -> None:
        """Let go of the worker until it is worth while to look again, or give up."""
        text = "; ".join(dict.fromkeys(wait.reason for wait in waits))
        left = deadline - now()
        if left <= timedelta():
            raise AirflowFailException(f"Waited for {duration_text(LONGEST_WAIT)} in vain: {text}")
        event = clean_up.new_event(
            EventType.CLEANUP_HELD, f"Waits, until {deadline:%H:%M} UTC at the latest: {text}"
        )
        clean_up.store.run(
            append_event(clean_up.execution.execution_id, event.replace(once=f"held|{since}|{text}"))
        )
        self.defer(
            trigger=waking(waits, deadline, self.aws_conn_id, self.region_name),
            method_name=self.execute_complete.__name__,
            kwargs={"since": since.isoformat()},
            timeout=left + timedelta(minutes=5),
        )
