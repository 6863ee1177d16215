"""Executions that ended long ago leave the table, once all of them is in the archive, and never before."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from drs_recovery.clock import now
from drs_recovery.dag.maintenance import maintenance_dag
from drs_recovery.engine.archive import KEPT
from drs_recovery.errors import TransitionRefused
from drs_recovery.record.enums import CleanupStatus
from drs_recovery.settings import settings
from drs_recovery.storage import Folder
from drs_recovery.store.programs.archive import ARCHIVE
from drs_recovery.store.programs.clean_up import clean_up
from drs_recovery.store.requests import marshal
from drs_recovery.tasks import archive
from tests import iam
from tests.recovery.cli.cli_surroundings import recovery
from tests.recovery.tasks.conftest import WEB, Drive, plan
from tests.recovery.tasks.settings import SMALL, pair
from tests.recovery.tasks.sweeping import ALWAYS, change_raw, drilled

TABLE = "recovery-executions"
BUCKET = "evidence"
LONG_AFTER = timedelta(days=401)

Archive = Callable[..., list[str]]
Read = Callable[[str], dict[str, Any]]


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
def look(table: Any, later: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    """Return what runs the task once, with a folder for the archive, or another one."""

    def run(to: str = str(tmp_path)) -> list[str]:
        monkeypatch.setenv("RECOVERY_ARCHIVE", to)
        settings.cache_clear()
        task = maintenance_dag(Path("plans")).get_task("archive")
        done: list[str] = type(task).execute(task, {})
        return done

    return run


@pytest.fixture
def file(tmp_path: Path) -> Read:
    """Return what reads an execution in the folder."""
    return lambda key: json.loads((tmp_path / "executions" / f"{key}.json").read_text())


def test_all_of_it_is_archived_before_any_of_it_expires(table: Any, look: Archive, address: str) -> None:
    """Each item as it is; and all but the record are to be removed, a week later."""
    drive = drilled(run_id="manual__old")
    before = raw(table, drive.execution_id)
    assert look(address) == [drive.execution_id]
    if address.startswith("s3"):
        body = table.client("s3").get_object(
            Bucket=BUCKET, Key=f"of-airflow/executions/{drive.execution_id}.json"
        )["Body"]
        held = json.loads(body.read())
    else:
        held = json.loads(Path(address, "executions", f"{drive.execution_id}.json").read_text())
    kept = {item["item"]["S"]: item for item in held["items"]}
    assert (held["format"], held["executionId"]) == (1, drive.execution_id)
    assert kept.pop("EXECUTION")["status"] == {"S": "COMPLETED"}
    assert kept == {name: item for name, item in before.items() if name != "EXECUTION"}
    assert expiring(table, drive.execution_id) == kept.keys()
    times = {item["expires"]["N"] for item in raw(table, drive.execution_id).values() if "expires" in item}
    assert times == {str(int(drive.record.archived.expires.timestamp()))}
    assert drive.record.archived.expires - drive.record.archived.time > KEPT
    assert drive.record.archived.place == f"{address}/executions/{drive.execution_id}.json"
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
    assert [path.stem for path in (tmp_path / "executions").iterdir()] == [ended.execution_id]


def test_without_an_archive_nothing_leaves_the_table(table: Any) -> None:
    """There is no such task, whatever it would say."""
    assert "archive" not in maintenance_dag(Path("plans")).task_ids
    assert archive.ArchiveExecutions(task_id="archive").execute({}) == []


def refuses(*_: object) -> None:
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize(
    ("broken", "texts"),
    [
        ({"write": refuses}, "cannot be stored in .*Permission denied.*Nothing leaves the table"),
        ({"write": lambda *_: None}, "does not hold what was written there: 0 bytes came back"),
        ({"read": lambda *_: b"{}"}, r"holds no archive in format 1 of execution .* \(KeyError: 'items'\)"),
    ],
    ids=["refused", "swallowed", "something else"],
)
def test_what_is_not_archived_does_not_expire(
    table: Any, look: Archive, broken: dict[str, Any], texts: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task says in a sentence what is wrong, and the next one goes on."""
    drive = drilled()
    with monkeypatch.context() as patch:
        for name, does in broken.items():
            inner = getattr(Folder, name)

            def method(self: Folder, *given: Any, does: Any = does, inner: Any = inner) -> Any:
                if does is not refuses:
                    return does(*given)
                with self._asked("stored in"):
                    does()
                return inner(self, *given)

            patch.setattr(Folder, name, method)
        with pytest.raises(AirflowException, match=f"archived none; .*{texts}"):
            look()
    assert expiring(table, drive.execution_id) == set()
    assert look() == [drive.execution_id]


