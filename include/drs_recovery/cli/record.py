"""The execution record as the command line reaches it: with boto3's own credentials, reading only."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, PartialCredentialsError, ProfileNotFound

from drs_recovery.cli.exits import UsageError
from drs_recovery.cli.proxies import proxy_for
from drs_recovery.errors import AirflowRefused, ExecutionNotFound, RecordUnavailable
from drs_recovery.settings import settings
from drs_recovery.store.queries import list_executions, read_execution
from drs_recovery.store.store import ExecutionStore
from drs_recovery.text.address import check_legible, without_who_signs_in

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from drs_recovery.record.models import Execution

FEWEST_LETTERS = 4
"""Of an execution id, to stand for all of it."""

RECENT = 50
"""Newest executions of a plan among which one that has not ended is searched."""

SEARCHED = 1000
"""Newest executions among which the beginning of an id is searched."""


def dynamodb() -> DynamoDBClient:
    """Return a client for the Region of the table; its retries cover seconds, not an outage."""
    config = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
    try:
        client = boto3.client("dynamodb", region_name=settings().table_region, config=config)
        _check_way(client.meta.endpoint_url)
    except (BotoCoreError, ValueError, OSError) as error:
        message = without_who_signs_in(str(error)) if isinstance(error, ValueError) else str(error)
        text = f"table {settings().table!r}: {message.rstrip('.')}."
        raise RecordUnavailable(f"{text} {_remedy(error)}") from error
    return client


def _check_way(url: str) -> None:
    """Raise RecordUnavailable for an address that botocore accepts, but would quote in its errors."""
    proxy = proxy_for(url)
    for name, address in [("AWS_ENDPOINT_URL", url), *([proxy] if proxy else [])]:
        try:
            check_legible(address)
        except ValueError as error:
            raise RecordUnavailable(f"table {settings().table!r}: {name} (not shown): {error}") from error
    urlsplit(url).port  # noqa: B018 - raises for one that is no number


def _remedy(error: Exception) -> str:
    """Return how to repair the settings of a client that could not be created."""
    if isinstance(error, ProfileNotFound):
        return "AWS_PROFILE names a profile of ~/.aws/config, or of the file that AWS_CONFIG_FILE names."
    if isinstance(error, PartialCredentialsError):
        return "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile in AWS_PROFILE."
    if "endpoint" in str(error) or "Port" in str(error):
        return "AWS_ENDPOINT_URL holds an address such as http://127.0.0.1:5555; absent, AWS itself is asked."
    given = "; boto3 does not read AWS_REGION" if "AWS_REGION" in os.environ else ""
    return f"RECOVERY_TABLE_REGION names the Region of the table{given}."


def open_store() -> ExecutionStore:
    """Return the store of the execution records."""
    return ExecutionStore(dynamodb(), settings().table)


def find(store: ExecutionStore, named: str, *, live: bool = False) -> Execution:
    """Return the execution that a person names: by id, by the beginning of one, or as a plan's newest.

    With ``live`` a plan stands for its newest execution that has not ended, if it has one: a start that was
    refused beside it is newer, and needs no action.
    """
    if _is_id(named):
        return store.run(read_execution(named.lower()))
    if newest := store.run(list_executions(named, limit=RECENT if live else 1)):
        running = [known for known in newest if live and not known.final]
        return store.run(read_execution((running or newest)[0].execution_id))
    return store.run(read_execution(_by_beginning(store, named)))


def find_running(store: ExecutionStore, named: str) -> Execution:
    """Return the execution that a person names, of a plan its live one; AirflowRefused if it has ended."""
    execution = find(store, named, live=True)
    if execution.final:
        raise AirflowRefused(
            f"{execution.execution_id} ({execution.plan_id}) has ended: {execution.status}. Nothing changes."
        )
    return execution


def _by_beginning(store: ExecutionStore, named: str) -> str:
    beginning = named.lower()
    found: list[Execution] = []
    if len(beginning) >= FEWEST_LETTERS and set(beginning) <= set("0123456789abcdef-"):
        found = [
            known
            for known in store.run(list_executions(limit=SEARCHED))
            if known.execution_id.startswith(beginning)
        ]
    if len(found) > 1:
        several = ", ".join(f"{known.execution_id} ({known.plan_id})" for known in found)
        raise UsageError(f"{named!r} is the beginning of several executions: {several}")
    if not found:
        raise ExecutionNotFound(
            f"No execution on record is {named!r}: neither a plan with executions, nor an execution id or "
            "the beginning of one. `recovery list` shows what is in table "
            f"{settings().table!r}."
        )
    return found[0].execution_id


def _is_id(named: str) -> bool:
    try:
        return str(UUID(named)) == named.lower()
    except ValueError:
        return False
