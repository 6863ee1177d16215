"""Whatever was done to the items beside a record: its execution ends, with the truth."""

from __future__ import annotations

import re
from typing import Any

import boto3
import pytest
from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.clock import now
from drs_recovery.record.intent import Intent
from drs_recovery.record.task_record import TaskRecord
from drs_recovery.settings import settings
from drs_recovery.store import programs
from drs_recovery.store.programs import start_recovery
from drs_recovery.store.queries import EXECUTION
from drs_recovery.store.requests import marshal, unmarshal
from drs_recovery.store.tasks import note_task
from tests.recovery.tasks.conftest import APP, DB, WEB, Drive, plan

KINDS = {"PLAN", "SERVER#", "TASK#", "EVENT#", "INTENT#", "IDS#", "TEXT#", "LONG#"}
KINDS |= {"APPROVAL#", "LAUNCH#", "PUT_BACK"}
KEYS = {"executionId", "item"}
FORCED = {"application.start_recovery": "failed", "web.approve": "skipped"}


def test_these_are_all_kinds_of_items():
    """As the table of items has them."""
    named = re.findall(r"^``([A-Z_]+#?)", programs.__doc__ or "", re.MULTILINE)
    assert set(named) == KINDS | {EXECUTION}


class Table:
    """The items of an execution, without the store."""

    def __init__(self, execution_id: str) -> None:
        self.client: Any = boto3.client("dynamodb", region_name="eu-west-1")
        self.id, self.name = execution_id, settings().table

    def items(self, kind: str) -> list[dict[str, Any]]:
        answer = self.client.query(
            TableName=self.name,
            KeyConditionExpression="executionId = :id AND begins_with(#item, :kind)",
            ExpressionAttributeNames={"#item": "item"},
            ExpressionAttributeValues=marshal({":id": self.id, ":kind": kind}),
        )
        return [unmarshal(item) for item in answer["Items"]]

    def put(self, item: dict[str, Any]) -> None:
        self.client.put_item(TableName=self.name, Item=marshal(item))

    def spoil(self, kind: str) -> None:
        """Leave nothing but the keys of all items of a kind, and put one of it that never was one."""
        for item in self.items(kind):
            self.put({name: item[name] for name in KEYS} | {"x": True})
        self.put({"executionId": self.id, "item": f"{kind}x" if kind.endswith("#") else kind, "x": True})

    def delete(self, kind: str) -> None:
        for item in self.items(kind):
            key = {name: item[name] for name in KEYS}
            self.client.delete_item(TableName=self.name, Key=marshal(key))

    def mix(self, kind: str) -> None:
        """Let all items of a kind hold what the next of them did."""
        items = self.items(kind)
        for item, other in zip(items, [*items[1:], *items[:1]], strict=True):
            self.put(other | {name: item[name] for name in KEYS})


HARMS = {harm: getattr(Table, harm) for harm in ("spoil", "delete", "mix")}


@pytest.fixture
def forced(table: Any, monkeypatch: pytest.MonkeyPatch) -> Drive:
    """A drill whose first wave is COMPLETED, that was ended while the start of its second was in flight.

    What is frozen of it lies in items of its own, as if it were large.
    """
    monkeypatch.setattr("drs_recovery.engine.finish.PATIENCE", 0)
    monkeypatch.setattr("drs_recovery.store.frozen.ROOM", 0)
    waves = (
        {"name": "Database", "servers": [DB]},
        {"name": "Application", "servers": [APP]},
        {"name": "Web", "servers": [WEB]},
    )
    drive = Drive(plan(*waves, cleanup="always"))
    drive.execute("open_execution")
    drive.wave("database")
    drive.store.run(
        start_recovery.intend(drive.execution_id, 1, Intent(attempt=1, batch=0, servers=(APP,), time=now()))
    )
    task = TaskRecord(task_id="application.before_start", wave_number=1, state="SUCCESS")
    drive.store.run(note_task(drive.execution_id, task))
    drive.states = FORCED
    return drive


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_an_execution_ends_with_the_truth(forced: Drive, kind: str, harm: Any) -> None:
    """Of each kind: items that say nothing, all of them gone, or each in the place of another."""
    harm(Table(forced.execution_id), kind)
    with pytest.raises(AirflowFailException, match="CANCELLED"):
        forced.execute("complete_execution")
    record = forced.record
    assert (record.status, forced.statuses) == ("CANCELLED", ["COMPLETED", "CANCELLED", "SKIPPED"])
    assert "Finished: Database." in record.outcome
    lost = kind == "SERVER#"
    launched = "0 of 3 servers launched; 3 cannot be read on record." if lost else "1 of 3 servers launched. "
    assert launched in record.outcome
    named = "1 servers, whose list cannot be read," if kind == "IDS#" else APP
    assert f"for {named} and nobody knows whether it became a job" in record.outcome
    no_plan = kind in {"PLAN", "LONG#"} and not (kind == "PLAN" and harm is Table.mix)
    assert (record.cleanup is None, record.cleanup_due is None) == (no_plan, no_plan)
    Drive(plan(), run_id="manual__2").execute("open_execution")
