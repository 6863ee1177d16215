"""The table is restored into another Region, as its own is lost: all is there, and recoveries work."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.settings import settings
from drs_recovery.store.store import ExecutionStore
from tests.recovery.cli.cli_surroundings import recovery
from tests.recovery.tasks.conftest import APP, DB, WEB, Drive, plan

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE, LOST, THERE = "recovery-executions", "eu-west-1", "eu-central-1"
GATE = "application.approve"


def restore(aws: Any) -> None:
    """Restore the table as DynamoDB does elsewhere: keys, indexes, encryption, items, and no more."""
    before = aws.client("dynamodb", LOST)
    table = before.describe_table(TableName=TABLE)["Table"]
    items = [
        item for page in before.get_paginator("scan").paginate(TableName=TABLE) for item in page["Items"]
    ]
    after = aws.client("dynamodb", THERE)
    shape = ("IndexName", "KeySchema", "Projection")
    after.create_table(
        TableName=TABLE,
        KeySchema=table["KeySchema"],
        AttributeDefinitions=table["AttributeDefinitions"],
        GlobalSecondaryIndexes=[
            {name: index[name] for name in shape} for index in table["GlobalSecondaryIndexes"]
        ],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True, "SSEType": "KMS"},
    )
    for item in items:
        after.put_item(TableName=TABLE, Item=item)
    before.update_table(TableName=TABLE, DeletionProtectionEnabled=False)
    before.delete_table(TableName=TABLE)


@pytest.fixture
def gated(table: Any) -> Drive:
    """A drill that waits at its gate."""
    drive = Drive(plan())
    drive.execute("open_execution")
    drive.wave("database")
    drive.park(GATE)
    return drive


@pytest.fixture
def lost(gated: Drive, table: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The Region of the table is lost; its newest copy is restored into another, and `init` sees to it."""
    restore(table)
    monkeypatch.setenv("RECOVERY_TABLE_REGION", THERE)
    monkeypatch.setenv("RECOVERY_ARCHIVE", "s3://evidence")
    monkeypatch.setattr(Drive, "store", property(lambda _: _store(table)))
    settings.cache_clear()
    table.control.clear_requests()
    yield table
    assert {one["region"] for one in table.control.requests(service="dynamodb")} == {THERE}


def _store(aws: Any) -> ExecutionStore:
    return ExecutionStore(aws.client("dynamodb", THERE), settings().table)


def test_init_brings_back_what_a_restore_leaves_out(lost: Any) -> None:
    """Point-in-time recovery, deletion protection, that items expire; a second time it changes nothing."""
    result = recovery("init", "--table-only", "--json")
    made = json.loads(result.stdout)["table"]
    assert (made["done"], made["region"]) == ("kept", THERE)
    client = lost.client("dynamodb", THERE)
    assert client.describe_table(TableName=TABLE)["Table"]["DeletionProtectionEnabled"] is True
    backups = client.describe_continuous_backups(TableName=TABLE)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    expiry = client.describe_time_to_live(TableName=TABLE)["TimeToLiveDescription"]
    assert (expiry["TimeToLiveStatus"], expiry["AttributeName"]) == ("ENABLED", "expires")
    lost.control.clear_requests()
    recovery("init", "--table-only")
    assert not [
        one for one in lost.control.requests() if one["operation"].startswith("Update") and "error" not in one
    ]


def test_what_was_in_flight_is_there_and_goes_on(lost: Any, gated: Drive) -> None:
    """Listed, shown with its trail, approved and ended."""
    assert recovery("init", "--table-only").exit_code == 0
    (listed,) = json.loads(recovery("list", "--json").stdout)["executions"]
    assert (listed["executionId"], listed["status"]) == (gated.execution_id, "PAUSED")
    shown = json.loads(recovery("show", gated.execution_id, "--json").stdout)
    assert {event["type"] for event in shown["events"]} >= {"OPENED", "WAVE_ENDED", "GATE_WAITING"}
    gated.answer(GATE, reason="the record is back")
    for task in ("start_recovery", "wait_for_recovery"):
        gated.execute(f"application.{task}")
    gated.execute("complete_execution")
    assert (gated.record.status, gated.statuses) == ("COMPLETED", ["COMPLETED", "COMPLETED"])


def test_a_recovery_works_from_it(lost: Any) -> None:
    """It takes the plan over from the drill that waits, by the lock that was restored too."""
    assert recovery("init", "--table-only").exit_code == 0
    real = Drive(plan(), run_id="manual__real", execution_type="RECOVERY", confirm="shop", reason="lost")
    real.execute("open_execution")
    real.wave("database")
    real.park(GATE)
    real.answer(GATE, reason="go on")
    for task in ("application.start_recovery", "application.wait_for_recovery", "complete_execution"):
        real.execute(task)
    assert real.record.status == "COMPLETED"
    rows = json.loads(recovery("list", "--json").stdout)["executions"]
    assert [(row["executionType"], row["status"]) for row in rows] == [
        ("RECOVERY", "COMPLETED"),
        ("DRILL", "PAUSED"),
    ]


def test_what_was_started_since_the_copy_is_not_started_again(lost: Any, starts: Any) -> None:
    """DRS has a job, or real instances, that no record names: they hold the servers back."""
    assert recovery("init", "--table-only").exit_code == 0
    drs = lost.client("drs")
    drs.start_recovery(sourceServers=[{"sourceServerID": one} for one in (DB, APP, WEB)], isDrill=False)
    before = starts()
    real = Drive(plan(), run_id="manual__real", execution_type="RECOVERY", confirm="shop", reason="lost")
    real.execute("open_execution")
    real.execute("database.approve")
    with pytest.raises(AirflowFailException, match="Real recovery instances are running"):
        real.execute("database.start_recovery")
    assert starts() == before
