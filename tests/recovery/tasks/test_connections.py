"""Where connections come from: the table's never from Airflow's database, the plan's not unnoticed."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import configuration
from airflow.sdk.exceptions import AirflowFailException, ErrorType
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import ConnectionResult, ErrorResponse, GetConnection

from drs_recovery.engine.readiness import connection
from drs_recovery.engine.readiness.connection import DATABASE
from drs_recovery.errors import RecordUnavailable
from drs_recovery.record.enums import ExecutionStatus
from drs_recovery.settings import settings
from drs_recovery.store.programs import complete_execution
from drs_recovery.store.queries import open_executions
from drs_recovery.tasks.base import execution_store
from drs_recovery.tasks.connections import connection_source, table_hook
from tests.recovery.tasks.conftest import DB, Drive, plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.record.models import Execution
    from drs_recovery.store.requests import StoreProgram

forget_backends = getattr(configuration, "clear_secrets_backends_cache", lambda: None)
"""Airflow keeps the backends that it has made, from 3.3.1 on."""

ELSEWHERE = {"endpoint_url": "http://127.0.0.1:9", "region_name": "us-west-2"}


class Airflow:
    """The supervisor of a task, which asks the API server for connections: those in Airflow's database."""

    def __init__(self) -> None:
        self.connections: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []

    def send(self, message: Any) -> Any:
        """Answer as the supervisor does."""
        if not isinstance(message, GetConnection):
            return None  # what is to be masked in logs
        self.asked.append(message.conn_id)
        extra = self.connections.get(message.conn_id)
        if extra is None:
            return ErrorResponse(error=ErrorType.CONNECTION_NOT_FOUND)
        empty = dict.fromkeys(("host", "schema", "login", "password", "port"))
        return ConnectionResult.model_validate(
            {**empty, "conn_id": message.conn_id, "conn_type": "aws", "extra": json.dumps(extra)}
        )


@pytest.fixture
def airflow(table: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Airflow]:
    """Airflow with a database, and a worker whose environment has no connection."""
    known = Airflow()
    monkeypatch.delenv("AIRFLOW_CONN_AWS_DEFAULT")
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", SimpleNamespace(send=known.send), raising=False)
    forget_backends()
    yield known
    forget_backends()
    settings.cache_clear()


