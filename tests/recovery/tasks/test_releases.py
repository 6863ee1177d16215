"""An execution that another release opened, or froze, goes on: nobody edited its plan."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.plan.frozen import identity_in_0_1
from drs_recovery.store.frozen import read_plan
from tests.recovery.tasks.conftest import Drive, plan

KEY = "executionId"


def reported_0_1(drive: Drive) -> tuple[str, str]:
    """Return hash and frozen text of the drive's plan as release 0.1 wrote them."""
    text = json.dumps(drive.plan.content(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return identity_in_0_1(drive.plan.model_dump(mode="json", exclude_defaults=True)), text


def reported_9(drive: Drive) -> tuple[str, str]:
    """Return both as a release writes them that knows a key more."""
    head = {"format": 1, "release": "9.0.0"}
    return drive.plan.hash, json.dumps(head | drive.plan.content() | {"tier": 3})


WRITERS = pytest.mark.parametrize("hashes_of", [reported_0_1, reported_9], ids=["0.1", "9.0"])


def put(table: Any, drive: Drive, item: str, **attributes: str) -> None:
    """Overwrite texts of an item."""
    client: Any = table.client("dynamodb")
    client.update_item(
        TableName="recovery-executions",
        Key={KEY: {"S": drive.execution_id}, "item": {"S": item}},
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
        ExpressionAttributeNames={f"#{name}": name for name in attributes},
        ExpressionAttributeValues={f":{name}": {"S": text} for name, text in attributes.items()},
    )


def die(*_: object, **__: object) -> None:
    raise ConnectionResetError


@pytest.fixture
def opened(table: Any) -> Drive:
    """An execution that is on record and not frozen: its task died between the two."""
    drive = Drive(plan())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("drs_recovery.engine.open.take_lock", die)
        with pytest.raises(ConnectionResetError):
            drive.execute("open_execution")
    return drive


@WRITERS
def test_what_another_release_opened_is_not_edited(table: Any, opened: Drive, hashes_of: Any) -> None:
    """The upgrade came between the record and its freeze."""
    put(table, opened, "EXECUTION", planHash=hashes_of(opened)[0])
    opened.execute("open_execution")
    opened.wave("database")
    assert opened.statuses == ["COMPLETED", "PENDING"]
    assert opened.record.failure is None


@WRITERS
def test_what_another_release_froze_stays_frozen(table: Any, hashes_of: Any) -> None:
    """The upgrade came between the frozen plan and the record's count of it."""
    drive = Drive(plan())
    drive.execute("open_execution")
    key = {KEY: {"S": drive.execution_id}, "item": {"S": "EXECUTION"}}
    client: Any = table.client("dynamodb")
    for number in (0, 1):
        client.update_item(
            TableName="recovery-executions",
            Key=key,
            UpdateExpression=f"REMOVE waves[{number}].serverCount",
        )
    hash_, text = hashes_of(drive)
    put(table, drive, "EXECUTION", planHash=hash_)
    put(table, drive, "PLAN", plan=text)
    drive.execute("open_execution")
    drive.wave("database")
    assert drive.store.run(read_plan(drive.execution_id)) == text
    assert [wave.server_count for wave in drive.record.waves] == [1, 1]


@WRITERS
def test_an_edited_plan_is_refused_whoever_opened_the_execution(
    table: Any, opened: Drive, hashes_of: Any, starts: Any
) -> None:
    """Another approver, say: it is another plan in the eyes of each release."""
    put(table, opened, "EXECUTION", planHash=hashes_of(Drive(plan(approvers=("eve",))))[0])
    with pytest.raises(AirflowFailException, match="was edited while this execution was being opened"):
        opened.execute("open_execution")
    assert starts() == 0
