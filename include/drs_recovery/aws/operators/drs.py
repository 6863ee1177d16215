from __future__ import annotations

from abc import abstractmethod
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils import validate_execute_complete_event
from airflow.providers.amazon.aws.utils.waiter_with_logging import wait
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, conf

from drs_recovery.aws.hooks.drs import DrsHook
from drs_recovery.aws.links.drs import DrsJobLink
from drs_recovery.aws.triggers.drs import DrsJobTrigger
from drs_recovery.aws.utils.drs import is_gone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context
    from mypy_boto3_drs.type_defs import JobTypeDef


class _DrsJobOperator(AwsBaseOperator[DrsHook]):
    """What operators that start DRS jobs share: how they wait for them, and the link to them."""

    aws_hook_class = DrsHook
    template_fields: Sequence[str] = ()
    """Nothing is rendered: ids and tags come from people and from AWS, and would run as templates."""

    ui_color = "#f9c915"
    operator_extra_links = (DrsJobLink(),)

    def __init__(
        self,
        *,
        wait_for_completion: bool = True,
        waiter_delay: int = 30,
        waiter_max_attempts: int = 480,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.wait_for_completion = wait_for_completion
        self.waiter_delay = waiter_delay
        self.waiter_max_attempts = waiter_max_attempts
        self.deferrable = deferrable

    @abstractmethod
    def execute_complete(self, context: Context, event: dict[str, Any] | None = None, **_: Any) -> Any:
        """Judge what the trigger waited for."""

    def link_to(self, context: Context, job_id: str) -> None:
        """Show the job in Airflow."""
        DrsJobLink.persist(
            context=context,
            operator=self,
            region_name=self.hook.conn_region_name,
            aws_partition=self.hook.conn_partition,
            job_id=job_id,
        )

    def defer_to(self, *job_ids: str) -> None:
        """Defer until the jobs have ended."""
        patience = timedelta(seconds=self.waiter_delay * self.waiter_max_attempts)
        trigger = DrsJobTrigger(
            job_ids=job_ids,
            deadline=(datetime.now(UTC) + patience).isoformat(),
            aws_conn_id=self.aws_conn_id,
            region_name=self.region_name,
            verify=self.verify,
            botocore_config=self.botocore_config,
        )
        limit = (trigger.limit or patience) + timedelta(minutes=1)
        self.defer(trigger=trigger, method_name=self.execute_complete.__name__, timeout=limit)

    def wait_for(self, *job_ids: str) -> None:
        """Hold the worker slot until the jobs have ended."""
        wait(
            waiter=self.hook.get_waiter("job_completed"),
            waiter_delay=self.waiter_delay,
            waiter_max_attempts=self.waiter_max_attempts,
            args={"filters": {"jobIDs": list(job_ids)}},
            failure_message=f"Waiting for DRS job {', '.join(job_ids)} failed",
            status_message=f"DRS job {', '.join(job_ids)} is",
            status_args=["items[].status"],
        )


class DrsStartRecoveryOperator(_DrsJobOperator):
    """Start a drill, or the recovery, of source servers in one DRS job, and wait until they are launched.

    StartRecovery is not idempotent: a retry of this task starts another job, which replaces the recovery
    instances of the first. Hence no retries by default (``retries=0``), and verdicts that are not retried.

    :param source_server_ids: 1 to 200 source servers.
    :param is_drill: Whether the recovery instances are for a drill (the default).
    :param tags: Tags of the job.
    :param wait_for_completion: Whether to wait for the job and to fail unless every server was launched.
    :param waiter_delay: Seconds between two looks at the job, when the task does not defer.
    :param waiter_max_attempts: Number of such looks; this times ``waiter_delay`` bounds every wait.
    :param deferrable: If True, the operator waits without a worker slot. This implies waiting for completion.
    :param aws_conn_id: The Airflow connection used for AWS credentials.
    :param region_name: The AWS region to recover to.
    :param verify: Whether or not to verify SSL certificates.
    :param botocore_config: Configuration dictionary (key-values) for botocore client.
    """

    def __init__(
        self,
        *,
        source_server_ids: Sequence[str],
        is_drill: bool = True,
        tags: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"retries": 0, **kwargs})
        self.source_server_ids = source_server_ids
        self.is_drill = is_drill
        self.tags = tags

    def execute(self, context: Context) -> Any:
        """Start the job; return its id, at the end of the wait if there is one."""
        job_id = self.start_job(context, self.source_server_ids, self.tags)["jobID"]
        if self.deferrable:
            self.defer_to(job_id)
        elif self.wait_for_completion:
            self.wait_for(job_id)
            self.judge(job_id)
        return job_id

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None, **_: Any) -> Any:
        """Judge the job that the trigger waited for; return its id."""
        event = validate_execute_complete_event(event)
        if event["status"] != "success":
            raise AirflowFailException(event["message"])
        job_id: str = event["job_ids"][0]
        self.judge(job_id)
        return job_id

    def start_job(
        self, context: Context, source_server_ids: Sequence[str], tags: Mapping[str, str] | None
    ) -> JobTypeDef:
        """Start one job, log it, link to it, and return it: for subclasses, once per batch.

        What the hook raises passes: see :meth:`DrsHook.start_recovery` for what is open then.
        """
        job = self.hook.start_recovery(source_server_ids, is_drill=self.is_drill, tags=tags)
        self.log.info(
            "Started DRS job %s (%s) of %s source servers: %s",
            job["jobID"],
            "drill" if self.is_drill else "recovery",
            len(source_server_ids),
            ", ".join(source_server_ids),
        )
        self.link_to(context, job["jobID"])
        return job

    def judge(self, job_id: str) -> None:
        """Fail, with the raw errors of the job's log, unless every server of the job was launched."""
        jobs = self.hook.list_jobs([job_id])
        if not jobs:
            raise AirflowFailException(f"DRS does not know {job_id} in Region {self.hook.conn_region_name}")
        if failures := self.hook.find_failures(jobs):
            raise AirflowFailException("\n".join(failures))


