"""`init`: makes what an installation needs before its first run: the table, and the pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from drs_recovery.cli.connect import sign_in
from drs_recovery.cli.exits import Exit, UsageError
from drs_recovery.cli.paper import Text
from drs_recovery.cli.record import dynamodb
from drs_recovery.errors import AirflowUnreachable
from drs_recovery.settings import settings
from drs_recovery.store.runners import unavailable
from drs_recovery.store.table import create_table
from drs_recovery.text.address import without_who_signs_in

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from drs_recovery.cli.screen import Screen

POOL_DESCRIPTION = "Tasks of recovery plans; nothing else may hold its slots."


def init(screen: Screen, *, table: bool, pool: bool, user: str | None) -> Exit:
    """Make table and pool where they are missing; both are left as they are where they are right."""
    if not (table or pool):
        raise UsageError("--table-only and --pool-only exclude each other")
    document: dict[str, Any] = {}
    if table:
        document["table"] = _make_table()
        screen.message(_made_text("table", document["table"]))
    if pool:
        document["pool"] = _make_pool(user)
        screen.message(_made_text("pool", document["pool"]))
    screen.document(document)
    return Exit.OK


def _make_table() -> dict[str, Any]:
    client, name = dynamodb(), settings().table
    was_there = _table_exists(client, name)
    create_table(client, name, expiring=settings().archive is not None)
    return {
        "name": name,
        "region": client.meta.region_name,
        "endpoint": without_who_signs_in(client.meta.endpoint_url),
        "done": "kept" if was_there else "created",
    }


def _table_exists(client: DynamoDBClient, name: str) -> bool:
    try:
        client.describe_table(TableName=name)
    except client.exceptions.ResourceNotFoundException:
        return False
    except (ClientError, BotoCoreError) as error:
        raise unavailable(error, client, name, "describe_table") from error
    return True


def _make_pool(user: str | None) -> dict[str, Any]:
    wanted = settings()
    try:
        with sign_in(user) as client:
            done = client.put_pool(wanted.pool, wanted.pool_slots, POOL_DESCRIPTION)
    except AirflowUnreachable as error:
        by_hand = f"airflow pools set {wanted.pool} {wanted.pool_slots} '{POOL_DESCRIPTION}'"
        raise AirflowUnreachable(f"{error}\nOr make the pool where Airflow runs: `{by_hand}`") from error
    return {"name": wanted.pool, "slots": wanted.pool_slots, "airflow": wanted.airflow_url, "done": done}


def _made_text(kind: str, made: dict[str, Any]) -> Text:
    where = made.get("endpoint") or made.get("airflow")
    return Text(f"{kind} {made['name']}: {made['done']} ({where})")
