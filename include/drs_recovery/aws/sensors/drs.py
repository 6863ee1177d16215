from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.sensors.base_aws import AwsBaseSensor
from airflow.providers.amazon.aws.utils import validate_execute_complete_event
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSensorTimeout
from botocore.exceptions import BotoCoreError, ClientError

from drs_recovery.aws.hooks.drs import DrsHook
from drs_recovery.aws.links.drs import DrsJobLink
from drs_recovery.aws.triggers.drs import DrsJobTrigger
from drs_recovery.aws.utils.drs import JobsSnapshot, validate_job_ids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context
    from mypy_boto3_drs.type_defs import JobTypeDef


class DrsJobSensor(AwsBaseSensor[DrsHook]):
    """Wait until all of some DRS jobs are COMPLETED; fail unless each of their servers was launched.

    By default the task defers, and holds no worker slot while it waits: jobs take 10 to 25 minutes. Jobs that
    have ended already are judged at once. ``timeout`` bounds the wait; a job that has ended by then counts as
    ended.

    :param job_ids: One job id, or several, in the same account and Region.
    :param hold: Real seconds before the trigger may resume the task, see :class:`DrsJobTrigger`.
    :param poll_interval: Seconds between two looks while a server is being launched.
    :param relaxed_interval: Seconds between two looks otherwise.
    :param missing_grace: Seconds for which DRS may not know a job before that is an error (``timeout`` if the
        sensor is rescheduled between its pokes).
    :param deferrable: If False, the sensor asks DRS every ``poke_interval`` itself.
    :param aws_conn_id: The Airflow connection used for AWS credentials.
    :param region_name: The AWS region where the jobs are.
    :param verify: Whether or not to verify SSL certificates.
    :param botocore_config: Configuration dictionary (key-values) for botocore client.
    """

    aws_hook_class = DrsHook
    template_fields: Sequence[str] = ()
    """Nothing is rendered: job ids come from AWS and from records, and would run as templates."""

    ui_color = "#66c3ff"
    operator_extra_links = (DrsJobLink(),)

    def __init__(
        self,
        *,
        job_ids: str | Sequence[str],
        hold: float = 10,
        poll_interval: float = 1,
        relaxed_interval: float = 5,
        missing_grace: float = 60,
        deferrable: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_ids = job_ids
        self.hold = hold
        self.poll_interval = poll_interval
        self.relaxed_interval = relaxed_interval
        self.missing_grace = missing_grace
        self.deferrable = deferrable
        self._asked_since: float | None = None

    def execute(self, context: Context) -> Any:
        """Judge jobs that have ended; else defer, or poke."""
        DrsJobLink.persist(
            context=context,
            operator=self,
            region_name=self.hook.conn_region_name,
            aws_partition=self.hook.conn_partition,
            job_id=self.get_job_ids()[-1],
        )
        if self.deferrable and not self.have_ended():
            self.defer_to(self.make_trigger(context))
        return super().execute(context)

    def defer_to(self, trigger: DrsJobTrigger) -> None:
        """Defer, for a minute longer than the trigger takes at most: so it is the trigger that ends."""
        limit = trigger.limit
        self.defer(
            trigger=trigger,
            method_name=self.execute_complete.__name__,
            timeout=None if limit is None else limit + timedelta(minutes=1),
        )

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> Any:
        """Judge the jobs by what DRS says now; raise what the trigger ended with otherwise."""
        event = validate_execute_complete_event(event)
        if event["status"] == "success":
            return super().execute(context)
        if event["status"] == "timeout":
            raise AirflowSensorTimeout(event["message"])
        raise AirflowFailException(event["message"])

    def poke(self, context: Context) -> bool:
        """Return whether the jobs have ended, after judging them."""
        snapshot = self.look()
        self._fail_if_lost(snapshot)
        if snapshot.ended:
            self.finish(context, snapshot.jobs)
        return snapshot.ended

    def finish(self, context: Context, jobs: Sequence[JobTypeDef]) -> None:
        """Judge COMPLETED jobs: AirflowFailException, with raw errors, unless every server was launched."""
        if failures := self.hook.find_failures(jobs):
            raise AirflowFailException("\n".join(failures))

    def make_trigger(self, context: Context) -> DrsJobTrigger:
        """Return the trigger to defer to."""
        return DrsJobTrigger(**self.get_trigger_arguments(context))

    def get_trigger_arguments(self, context: Context) -> dict[str, Any]:
        """Return the arguments of the trigger; a subclass with another trigger adds its own."""
        return {
            "job_ids": self.get_job_ids(),
            "hold": self.hold,
            "deadline": (datetime.now(UTC) + timedelta(seconds=self.timeout)).isoformat(),
            "poll_interval": self.poll_interval,
            "relaxed_interval": self.relaxed_interval,
            "missing_grace": self.missing_grace,
            "aws_conn_id": self.aws_conn_id,
            "region_name": self.region_name,
            "verify": self.verify,
            "botocore_config": self.botocore_config,
        }

    def get_job_ids(self) -> list[str]:
        """Return the job ids as rendered; ValueError if DRS would refuse one."""
        return validate_job_ids([self.job_ids] if isinstance(self.job_ids, str) else self.job_ids)

    def look(self) -> JobsSnapshot:
        """Ask DRS once."""
        at, job_ids = datetime.now(UTC), self.get_job_ids()
        known = {job["jobID"]: job for job in self.hook.list_jobs(job_ids)}
        return JobsSnapshot(
            jobs=tuple(known[i] for i in job_ids if i in known),
            missing=tuple(i for i in job_ids if i not in known),
            at=at,
        )

    def have_ended(self) -> bool:
        """Ask DRS once; trouble with that is left to the trigger, which waits until it has passed."""
        try:
            return self.look().ended
        except (BotoCoreError, ClientError) as error:
            self.log.warning("%s; the trigger asks on", error)
            return False

    def _fail_if_lost(self, snapshot: JobsSnapshot) -> None:
        now = time.monotonic()
        self._asked_since = self._asked_since or now
        if snapshot.missing and now - self._asked_since >= self.missing_grace:
            raise AirflowFailException(
                f"DRS does not know {', '.join(snapshot.missing)} in Region {self.hook.conn_region_name} "
                f"of account {self.hook.account_id} (connection {self.aws_conn_id})"
            )