def configured(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    """Set settings of the product."""
    for name, value in variables.items():
        monkeypatch.setenv(f"RECOVERY_{name}", value)
    settings.cache_clear()


def test_a_connection_that_somebody_makes_in_airflow_does_not_lead_the_record_elsewhere(
    airflow: Airflow,
) -> None:
    """Its database is not asked; boto3 finds credentials and endpoint where it always does."""
    airflow.connections["aws_default"] = ELSEWHERE
    assert execution_store().run(open_executions()) == []
    assert airflow.asked == []


async def _look() -> int:
    async with await table_hook().get_async_conn() as client:
        answer = await client.describe_table(TableName=settings().table)
        return int(answer["ResponseMetadata"]["HTTPStatusCode"])


def test_nor_that_of_a_trigger(airflow: Airflow) -> None:
    """The triggerer reaches the table by the same hook."""
    airflow.connections["aws_default"] = ELSEWHERE
    assert asyncio.run(_look()) == 200
    assert airflow.asked == []


def test_a_named_connection_has_to_be_outside_of_the_database(
    airflow: Airflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal says where to put it, and which setting allows it; the database is not asked."""
    airflow.connections["aws_table"] = ELSEWHERE
    configured(monkeypatch, TABLE_CONN_ID="aws_table")
    with pytest.raises(RecordUnavailable) as refused:
        execution_store()
    for text in ("'aws_table'", "AIRFLOW_CONN_AWS_TABLE", "RECOVERY_TABLE_CONN_FROM_DATABASE=true"):
        assert text in str(refused.value)
    assert airflow.asked == []


def test_one_of_the_environment_is_taken(airflow: Airflow, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is in the database under its id."""
    airflow.connections["aws_table"] = ELSEWHERE
    configured(monkeypatch, TABLE_CONN_ID="aws_table")
    monkeypatch.setenv("AIRFLOW_CONN_AWS_TABLE", "aws://?region_name=eu-central-1")
    assert table_hook().region_name == "eu-central-1"
    assert airflow.asked == []


def test_one_of_a_secrets_backend_is_taken(
    airflow: Airflow, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """Airflow's own setting says which."""
    (tmp_path / "connections.env").write_text("aws_table=aws://?region_name=eu-central-1\n")
    monkeypatch.setenv("AIRFLOW__SECRETS__BACKEND", "airflow.secrets.local_filesystem.LocalFilesystemBackend")
    file = f'{{"connections_file_path": "{tmp_path / "connections.env"}"}}'
    monkeypatch.setenv("AIRFLOW__SECRETS__BACKEND_KWARGS", file)
    configured(monkeypatch, TABLE_CONN_ID="aws_table")
    assert table_hook().region_name == "eu-central-1"
    assert connection_source("aws_table") == "the secrets backend LocalFilesystemBackend"
    assert airflow.asked == []


def test_a_setting_takes_one_of_the_database(airflow: Airflow, monkeypatch: pytest.MonkeyPatch) -> None:
    """For an installation that knows who may edit connections."""
    airflow.connections["aws_table"] = ELSEWHERE
    configured(monkeypatch, TABLE_CONN_ID="aws_table", TABLE_CONN_FROM_DATABASE="true")
    assert table_hook().region_name == "us-west-2"


def test_where_a_plans_connection_comes_from_is_on_record(
    airflow: Airflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And that it comes from the database is warned of; from the environment it is not."""
    airflow.connections["aws_shop"] = {}
    drive = Drive(plan({"name": "Database", "servers": [DB]}, aws_conn_id="aws_shop"))
    drive.execute("open_execution")
    assert drive.record.connection_source == DATABASE
    (warning,) = [one.message for one in drive.record.warnings if one.check == "connection"]
    assert "aws_shop comes from Airflow's database" in warning
    monkeypatch.setenv("AIRFLOW_CONN_AWS_SHOP", "aws://")
    other = Drive(plan({"name": "Database", "servers": [DB]}, id="other", aws_conn_id="aws_shop"))
    other.execute("open_execution")
    assert other.record.connection_source == "the environment"
    assert [one for one in other.record.warnings if one.check == "connection"] == []


def test_a_connection_that_is_named_and_not_there_is_warned_of(table: Any) -> None:
    """boto3's own credentials are taken, in whatever account they are; aws_default need not be there."""
    drive = Drive(plan({"name": "Database", "servers": [DB]}, aws_conn_id="aws_gone"))
    drive.execute("open_execution")
    (warning,) = [one.message for one in drive.record.warnings if one.check == "connection"]
    assert warning == (
        "there is no Airflow connection aws_gone: boto3's own credentials are taken, which lead to account "
        "123456789012"
    )


def test_a_plan_may_refuse_a_connection_of_the_database(airflow: Airflow, starts: Any) -> None:
    """Its check blocks, where the plan says so."""
    airflow.connections["aws_shop"] = {}
    wave = {"name": "Database", "servers": [DB]}
    drive = Drive(plan(wave, aws_conn_id="aws_shop", preflight={"connection": "block"}))
    with pytest.raises(AirflowFailException, match="connection: aws_shop comes from Airflow's database"):
        drive.execute("open_execution")
    with pytest.raises(AirflowFailException, match="CANCELLED"):
        drive.execute("complete_execution")
    assert starts() == 0


@pytest.mark.parametrize("few", [1, 5])
def test_another_account_than_last_time_is_named(
    table: Any, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """Both are named; the last execution is the newest that has ended with an account on record.

    It is looked for among the newest few, and among many only where none of those has an account.
    """
    monkeypatch.setattr(connection, "FEW", few)
    limits, listed = [], connection.list_executions

    def spy(plan_id: str | None = None, limit: int = 20) -> StoreProgram[list[Execution]]:
        limits.append(limit)
        return listed(plan_id, limit)

    monkeypatch.setattr(connection, "list_executions", spy)
    wave = {"name": "Database", "servers": [DB]}
    last = Drive(plan(wave), run_id="manual__0")
    last.execute("open_execution")
    key = {"executionId": {"S": last.execution_id}, "item": {"S": "EXECUTION"}}
    other = {":other": {"S": "999900001111"}}
    table.client("dynamodb").update_item(
        TableName=settings().table,
        Key=key,
        UpdateExpression="SET waves[0].accountId = :other",
        ExpressionAttributeValues=other,
    )
    last.store.run(complete_execution.close_waves(last.execution_id))
    last.store.run(complete_execution.write_end(last.execution_id, ExecutionStatus.CANCELLED, "over"))
    last.store.run(complete_execution.release(last.record))
    limits.clear()
    drive = Drive(plan(wave))
    drive.execute("open_execution")
    assert limits == ([5] if few == 5 else [1, 50])
    (warning,) = [one.message for one in drive.record.warnings if one.check == "connection"]
    for text in ("leads to account 123456789012", last.execution_id, "was in account 999900001111"):
        assert text in warning
