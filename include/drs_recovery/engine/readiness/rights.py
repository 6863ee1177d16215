"""Whether rights that are needed later are there, where nobody would notice then that one is missing.

A task shows that a right is missing by failing. These are used by triggers, which go on waiting after an
error, or for what an execution can go without: a job's log, an address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from drs_recovery.aws.utils.errors import said
from drs_recovery.engine.readiness.facts import Finding, Right
from drs_recovery.settings import settings
from drs_recovery.store.queries import EXECUTION
from drs_recovery.store.requests import key, marshal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.engine.readiness.facts import Facts
    from drs_recovery.plan import Plan

NO_EXECUTION = "00000000-0000-0000-0000-000000000000"
"""An execution that nobody has: that the table has none of it shows that it may be read."""

NO_JOB = "drsjob-00000000000000000"
"""A job that nobody has: the answer of DRS shows whether its log may be read."""

NO_SERVER = "s-00000000000000000"
"""A source server that nobody has, likewise."""

WATCH_GATES = Right("dynamodb:BatchGetItem", "gates that wait are looked at one by one, at a higher cost")
READ_LOGS = Right("drs:DescribeJobLogItems", "no phase is shown, and no reason of DRS why a server failed")
READ_SETTINGS = Right(
    "drs:GetLaunchConfiguration", "post-launch actions that begin after the end of a job are not waited for"
)
READ_ACTIONS = Right("drs:ListLaunchActions", READ_SETTINGS.without)
READ_ADDRESSES = Right("ec2:DescribeInstances", "no private address is shown")


def find_table_denied(client: Callable[[], DynamoDBClient]) -> dict[Right, Exception]:
    """Return the right to the table that AWS denies, with its error, or that could not be tried."""
    return _denied({WATCH_GATES: lambda: _read_table(client())})


def find_denied(hook: DrsHook) -> dict[Right, Exception]:
    """Return the rights in one place that AWS denies, with its error, or that could not be tried."""
    return _denied(
        {
            READ_LOGS: lambda: _may(lambda: hook.list_job_log(NO_JOB), "ResourceNotFound", "Validation"),
            READ_SETTINGS: lambda: _may(
                lambda: hook.conn.get_launch_configuration(sourceServerID=NO_SERVER), "ResourceNotFound"
            ),
            READ_ACTIONS: lambda: _may(
                lambda: hook.conn.list_launch_actions(resourceId=NO_SERVER), "ResourceNotFound"
            ),
            READ_ADDRESSES: lambda: _may(lambda: _dry_run(hook), "DryRunOperation"),
        }
    )


def _denied(looks: Mapping[Right, Callable[[], object]]) -> dict[Right, Exception]:
    return {right: error for right, look in looks.items() if (error := _trouble(look)) is not None}


def check(_: Plan, facts: Facts) -> Iterator[Finding]:
    """Yield the rights that are missing, each with what goes missing with it."""
    for right, error in facts.denied.items():
        yield Finding(f"{right.action} cannot be used: {right.without} ({said(error)})", error)


def _trouble(look: Callable[[], object]) -> Exception | None:
    try:
        look()
    except Exception as error:  # noqa: BLE001 - any: what could not be tried does not pass (A-3)
        return error
    return None


def _may(call: Callable[[], object], *refusals: str) -> None:
    """Call what AWS refuses for what is asked, if it lets one ask at all."""
    try:
        call()
    except ClientError as error:
        if not error.response["Error"]["Code"].startswith(refusals):
            raise


def _read_table(client: DynamoDBClient) -> None:
    nobody = marshal(key(NO_EXECUTION, EXECUTION))
    client.batch_get_item(
        RequestItems={settings().table: {"Keys": [nobody], "ProjectionExpression": "executionId"}}
    )


def _dry_run(hook: DrsHook) -> None:
    """Ask EC2 whether it would answer: it always refuses this, by DryRunOperation if it would."""
    session: Any = hook.get_session(region_name=hook.region_name)
    endpoint = hook.conn_config.get_service_endpoint_url("ec2")
    client = session.client("ec2", endpoint_url=endpoint, config=hook.config, verify=hook.verify)
    client.describe_instances(DryRun=True)
