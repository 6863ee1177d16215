"""Executions that ended long ago leave the table, once all of them is in the archive, and never before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import Connection

from drs_recovery.clock import now
from drs_recovery.dag.maintenance import maintenance_dag
from drs_recovery.engine.archive import KEPT
from drs_recovery.store.programs.archive import ARCHIVE
from drs_recovery.store.requests import marshal
from drs_recovery.tasks import archive
from tests import iam
from tests.recovery.tasks.archive.conftest import LONG_AFTER, TABLE, expiring, held, kept, raw
from tests.recovery.tasks.conftest import WEB, Drive, plan
from tests.recovery.tasks.settings import SMALL, pair
from tests.recovery.tasks.sweeping import ALWAYS, change_raw, drilled

Archive = Callable[..., list[str]]


def test_all_of_it_is_archived_before_any_of_it_expires(
    table: Any, look: Archive, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each item as it is, the record as it was claimed; and all but that is to be removed, a week later."""
    drive, at = drilled(run_id="manual__old"), now() + LONG_AFTER
    monkeypatch.setattr(archive, "now", lambda: at)
    before = raw(table, drive.execution_id)
    assert look(address) == [drive.execution_id]
    document, items, archived = held(table, drive), kept(table, drive), drive.record.archived
    assert (document["format"], document["executionId"]) == (1, drive.execution_id)
    record = items.pop("EXECUTION")
    assert (record["status"], record["archived"]["M"].keys()) == ({"S": "COMPLETED"}, {"time"})
    assert items == {name: item for name, item in before.items() if name != "EXECUTION"}
    assert expiring(table, drive.execution_id) == items.keys()
    times = {item["expires"]["N"] for item in raw(table, drive.execution_id).values() if "expires" in item}
    assert archived.expires == at + KEPT
    assert times == {str(int(archived.expires.timestamp()))}
    assert archived.place.startswith(f"{address}/executions/{drive.execution_id}.")
    assert look(address) == []


def test_what_is_young_or_goes_on_stays(
    table: Any, look: Archive, later: Callable[[timedelta], None], tmp_path: Path
) -> None:
    """Also what ended, and is to be cleaned up or put back."""
    to_clean = drilled(run_id="manual__1", id="swept", **ALWAYS)
    goes_on = Drive(plan({"name": "Web", "servers": [WEB]}, id="running"))
    goes_on.execute("open_execution")
    to_put_back = pair(table, SMALL, id="changed")
    to_put_back.wave("pair")
    to_put_back.execute("complete_execution")
    assert look() == []
    ended = drilled(WEB, run_id="manual__2", id="ended")
    later(timedelta(days=399))
    assert look() == []
    later(LONG_AFTER)
    assert look() == [ended.execution_id]
    assert not any(expiring(table, one.execution_id) for one in (to_clean, goes_on, to_put_back))
    assert [path.name for path in (tmp_path / "executions").iterdir()] == [
        Path(ended.record.archived.place).name
    ]


def test_without_an_archive_nothing_leaves_the_table(table: Any) -> None:
    """There is no such task, whatever it would say."""
    assert "archive" not in maintenance_dag(Path("plans")).task_ids
    assert archive.ArchiveExecutions(task_id="archive").execute({}) == []


def test_one_run_archives_so_many_and_the_next_goes_on(
    table: Any, look: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever ends executions does not wait for years of them."""
    monkeypatch.setattr(archive, "MOST", 1)
    first, second = [drilled(run_id=f"manual__{number}", id=f"shop{number}") for number in range(2)]
    assert [look(), look(), look()] == [[first.execution_id], [second.execution_id], []]


def test_a_look_begins_at_the_first_that_is_not_archived(table: Any, look: Archive) -> None:
    """However many are archived; one in their middle that cannot be yet is found again."""
    drives = [drilled(run_id=f"manual__{number}", id=f"shop{number}") for number in range(3)]
    due = {":due": {"S": "2026-03-01T08:00:00.000000Z"}}
    change_raw(table, drives[1], "SET cleanupDue = :due", due)
    assert look() == [drives[0].execution_id, drives[2].execution_id]

    def begins() -> datetime:
        key = marshal({"executionId": ARCHIVE, "item": "BOOKMARK"})
        item = table.client("dynamodb").get_item(TableName=TABLE, Key=key)["Item"]
        return datetime.fromisoformat(item["before"]["S"])

    look()
    assert begins() == drives[0].record.start_time
    change_raw(table, drives[1], "REMOVE cleanupDue")
    assert look() == [drives[1].execution_id]
    look()
    assert begins() == drives[2].record.start_time
    assert look() == []


def test_where_it_begins_may_be_younger_than_what_is_archived(
    table: Any, look: Archive, later: Callable[[timedelta], None]
) -> None:
    """`RECOVERY_ARCHIVE_DAYS` was raised: DynamoDB refuses a range whose end comes before its begin."""
    drilled()
    look()
    assert look() == []
    table.control.clear_requests()
    later(timedelta(days=1))
    assert look() == []
    (get,) = (one for one in table.control.requests(operation="GetItem") if ARCHIVE in str(one["parameters"]))
    assert get["status"] == 200
    assert not any("BETWEEN" in str(one["parameters"]) for one in table.control.requests(operation="Query"))


@pytest.mark.parametrize("address", ["s3"], indirect=True)
def test_it_is_reached_by_the_tables_connection_with_the_rights_of_the_template(
    table: Any, look: Archive, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never by one of that id in Airflow's database, which could lead to a store of somebody's own."""
    drilled()
    asked: list[str] = []
    monkeypatch.setattr(
        "airflow.providers.amazon.aws.hooks.base_aws.AwsGenericHook.get_connection",
        lambda conn_id: asked.append(conn_id) or Connection(conn_id=conn_id, conn_type="aws"),
    )
    monkeypatch.delenv("AIRFLOW_CONN_AWS_DEFAULT")
    look(address)
    assert "aws_default" not in asked
    sent = {one["operation"].split(" ")[0] for one in table.control.requests(service="s3")}
    assert sent <= {"GET", "HEAD", "PUT"}
    assert iam.actions("archive") == {"s3:GetObject", "s3:PutObject", "s3:ListBucket"}
