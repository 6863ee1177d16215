"""The table: made once, protected, and told apart from another one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drs_recovery.errors import RecordUnavailable
from drs_recovery.store.queries import due_clean_ups
from drs_recovery.store.requests import marshal
from drs_recovery.store.store import ExecutionStore
from drs_recovery.store.table import _INDEXES, BY_PLAN, CLEANUP, EXPIRES, NEWEST, OPEN, create_table


def described(client, table):
    return client.describe_table(TableName=table)["Table"]


def test_the_table_is_protected(dynamodb, table):
    """On-demand, deletion protection, encryption under KMS, point-in-time recovery; and it is ACTIVE."""
    create_table(dynamodb, table)
    made = described(dynamodb, table)
    assert made["TableStatus"] == "ACTIVE"
    assert made["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert made["DeletionProtectionEnabled"] is True
    assert (made["SSEDescription"]["Status"], made["SSEDescription"]["SSEType"]) == ("ENABLED", "KMS")
    backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert {index["IndexName"] for index in made["GlobalSecondaryIndexes"]} == {
        BY_PLAN,
        CLEANUP,
        NEWEST,
        OPEN,
    }


def test_making_it_again_keeps_what_is_in_it(world):
    """``recovery init`` is idempotent."""
    world.opened()
    before = world.items()
    create_table(world.client, world.table)
    assert world.items() == before


def test_a_protection_that_was_switched_off_is_switched_on_again(dynamodb, table):
    """Idempotent also means: as it should be, whatever somebody did to it."""
    create_table(dynamodb, table)
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
    dynamodb.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    )
    create_table(dynamodb, table)
    assert described(dynamodb, table)["DeletionProtectionEnabled"] is True
    backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_a_table_of_an_earlier_release_gets_the_index_it_lacks(world, dynamodb, table):
    """Not refused: `recovery init` adds it, finds in it what is there, and keeps everything else."""
    older = [(name, *shape) for name, shape in _INDEXES.items() if name != CLEANUP]
    foreign(dynamodb, table, ["executionId", "item"], older)
    execution = world.make.execution()
    ended = {"endTime": "2026-03-01T07:00:00.000000Z", "cleanupDue": "2026-03-01T08:00:00.000000Z"}
    item = execution.to_item() | {"item": "EXECUTION"} | ended
    dynamodb.put_item(TableName=table, Item=marshal(item))
    create_table(dynamodb, table)
    indexes = described(dynamodb, table)["GlobalSecondaryIndexes"]
    assert {index["IndexName"] for index in indexes} == set(_INDEXES)
    (found,) = ExecutionStore(dynamodb, table).run(due_clean_ups(execution.start_time + timedelta(days=1)))
    assert found.execution_id == execution.execution_id
    create_table(dynamodb, table)


def expiring(client, table):
    found = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    return found.get("TimeToLiveStatus"), found.get("AttributeName")


def test_items_expire_only_where_executions_are_archived(dynamodb, table):
    """A table that was made without, by an earlier release or by a restore, gets it, once."""
    create_table(dynamodb, table)
    assert expiring(dynamodb, table)[0] == "DISABLED"
    for _ in range(2):
        create_table(dynamodb, table, expiring=True)
        assert expiring(dynamodb, table) == ("ENABLED", EXPIRES)


def foreign(client, table, keys, indexes=()):
    attributes = sorted({*keys, *(key for _, of_index, _ in indexes for key in of_index)})
    schema = lambda names: [  # noqa: E731
        {"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)
    ]
    more = {
        "GlobalSecondaryIndexes": [
            {"IndexName": name, "KeySchema": schema(of_index), "Projection": {"ProjectionType": projection}}
            for name, of_index, projection in indexes
        ]
    }
    client.create_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in attributes],
        KeySchema=schema(keys),
        BillingMode="PAY_PER_REQUEST",
        **(more if indexes else {}),
    )


@pytest.mark.parametrize(
    ("keys", "indexes", "texts"),
    [
        (["id"], (), "its keys are id, not executionId, item"),
        (["item", "executionId"], (), "its keys are item, executionId, not executionId, item"),
        (["executionId", "item"], (), r"it has no index 'byPlan' \(planId, startTime; ALL\)"),
        (
            ["executionId", "item"],
            [("byPlan", ["planId"], "ALL"), ("newest", ["item", "startTime"], "KEYS_ONLY")],
            (
                "index 'byPlan' is planId; ALL, not planId, startTime; ALL; "
                "index 'newest' is item, startTime; KEYS_ONLY, not item, startTime; ALL; "
                "it has no index 'open'"
            ),
        ),
    ],
    ids=["other keys", "keys in the other order", "no indexes", "other indexes"],
)
def test_a_table_that_is_not_ours_is_refused_by_what_differs(dynamodb, table, keys, indexes, texts):
    """Nothing is changed in a table that belongs to somebody else."""
    foreign(dynamodb, table, keys, indexes)
    with pytest.raises(RecordUnavailable, match=f"is not one of ours: {texts}"):
        create_table(dynamodb, table)
    assert not described(dynamodb, table).get("DeletionProtectionEnabled")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dynamodb.meta, "_endpoint_url", "http://me:pass-word@aws.example")
        with pytest.raises(RecordUnavailable, match=r"at http://aws\.example .*is not one of ours"):
            create_table(dynamodb, table)