def test_a_store_that_is_away_is_asked_once(table: Any, look: Archive, tmp_path: Path) -> None:
    """And not for each execution that is due."""
    drives = [drilled(run_id=f"manual__{number}", id=f"shop{number}") for number in range(2)]
    with pytest.raises(AirflowException) as caught:
        look(str(tmp_path / "not" / "mounted"))
    assert str(caught.value).count("No such file") == 1
    assert not any(expiring(table, drive.execution_id) for drive in drives)


def test_what_is_no_store_is_named_by_its_setting(table: Any, look: Archive) -> None:
    """Nothing is tried then."""
    with pytest.raises(ValueError, match="RECOVERY_ARCHIVE 'somewhere' is neither an absolute path"):
        look("somewhere")


def test_one_that_took_too_long_goes_on_and_what_is_gone_stays_in_the_archive(
    table: Any, look: Archive, file: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DynamoDB has removed a part before the next look came."""
    drive = drilled()
    whole = set(raw(table, drive.execution_id))
    clock = iter([now() + LONG_AFTER] * 7)
    with monkeypatch.context() as patch:
        patch.setattr(archive, "now", lambda: next(clock, now() + 2 * LONG_AFTER))
        assert look() == []
    marked = expiring(table, drive.execution_id)
    assert marked
    assert drive.record.archived.expires is None
    remove_expired(table, drive.execution_id)
    assert look() == [drive.execution_id]
    assert {item["item"]["S"] for item in file(drive.execution_id)["items"]} == whole
    assert expiring(table, drive.execution_id) == whole - marked - {"EXECUTION"}


def test_what_changes_meanwhile_does_not_expire_as_it_was(
    table: Any, look: Archive, file: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task that somebody cleared writes its item again, right after it was archived."""
    drive = drilled()
    key = {"executionId": {"S": drive.execution_id}, "item": {"S": "PLAN"}}
    write = Folder.write

    def and_change(self: Folder, *given: Any) -> None:
        write(self, *given)
        table.client("dynamodb").update_item(
            TableName=TABLE,
            Key=key,
            UpdateExpression="SET servers = :other",
            ExpressionAttributeValues=marshal({":other": []}),
        )

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "write", and_change)
        with pytest.raises(AirflowException, match=r"PLAN of execution .* changed while it was archived"):
            look()
    assert "PLAN" not in expiring(table, drive.execution_id)
    assert look() == [drive.execution_id]
    (held,) = (one for one in file(drive.execution_id)["items"] if one["item"]["S"] == "PLAN")
    assert held["servers"] == {"L": []}


def test_nothing_opens_what_is_archived(table: Any, look: Archive, starts: Any) -> None:
    """Neither a clear of its run, which finds its record for ever, nor a clean-up, nor an action of it."""
    table.control.deny("drs", "StartRecovery")
    drive = Drive(plan({"name": "Web", "servers": [WEB]}))
    drive.execute("open_execution")
    with pytest.raises(AirflowFailException):
        drive.execute("web.start_recovery")
    with pytest.raises(AirflowFailException):
        drive.execute("complete_execution")
    table.control.clear_faults()
    look()
    remove_expired(table, drive.execution_id)
    sent, before = starts(), drive.record
    drive.clear()
    drive.execute("open_execution")
    for task in ("web.approve", "web.start_recovery"):
        with pytest.raises(AirflowFailException, match=r"cannot be tried again: it is archived in .*\.json"):
            drive.execute(task)
    assert recovery("show", drive.execution_id).exit_code == 0
    assert "archived" in recovery("show", drive.execution_id).stdout
    with pytest.raises(TransitionRefused, match="is archived in"):
        drive.store.run(clean_up(before, CleanupStatus.WAITING))
    assert (drive.record, starts()) == (before, sent)


def test_a_look_begins_at_the_first_that_is_not_archived(table: Any, look: Archive) -> None:
    """However many are archived; one in their middle that cannot be yet is found again."""
    drives = [drilled(run_id=f"manual__{number}", id=f"shop{number}") for number in range(3)]
    due = {":due": {"S": "2026-03-01T08:00:00.000000Z"}}
    change_raw(table, drives[1], "SET cleanupDue = :due", due)
    assert look() == [drives[0].execution_id, drives[2].execution_id]

    def begins() -> datetime:
        key = marshal({"executionId": ARCHIVE, "item": "BOOKMARK"})
        held = table.client("dynamodb").get_item(TableName=TABLE, Key=key)["Item"]
        return datetime.fromisoformat(held["before"]["S"])

    look()
    assert begins() == drives[0].record.start_time
    change_raw(table, drives[1], "REMOVE cleanupDue")
    assert look() == [drives[1].execution_id]
    look()
    assert begins() == drives[2].record.start_time
    assert look() == []


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
