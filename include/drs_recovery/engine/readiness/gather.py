"""Gathers the facts that the checks look at: in a few calls, in the plan's account and Region (A-1)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from botocore.config import Config

from drs_recovery.clock import now as utc_now
from drs_recovery.engine.jobs import LONGEST_JOB
from drs_recovery.engine.readiness.connection import find_connection
from drs_recovery.engine.readiness.facts import Facts, Unknown, server_facts
from drs_recovery.engine.readiness.rights import find_denied
from drs_recovery.engine.recovery_points import choose
from drs_recovery.plan import SourceServer, misfits, policies, resolve

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_drs.type_defs import JobTypeDef, SourceServerTypeDef
    from mypy_boto3_dynamodb import DynamoDBClient

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.engine.recovery_points import PointsAsked
    from drs_recovery.plan import Plan
    from drs_recovery.store.store import ExecutionStore

T = TypeVar("T")

log = logging.getLogger(__name__)

SOON_OR_NOT_AT_ALL = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2})
"""botocore's own patience, five times a minute, would delay a recovery for the sake of a warning."""


@dataclass(frozen=True)
class Sources:
    """Where facts come from: DRS by the plan's connection, the record, and Airflow.

    ``table_client`` makes a client of the table's connection, and ``source_of`` gives where a connection
    comes from.
    """

    drs: DrsHook
    store: ExecutionStore
    table_client: Callable[[Config | None], DynamoDBClient]
    source_of: Callable[[str], str | None]


def gather(plan: Plan, sources: Sources, asked: PointsAsked) -> Facts:
    """Return the facts; what cannot be looked up is unknown.

    Raises SelectionError for a plan whose tags select nothing, and what DescribeSourceServers answers to who
    may not: without servers there is no execution.
    """
    items = {item["sourceServerID"]: item for item in sources.drs.list_source_servers()}
    selection = resolve(plan, map(source_server, items.values()))
    points = choose(plan, selection, asked, lambda _: sources.drs)
    hook = sources.drs.with_config(SOON_OR_NOT_AT_ALL)
    ids = [server.source_server_id for servers in selection for server in servers if server.known]
    all_ids = {server.source_server_id for servers in selection for server in servers}
    return Facts(
        servers=tuple(
            tuple(
                server_facts(server, items.get(server.source_server_id), points.get(server.source_server_id))
                for server in servers
            )
            for servers in selection
        ),
        policies=policies(plan, selection),
        misfits=tuple(misfits(plan, selection)),
        fleet=len(items),
        account_id=_account_id(hook),
        jobs=_look_up("what runs in DRS", lambda: _running(hook)),
        instances=_look_up("recovery instances", lambda: tuple(hook.list_recovery_instances(ids))),
        quotas=_look_up("the quotas of DRS", hook.get_quotas),
        denied=find_denied(hook, sources.table_client),
        connection=find_connection(plan, sources.store, sources.source_of),
        points_of_others=tuple(sorted(asked.snapshots.keys() - all_ids)),
    )


def source_server(item: SourceServerTypeDef) -> SourceServer:
    """Return a source server of DescribeSourceServers; what DRS leaves out stays absent."""
    hints = item.get("sourceProperties", {}).get("identificationHints", {})
    tags = item.get("tags", {})
    return SourceServer(
        source_server_id=item["sourceServerID"],
        hostname=hints.get("hostname"),
        name=tags.get("Name"),
        tags=tags,
    )


def _account_id(hook: DrsHook) -> str | None:
    """Return the account that the jobs will be in; an outage of STS is no reason not to recover."""
    try:
        return hook.account_id
    except Exception as error:  # noqa: BLE001 - any: the record goes without the account
        log.warning("The account of connection %s is unknown: %s", hook.aws_conn_id, error)
        return None


def _look_up(what: str, look: Callable[[], T]) -> T | Unknown:
    try:
        return look()
    except Exception as error:  # noqa: BLE001 - any: what is not known does not pass (A-3)
        return Unknown(what, error)


def _running(hook: DrsHook) -> tuple[JobTypeDef, ...]:
    jobs = hook.list_jobs(since=utc_now() - LONGEST_JOB)
    return tuple(job for job in jobs if job.get("status") != "COMPLETED")
