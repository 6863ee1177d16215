from __future__ import annotations

from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from drs_recovery.aws.hooks.quick import QuickHook
from drs_recovery.aws.utils.drs import failure
from drs_recovery.aws.utils.requests import filters, job_filters, start_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
    from datetime import datetime

    from mypy_boto3_drs import DrsClient
    from mypy_boto3_drs.type_defs import (
        JobLogTypeDef,
        JobTypeDef,
        RecoveryInstanceTypeDef,
        RecoverySnapshotTypeDef,
        SourceServerTypeDef,
    )
    from types_aiobotocore_drs import DrsClient as AsyncDrsClient

# From the service model: the longest lists that a request may carry.
MAX_SERVERS_PER_START = 200
MAX_INSTANCES_PER_TERMINATION = 200
MAX_IDS_PER_FILTER = 200

# StartRecovery has no client token. botocore repeats a request by itself when the answer is a 429 or a 5xx,
# or is lost; the first one may have started a job all the same, and the repeated one starts a second.
ONE_REQUEST = Config(retries={"total_max_attempts": 1})

# A look that hangs is worth less than the next one.
SHORT_TIMEOUTS = Config(connect_timeout=5, read_timeout=20)

# Long enough for a job of many servers, and short enough to know when a request can no longer arrive.
START_TIMEOUTS = Config(connect_timeout=5, read_timeout=30)


