"""The table of execution records: its keys, its indexes, and making it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from drs_recovery.errors import RecordUnavailable
from drs_recovery.store.runners import place_of, unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import GlobalSecondaryIndexTypeDef

logger = logging.getLogger(__name__)

BY_PLAN = "byPlan"
"""Executions of a plan by start time."""

NEWEST = "newest"
"""All executions by start time; no item but EXECUTION has a ``startTime``, so none else is in it."""

OPEN = "open"
"""Executions that are not final by the time they opened: sparse, ``openSince`` goes with the final write."""

CLEANUP = "cleanup"
"""Ended drills whose clean-up is to come, by when it is due: sparse, its end removes ``cleanupDue``."""

_KEYS = ("executionId", "item")
_INDEXES: dict[str, tuple[tuple[str, str], str]] = {
    BY_PLAN: (("planId", "startTime"), "ALL"),
    NEWEST: (("item", "startTime"), "ALL"),
    OPEN: (("item", "openSince"), "KEYS_ONLY"),
    CLEANUP: (("item", "cleanupDue"), "KEYS_ONLY"),
}

LATER = frozenset({CLEANUP})
"""Indexes that tables made by an earlier release lack: they are added."""

_INDEX_TRIES = 600
"""Seconds for DynamoDB to fill an index from the items there are; it takes minutes even for few."""

_BACKUP_TRIES = 30
"""DynamoDB refuses point-in-time recovery for some seconds after it made a table."""


EXPIRES = "expires"
"""Seconds since 1970 from which on DynamoDB removes an item, which only what is archived has."""


def create_table(client: DynamoDBClient, name: str, *, expiring: bool = False) -> None:
    """Make the table unless it is there, wait until it is ACTIVE, and see that it is protected.

    On-demand billing, deletion protection, point-in-time recovery, and encryption under the account's AWS
    managed KMS key ``aws/dynamodb``, whose use CloudTrail shows; by default DynamoDB would encrypt
    under a key that AWS owns. With ``expiring`` DynamoDB removes items that have expired. RecordUnavailable
    names what an existing table has otherwise than ours, or what AWS refused.
    """
    try:
        _create(client, name)
        client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 300})
        table = client.describe_table(TableName=name)["Table"]
        if problems := list(differences(table)):
            raise RecordUnavailable(
                f"{place_of(client, name)} is not one of ours: {'; '.join(problems)}; "
                "name another in RECOVERY_TABLE, or mend it"
            )
        _add_indexes(client, name, table)
        _protect(client, name, table)
        if expiring:
            _let_expire(client, name)
    except (ClientError, BotoCoreError, WaiterError) as error:
        raise unavailable(error, client, name, "init") from error


def _create(client: DynamoDBClient, name: str) -> None:
    attributes = sorted({*_KEYS, *(key for keys, _ in _INDEXES.values() for key in keys)})
    try:
        client.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in attributes],
            KeySchema=_key_schema(_KEYS),
            GlobalSecondaryIndexes=[_index(index, *shape) for index, shape in _INDEXES.items()],
            BillingMode="PAY_PER_REQUEST",
            SSESpecification={"Enabled": True, "SSEType": "KMS"},
            DeletionProtectionEnabled=True,
        )
    except client.exceptions.ResourceInUseException:
        logger.info("table %s is there already", name)


def _index(name: str, keys: tuple[str, str], projection: Any) -> GlobalSecondaryIndexTypeDef:
    return {
        "IndexName": name,
        "KeySchema": _key_schema(keys),
        "Projection": {"ProjectionType": projection},
    }


def _key_schema(keys: tuple[str, str]) -> Any:
    return [
        {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=True)
    ]


def differences(table: Any) -> Iterable[str]:
    """Yield what an existing table has otherwise than ours; not what `init` adds."""
    if (held := _key_names(table["KeySchema"])) != list(_KEYS):
        yield f"its keys are {', '.join(held)}, not {', '.join(_KEYS)}"
    indexes = {index["IndexName"]: index for index in table.get("GlobalSecondaryIndexes", [])}
    for name, (keys, projection) in _INDEXES.items():
        if name not in indexes and name in LATER:
            continue
        if name not in indexes:
            yield f"it has no index {name!r} ({', '.join(keys)}; {projection})"
            continue
        held, projected = (
            _key_names(indexes[name]["KeySchema"]),
            indexes[name]["Projection"]["ProjectionType"],
        )
        if (held, projected) != (list(keys), projection):
            yield f"index {name!r} is {', '.join(held)}; {projected}, not {', '.join(keys)}; {projection}"


def missing_indexes(table: Any) -> list[str]:
    """Return the indexes that a table of an earlier release lacks."""
    return sorted(LATER - {index["IndexName"] for index in table.get("GlobalSecondaryIndexes", [])})


def is_encrypted(table: Any) -> bool:
    """Whether a table is encrypted under a key of KMS, or is about to be."""
    return table.get("SSEDescription", {}).get("Status") in {"ENABLED", "ENABLING", "UPDATING"}


def is_backed_up(client: DynamoDBClient, name: str) -> bool:
    """Whether a table has point-in-time recovery."""
    backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {})
    return recovery.get("PointInTimeRecoveryStatus") == "ENABLED"


def _add_indexes(client: DynamoDBClient, name: str, table: Any) -> None:
    """Add the indexes that a table of an earlier release lacks, one at a time, and wait for each."""
    _wait_for_indexes(client, name)
    for index in missing_indexes(table):
        logger.info("table %s gets the index %s", name, index)
        keys, projection = _INDEXES[index]
        client.update_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            GlobalSecondaryIndexUpdates=[{"Create": _index(index, keys, projection)}],
        )
        _wait_for_indexes(client, name)


def _wait_for_indexes(client: DynamoDBClient, name: str) -> None:
    for _ in range(_INDEX_TRIES):
        indexes = client.describe_table(TableName=name)["Table"].get("GlobalSecondaryIndexes", [])
        building = [index["IndexName"] for index in indexes if index.get("IndexStatus") != "ACTIVE"]
        if not building:
            return
        time.sleep(1)
    raise RecordUnavailable(
        f"{place_of(client, name)}: DynamoDB is still building {', '.join(building)}; "
        "run `recovery init` again later"
    )


def _key_names(schema: Any) -> list[str]:
    return [key["AttributeName"] for key in sorted(schema, key=lambda key: str(key["KeyType"]))]


def _protect(client: DynamoDBClient, name: str, table: Any) -> None:
    """Switch on what protects the records, where it is not on."""
    if not table.get("DeletionProtectionEnabled"):
        client.update_table(TableName=name, DeletionProtectionEnabled=True)
    if not is_encrypted(table):
        client.update_table(TableName=name, SSESpecification={"Enabled": True, "SSEType": "KMS"})
    if not is_backed_up(client, name):
        _patiently(
            lambda: client.update_continuous_backups(
                TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
            ),
            client.exceptions.ContinuousBackupsUnavailableException,
        )


def _let_expire(client: DynamoDBClient, name: str) -> None:
    """Switch on that DynamoDB removes what has expired; it is off on older tables, and on restored ones."""
    ttl = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if ttl.get("TimeToLiveStatus") not in {"ENABLED", "ENABLING"}:
        client.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": EXPIRES}
        )


def _patiently(call: Callable[[], object], not_yet: type[ClientError]) -> None:
    for _ in range(_BACKUP_TRIES):
        try:
            call()
        except not_yet:
            time.sleep(1)
        else:
            return
    call()
