"""What can be wrong with the table, rights and clocks of an installation, and what the doctor says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.settings import settings
from drs_recovery.store.requests import marshal
from tests.recovery.cli import well

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.recovery.cli.spoilt import World


def lacking_a_right(world: World) -> None:
    """Let its execution have found that a right is lacking."""
    lacks = {"check": "rights", "message": "drs:DescribeJobLogItems cannot be used: no phase"}
    edit(world, warnings=[lacks])


def archiving(world: World) -> None:
    """Let Airflow archive executions."""
    well.runs(world.stub, well.ran(), well.ran(task_id="archive"))
    well.says(world.stub, well.said(archive=True))


def expiring(attribute: str) -> Callable[[World], None]:
    """Let DynamoDB remove items by an attribute."""
    wanted = {"Enabled": True, "AttributeName": attribute}
    return lambda world: world.client.update_time_to_live(
        TableName=settings().table, TimeToLiveSpecification=wanted
    )


def edit(world: World, item: str = "EXECUTION", **attributes: object) -> None:
    """Set attributes of an item of its execution as they are on record."""
    world.client.update_item(
        TableName=settings().table,
        Key=marshal({"executionId": world.first.id, "item": item}),
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
        ExpressionAttributeNames={f"#{name}": name for name in attributes},
        ExpressionAttributeValues=marshal({f":{name}": value for name, value in attributes.items()}),
    )


AWS_WELL_BUT = {
    "a worker's clock": (
        lambda world: well.says(world.stub, well.said(late=300)),
        "clocks",
        "fault",
        "worker on worker-1 is (5 minutes|4 minutes 59 seconds).* behind AWS",
    ),
    "the API server's clock": (
        lambda world: setattr(world.stub, "date", "Thu, 01 Jan 2026 00:00:00 GMT"),
        "clocks",
        "fault",
        "API server is .* behind AWS.* worker on worker-1 is .* behind AWS",
    ),
    "a frozen plan that is no text": (
        lambda world: edit(world, "PLAN", plan=7),
        "records",
        "fault",
        "frozen plan of execution .* is no text.*newer release",
    ),
    "a frozen plan that is no JSON": (
        lambda world: edit(world, "PLAN", plan="{"),
        "records",
        "fault",
        "frozen plan of execution .* cannot be read: Invalid JSON",
    ),
    "a frozen plan of no format": (
        lambda world: edit(world, "PLAN", plan='{"format": "x"}'),
        "records",
        "fault",
        "frozen plan of execution .* cannot be read: Input should be a valid integer",
    ),
    "no backups": (
        lambda world: world.client.update_continuous_backups(
            TableName=settings().table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
        ),
        "table",
        "warning",
        "no point-in-time recovery.*recovery init",
    ),
    "no protection": (
        lambda world: world.update_table(DeletionProtectionEnabled=False),
        "table",
        "warning",
        "not protected from deletion",
    ),
    "items that expire as they should": (expiring("expires"), "table", "ok", "as they should be"),
    "items that expire by another time": (
        expiring("endTime"),
        "table",
        "fault",
        "removes its items by the time in 'endTime'",
    ),
    "an index less": (
        lambda world: world.update_table(GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "cleanup"}}]),
        "table",
        "fault",
        "lacks the index 'cleanup'.*recovery init",
    ),
    "records elsewhere": (
        lambda world: well.says(world.stub, well.said(table="others", table_region="us-east-1")),
        "table",
        "fault",
        r"worker on worker-1 has its records in table 'others' \(us-east-1\), and .* \(eu-west-1\)",
    ),
    "records in another Region": (
        lambda world: well.says(world.stub, well.said(table_region="us-east-1")),
        "table",
        "fault",
        r"its records in table 'recovery-executions' \(us-east-1\)",
    ),
    "a worker that does not tell of its table": (
        lambda world: well.says(world.stub, well.said(table=None, table_region=None, archive=None)),
        "table",
        "ok",
        "as they should be",
    ),
    "a worker that archives, and no task of that": (
        lambda world: well.says(world.stub, well.said(archive=True)),
        "table",
        "fault",
        "set for the worker on worker-1, and not for this command, the DAG processor .*Retention",
    ),
    "an Airflow that archives, and a command that does not know": (
        archiving,
        "table",
        "warning",
        "set for the worker on worker-1, the DAG processor, and not for this command .*Retention",
    ),
    "an archive, and nothing that is removed": (
        archiving,
        "table",
        "warning",
        "never removed: time to live .*recovery init",
    ),
    "another table": (
        lambda world: world.update_table(GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "open"}}]),
        "table",
        "fault",
        "not one of ours: it has no index 'open'.*RECOVERY_TABLE",
    ),
    "a look that is denied": (
        lambda world: world.control.deny("dynamodb", "DescribeContinuousBackups"),
        "table",
        "unknown",
        "docs/iam/doctor.json",
    ),
    "a right that workers lack": (
        lacking_a_right,
        "rights",
        "warning",
        "web_shop, 2026-03-01.*DescribeJobLogItems",
    ),
}
