"""What tests of the archive work with: its folder, the task that archives, and time that has passed."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.clock import now
from drs_recovery.dag.maintenance import maintenance_dag
from drs_recovery.settings import settings
from drs_recovery.tasks import archive
from tests.recovery.tasks.conftest import WEB, Drive, plan

if TYPE_CHECKING:
    from collections.abc import Callable

TABLE = "recovery-executions"
BUCKET = "evidence"
LONG_AFTER = timedelta(days=401)


def raw(table: Any, execution_id: str) -> dict[str, Any]:
    """Return all items of an execution as DynamoDB has them, by their range keys."""
    answer = table.client("dynamodb").query(
        TableName=TABLE,
        KeyConditionExpression="executionId = :id",
        ExpressionAttributeValues={":id": {"S": execution_id}},
    )
    return {item["item"]["S"]: item for item in answer["Items"]}


def expiring(table: Any, execution_id: str) -> set[str]:
    """Return the range keys of what DynamoDB is to remove."""
    return {name for name, item in raw(table, execution_id).items() if "expires" in item}


def remove_expired(table: Any, execution_id: str) -> None:
    """Remove what has expired, as DynamoDB does some day."""
    for name in expiring(table, execution_id):
        key = {"executionId": {"S": execution_id}, "item": {"S": name}}
        table.client("dynamodb").delete_item(TableName=TABLE, Key=key)


def held(table: Any, drive: Drive) -> dict[str, Any]:
    """Return what the file holds that an execution's record names."""
    place = drive.record.archived.place
    if place.startswith("s3://"):
        bucket, _, key = place.removeprefix("s3://").partition("/")
        content = table.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    else:
        content = Path(place).read_bytes()
    document: dict[str, Any] = json.loads(content)
    return document


def kept(table: Any, drive: Drive) -> dict[str, Any]:
    """Return the items of that file, by their range keys."""
    return {item["item"]["S"]: item for item in held(table, drive)["items"]}


def failed(table: Any) -> Drive:
    """Return an execution of one wave that DRS refused to start."""
    table.control.deny("drs", "StartRecovery")
    drive = Drive(plan({"name": "Web", "servers": [WEB]}))
    drive.execute("open_execution")
    for task in ("web.start_recovery", "complete_execution"):
        with pytest.raises(AirflowFailException):
            drive.execute(task)
    table.control.clear_faults()
    return drive


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Return what lets the maintenance look so long after now; long after the end of everything at first."""

    def wait(time: timedelta) -> None:
        monkeypatch.setattr(archive, "now", lambda: now() + time)

    wait(LONG_AFTER)
    return wait


@pytest.fixture(params=["folder", "s3"])
def address(table: Any, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give an archive of each kind."""
    if request.param == "folder":
        return str(tmp_path)
    pytest.importorskip("s3fs", reason="S3 needs s3fs: make setup")
    table.client("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    return f"s3://{BUCKET}/of-airflow"


@pytest.fixture
def look(
    table: Any, later: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[str]]:
    """Return what runs the task once, with a folder for the archive, or another one."""

    def run(to: str = str(tmp_path)) -> list[str]:
        monkeypatch.setenv("RECOVERY_ARCHIVE", to)
        settings.cache_clear()
        task = maintenance_dag(Path("plans")).get_task("archive")
        done: list[str] = type(task).execute(task, {})
        return done

    return run