class DrsTerminateRecoveryInstancesOperator(_DrsJobOperator):
    """Terminate recovery instances in DRS jobs of a limited size, and wait until DRS lists them no more.

    Whether an instance is a drill's or a real recovery's is for the caller to know. Instances that are gone
    are passed over, so a retry terminates what is left. One that is in a job is a ConflictException.

    :param recovery_instance_ids: The recovery instances; none is nothing to do.
    :param batch_size: Instances of one job: 1 to 200. The service quota for servers in one job is 100.
    :param wait_for_completion: Whether to wait for the jobs and to fail unless the instances are gone.
    :param waiter_delay: Seconds between two looks at the jobs, when the task does not defer.
    :param waiter_max_attempts: Number of such looks; this times ``waiter_delay`` bounds every wait.
    :param deferrable: If True, the operator waits without a worker slot. This implies waiting for completion.
    :param aws_conn_id: The Airflow connection used for AWS credentials.
    :param region_name: The AWS region where the instances are.
    :param verify: Whether or not to verify SSL certificates.
    :param botocore_config: Configuration dictionary (key-values) for botocore client.
    """

    def __init__(
        self,
        *,
        recovery_instance_ids: Sequence[str],
        batch_size: int = 100,
        waiter_delay: int = 15,
        waiter_max_attempts: int = 240,
        **kwargs: Any,
    ) -> None:
        super().__init__(waiter_delay=waiter_delay, waiter_max_attempts=waiter_max_attempts, **kwargs)
        self.recovery_instance_ids = recovery_instance_ids
        self.batch_size = batch_size

    def execute(self, context: Context) -> Any:
        """Start the jobs; return their ids, at the end of the wait if there is one."""
        batches = self.in_batches(self.find_present())
        job_ids = [self.start_job(context, batch)["jobID"] for batch in batches]
        if job_ids and self.deferrable:
            self.defer_to(*job_ids)
        elif job_ids and self.wait_for_completion:
            self.wait_for(*job_ids)
            self.judge()
        return job_ids

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None, **_: Any) -> Any:
        """Fail unless the instances are gone; return the ids of the jobs."""
        event = validate_execute_complete_event(event)
        if event["status"] != "success":
            raise AirflowFailException(event["message"])
        self.judge()
        return event["job_ids"]

    def in_batches(self, recovery_instance_ids: Sequence[str]) -> list[list[str]]:
        """Return the ids, cut for one job each."""
        ids, size = list(recovery_instance_ids), self.batch_size
        return [ids[first : first + size] for first in range(0, len(ids), size)]

    def find_present(self) -> list[str]:
        """Return those of the instances that are not gone."""
        known = self.hook.list_recovery_instances(recovery_instance_ids=self.recovery_instance_ids)
        return [instance["recoveryInstanceID"] for instance in known if not is_gone(instance)]

    def start_job(self, context: Context, recovery_instance_ids: Sequence[str]) -> JobTypeDef:
        """Start one job, log it, link to it, and return it: for subclasses, once per batch."""
        job = self.hook.terminate_recovery_instances(recovery_instance_ids)
        self.log.info(
            "Started DRS job %s that terminates %s recovery instances: %s",
            job["jobID"],
            len(recovery_instance_ids),
            ", ".join(recovery_instance_ids),
        )
        self.link_to(context, job["jobID"])
        return job

    def judge(self) -> None:
        """Fail, naming them, unless the instances are gone: a finished job lists no servers to judge by."""
        if left := self.find_present():
            raise AirflowException(f"DRS still lists {', '.join(left)}")