class DrsHook(QuickHook["DrsClient"]):
    """Interact with AWS Elastic Disaster Recovery.

    Provide thin wrapper around :external+boto3:py:class:`boto3.client("drs") <Drs.Client>`, with what it
    lacks: all pages, batches where a filter is limited, a StartRecovery that is sent once, and asynchronous
    variants.

    Additional arguments (such as ``aws_conn_id``) may be specified and
    are passed down to the underlying AwsBaseHook.

    .. seealso::
        - :class:`airflow.providers.amazon.aws.hooks.base_aws.AwsBaseHook`
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["client_type"] = "drs"
        super().__init__(*args, **kwargs)
        self._sessions: dict[tuple[str | None, bool], Any] = {}

    def get_session(self, region_name: str | None = None, deferrable: bool = False) -> Any:
        """Return one session for all clients of this hook: a new one assumes the connection's role again."""
        key = (region_name, deferrable)
        if key not in self._sessions:
            self._sessions[key] = super().get_session(region_name, deferrable=deferrable)
        return self._sessions[key]

    def with_config(self, config: Config) -> DrsHook:
        """Return a hook of the same connection, Region and session, its clients configured so as well."""
        other = DrsHook(
            aws_conn_id=self.aws_conn_id,
            region_name=self.region_name,
            verify=self.verify,
            config=self.config.merge(config),
        )
        other._sessions = self._sessions
        return other

    @cached_property
    def waiter_path(self) -> Path:
        """The custom waiters of this service; the base class looks inside the provider's package only."""
        return Path(__file__).parents[1] / "waiters" / "drs.json"

    def start_recovery(
        self,
        source_server_ids: Sequence[str],
        *,
        is_drill: bool,
        tags: Mapping[str, str] | None = None,
        snapshots: Mapping[str, str] | None = None,
    ) -> JobTypeDef:
        """Start one job that recovers source servers, and return it.

        Exactly one HTTP request is sent. An error other than a refusal by DRS (4xx) leaves open whether a job
        was started: look for one by its tags before asking again.

        .. seealso::
            - :external+boto3:py:meth:`Drs.Client.start_recovery`

        :param source_server_ids: 1 to 200 source servers.
        :param is_drill: Whether the recovery instances are for a drill.
        :param tags: Tags of the job, the only way to find one's own job again (needs ``drs:TagResource``).
        :param snapshots: Recovery snapshots by source server; each other one is recovered to its latest data.
        """
        if not 1 <= (count := len(source_server_ids)) <= MAX_SERVERS_PER_START:
            raise ValueError(f"source_server_ids: one job takes 1 to {MAX_SERVERS_PER_START}, not {count}")
        response = self._one_request_conn.start_recovery(
            sourceServers=[start_of(server_id, snapshots or {}) for server_id in source_server_ids],
            isDrill=is_drill,
            tags=dict(tags or {}),
        )
        job: JobTypeDef = response["job"]
        return job

    def prepare_start(self) -> None:
        """Make the client of :meth:`start_recovery` and get its credentials: the call is then one request."""
        _ = self._one_request_conn
        credentials = self.get_session(region_name=self.region_name).get_credentials()
        if credentials is not None:
            credentials.get_frozen_credentials()

    def terminate_recovery_instances(self, recovery_instance_ids: Sequence[str]) -> JobTypeDef:
        """Start one job that terminates recovery instances, and return it.

        Exactly one HTTP request is sent, since a repeated one would meet the job of the first as a Conflict.
        The instances are gone when the job has ended and DRS lists them no more. The job takes no tags; that
        of an answer that was lost shows as a running TERMINATE job of the instances' source servers.

        .. seealso::
            - :external+boto3:py:meth:`Drs.Client.terminate_recovery_instances`

        :param recovery_instance_ids: 1 to 200 recovery instances.
        """
        if not 1 <= (count := len(recovery_instance_ids)) <= MAX_INSTANCES_PER_TERMINATION:
            raise ValueError(
                f"recovery_instance_ids: one job takes 1 to {MAX_INSTANCES_PER_TERMINATION}, not {count}"
            )
        response = self._one_request_conn.terminate_recovery_instances(
            recoveryInstanceIDs=list(recovery_instance_ids)
        )
        job: JobTypeDef = response["job"]
        return job

    def list_source_servers(
        self, source_server_ids: Iterable[str] | None = None
    ) -> list[SourceServerTypeDef]:
        """Return the source servers of the account and Region, all or those with the given ids."""
        batches = filters("sourceServerIDs", source_server_ids, MAX_IDS_PER_FILTER)
        return self._items("describe_source_servers", batches)

    def list_jobs(
        self, job_ids: Iterable[str] | None = None, *, since: datetime | None = None
    ) -> list[JobTypeDef]:
        """Return the jobs that DRS knows, newest first in each batch: all, by ids, created since a time."""
        return self._items("describe_jobs", job_filters(job_ids, since))

    def list_job_log(self, job_id: str) -> list[JobLogTypeDef]:
        """Return the whole log of a job."""
        return self._items("describe_job_log_items", [{"jobID": job_id}])

    def list_recovery_instances(
        self,
        source_server_ids: Iterable[str] | None = None,
        *,
        recovery_instance_ids: Iterable[str] | None = None,
    ) -> list[RecoveryInstanceTypeDef]:
        """Return the recovery instances of the account and Region: all, or by one of the two kinds of ids."""
        if source_server_ids is not None and recovery_instance_ids is not None:
            raise ValueError("source_server_ids and recovery_instance_ids exclude each other")
        batches = (
            filters("sourceServerIDs", source_server_ids, MAX_IDS_PER_FILTER)
            if recovery_instance_ids is None
            else filters("recoveryInstanceIDs", recovery_instance_ids, MAX_IDS_PER_FILTER)
        )
        return self._items("describe_recovery_instances", batches)

    def list_recovery_snapshots(self, source_server_id: str) -> list[RecoverySnapshotTypeDef]:
        """Return the recovery snapshots of a source server, newest first, with the one that is due."""
        return self._items(
            "describe_recovery_snapshots", [{"sourceServerID": source_server_id, "order": "DESC"}]
        )

    def get_quotas(self) -> dict[str, float]:
        """Return the quotas of DRS that are applied to the account and Region, by quota code.

        A quota without an applied value in Service Quotas is left out: its default holds.

        .. seealso::
            - :external+boto3:py:meth:`ServiceQuotas.Client.list_service_quotas`
        """
        session: Any = self.get_session(region_name=self.region_name)
        client = session.client(
            "service-quotas",
            endpoint_url=self.conn_config.get_service_endpoint_url("service-quotas"),
            config=self._get_config(),
            verify=self.verify,
        )
        pages = client.get_paginator("list_service_quotas").paginate(ServiceCode="drs")
        return {
            quota["QuotaCode"]: quota["Value"]
            for page in pages
            for quota in page["Quotas"]
            if "QuotaCode" in quota and "Value" in quota
        }

    def find_failures(self, jobs: Iterable[JobTypeDef]) -> list[str]:
        """Return one sentence, with raw errors, for each COMPLETED job that launched less than it should."""
        return [text for job in jobs if failure(job) and (text := failure(job, self._log_if_any(job)))]

    async def get_jobs(
        self,
        job_ids: Iterable[str] | None,
        *,
        since: datetime | None = None,
        client: AsyncDrsClient | None = None,
    ) -> list[JobTypeDef]:
        """Return the jobs with these ids that DRS knows, through an open client or one of its own.

        None: all of them; ``since``: only those that were made since then.
        """
        return await self._aitems("describe_jobs", job_filters(job_ids, since), client)

    async def get_job_log(self, job_id: str, *, client: AsyncDrsClient | None = None) -> list[JobLogTypeDef]:
        """Return the whole log of a job, through an open client or one of its own."""
        return await self._aitems("describe_job_log_items", [{"jobID": job_id}], client)

    async def get_recovery_instances(
        self, source_server_ids: Iterable[str], *, client: AsyncDrsClient | None = None
    ) -> list[RecoveryInstanceTypeDef]:
        """Return the recovery instances of source servers, through an open client or one of its own."""
        batches = filters("sourceServerIDs", source_server_ids, MAX_IDS_PER_FILTER)
        return await self._aitems("describe_recovery_instances", batches, client)

    async def get_account_id(self) -> str:
        """Return the account that the connection reaches, as ``account_id`` does, without blocking."""
        async with await sync_to_async(self._get_sts_conn)() as sts:
            account: str = (await sts.get_caller_identity())["Account"]
            return account

    async def get_polling_conn(self) -> Any:
        """Return an aiobotocore client, to be entered, that answers or fails soon: a poller asks again."""
        return await sync_to_async(self._get_polling_conn)()

    def _get_polling_conn(self) -> Any:
        config = self._impatient_config
        return self.get_client_type(region_name=self.region_name, config=config, deferrable=True)

    def _get_sts_conn(self) -> Any:
        session: Any = self.get_session(region_name=self.region_name, deferrable=True)
        return session.create_client(
            "sts",
            endpoint_url=self.conn_config.get_service_endpoint_url("sts"),
            config=self._impatient_config,
            verify=self.verify,
        )

    @property
    def _impatient_config(self) -> Config:
        return SHORT_TIMEOUTS.merge(self.config).merge(ONE_REQUEST)

    @cached_property
    def _one_request_conn(self) -> DrsClient:
        client: DrsClient = self.get_client_type(
            region_name=self.region_name, config=START_TIMEOUTS.merge(self.config).merge(ONE_REQUEST)
        )
        return client

    def _log_if_any(self, job: JobTypeDef) -> list[JobLogTypeDef]:
        # The verdict stands without the log; not being allowed to read it must not hide the verdict.
        try:
            return self.list_job_log(job["jobID"])
        except (BotoCoreError, ClientError) as error:
            self.log.warning("The log of %s cannot be read: %s", job["jobID"], error)
            return []

    def _items(self, operation: Any, batches: Iterable[Mapping[str, Any]]) -> list[Any]:
        paginator = self.conn.get_paginator(operation)
        return [item for batch in batches for page in paginator.paginate(**batch) for item in page["items"]]

    async def _aitems(
        self, operation: Any, batches: Iterable[Mapping[str, Any]], client: AsyncDrsClient | None
    ) -> list[Any]:
        async with self._entered(client) as conn:
            paginator = conn.get_paginator(operation)
            return [
                i for batch in batches async for page in paginator.paginate(**batch) for i in page["items"]
            ]

    @asynccontextmanager
    async def _entered(self, client: AsyncDrsClient | None) -> AsyncIterator[AsyncDrsClient]:
        if client is not None:
            yield client
            return
        async with await self.get_async_conn() as own:  # type: ignore[no-untyped-call]
            yield own
