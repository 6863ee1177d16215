"""What is away, wrong or of another release is named with its cure, by the doctor and by the task it meets.

One row for each, with what both say; without a task where none meets it: none runs without a broker.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from airflow.dag_processing.bundles import base
from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.dag.files.archive import packed
from drs_recovery.dag.files.bundle import SnapshotDagBundle
from drs_recovery.dag.files.kept import KeptSnapshots, snapshots_at
from drs_recovery.dag.maintenance import maintenance_dag
from drs_recovery.settings import settings
from drs_recovery.store.frozen import read_plan
from drs_recovery.store.table import create_table
from tests.recovery.cli import well
from tests.recovery.cli.cli_surroundings import document
from tests.recovery.tasks.conftest import DB, Drive, plan
from tests.recovery.tasks.test_releases import put

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.recovery.cli.airflow_stub import Stub

DENIED = (
    "User: arn:aws:sts::123456789012:assumed-role/recovery is not authorized to perform: {right} on "
    "resource: arn:aws:x because no identity-based policy allows the {right} action"
)
NEWER = r"frozen in format 9, by release 9\.0\.0.*Let release 9\.0\.0 or a newer one run"
AWAY = r"Snapshots cannot be read in .*away/dags-folder.*No such file"


class Place:
    """An installation with an execution that has been opened, and a worker's disk."""

    def __init__(self, local_aws: Any, stub: Stub, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.local_aws, self.stub, self.folder, self.patch = local_aws, stub, folder, patch
        self.drive = Drive(plan({"name": "Database", "servers": [DB]}))
        self.drive.execute("open_execution")

    def deny(self, service: str, operation: str, right: str) -> None:
        self.local_aws.control.deny(service, operation, message=DENIED.format(right=right))

    def kept_in(self, store: Path) -> None:
        """Let the bundle have a store, and a snapshot in it if it is there."""
        well.says(self.stub, well.said(bundles=[well.BUNDLE | {"store": str(store)}]))

    def open(self) -> None:
        """Open another execution."""
        Drive(plan({"name": "Database", "servers": [DB]}), run_id="manual__2").execute("open_execution")

    def open_other(self) -> None:
        """Open an execution of another plan."""
        Drive(plan({"name": "Database", "servers": [DB]}, id="other")).execute("open_execution")

    def start(self) -> None:
        """Start the wave."""
        self.drive.execute("database.start_recovery")

    def fetch(self) -> None:
        """Have the snapshot that a run is pinned to, as a worker does."""
        self.patch.setattr(base, "get_bundle_storage_root_path", lambda: self.folder / "disk")
        store = str(self.folder / "store") if (self.folder / "store").is_dir() else str(self.folder / "away")
        SnapshotDagBundle(
            source=str(self.folder), name="dags-folder", refresh_interval=1, version=well.VERSION, store=store
        ).initialize()

    def maintain(self, task_id: str = "reconcile") -> None:
        """Run a task of the maintenance."""
        task = maintenance_dag(Path("dags/plans")).get_task(task_id)
        type(task).execute(task, self.drive.context(task_id))


class Row(NamedTuple):
    """What is wrong, how it comes to be, what the doctor says of it and where; the task, and what it says.

    ``late``: before a task meets it nobody can know.
    """

    spoil: Callable[[Place], object]
    check: str
    state: str
    says: str
    task: Callable[[Place], object] | None
    told: str = ""
    late: bool = False


def store_away(place: Place) -> None:
    place.kept_in(place.folder / "away")


def wrong_hash(place: Place) -> None:
    store = place.folder / "store"
    store.mkdir()
    snapshots_at(str(store), None, "dags-folder").write(
        f"{well.VERSION}.tar.gz", packed({"x.py": b"import os"})
    )
    assert KeptSnapshots(snapshots_at(str(store), None, "dags-folder")).versions()
    place.kept_in(store)


def newer_plan(place: Place) -> None:
    text = json.loads(place.drive.store.run(read_plan(place.drive.execution_id)))
    put(place.local_aws, place.drive, "PLAN", plan=json.dumps(text | {"format": 9, "release": "9.0.0"}))


def older_worker(place: Place) -> None:
    well.says(place.stub, well.said("0.1.9"))
    newer_plan(place)


def older_table(place: Place) -> None:
    lacking = [{"Delete": {"IndexName": "cleanup"}}]
    place.local_aws.client("dynamodb").update_table(
        TableName=settings().table, GlobalSecondaryIndexUpdates=lacking
    )


def no_table(place: Place) -> None:
    place.patch.setenv("RECOVERY_TABLE", "nowhere")
    settings.cache_clear()


def redis_away(place: Place) -> None:
    at = (datetime.now(UTC) - timedelta(minutes=10)).isoformat()
    waits = {"state": "queued", "hostname": "", "run_after": at, "start_date": None, "end_date": None}
    well.runs(place.stub, well.ran(**waits))


ROWS = {
    "a bundle store that is away": Row(
        store_away, "snapshots", "unknown", f"from here: {AWAY}.*Ask from a worker", Place.fetch, AWAY
    ),
    "a wrong hash": Row(
        wrong_hash,
        "snapshots",
        "fault",
        r"is not what its name says: its hash is .* expected 1+ .*restart the DAG processor",
        Place.fetch,
        r"is not what its name says: its hash is .* Nothing of it was used\. Remove that object",
    ),
    "a worker with another release": Row(
        older_worker, "releases", "warning", "worker-1 has 0.1.9.*Install one release", Place.start, NEWER
    ),
    "a plan that a newer release froze": Row(newer_plan, "records", "fault", NEWER, Place.start, NEWER),
    "a record that this release cannot read": Row(
        lambda place: put(place.local_aws, place.drive, "EXECUTION", totalWaves="many"),
        "records",
        "fault",
        "cannot be read: totalWaves: .*'many'.*take that one",
        Place.maintain,
        "cannot be read: totalWaves: .*'many'. A newer release may have written it",
    ),
    "a table of an earlier release": Row(
        older_table,
        "table",
        "fault",
        "lacks the index 'cleanup'.*recovery init",
        lambda place: place.maintain("start_clean_ups"),
        "index: cleanup.*an earlier release has made that table: `recovery init`",
    ),
    "no table": Row(
        no_table,
        "table",
        "fault",
        "no table 'nowhere'.*recovery init",
        Place.open,
        "no table 'nowhere'.*recovery init",
    ),
    "a role that may not read the table": Row(
        lambda place: place.deny("dynamodb", "DescribeTable", "dynamodb:DescribeTable"),
        "table",
        "unknown",
        "assumed-role/recovery is not authorized.*dynamodb:DescribeTable.*docs/iam/doctor.json",
        None,
    ),
    "a worker that may not read the record": Row(
        lambda place: place.deny("dynamodb", "GetItem", "dynamodb:GetItem"),
        "records",
        "unknown",
        "get_item on table .*assumed-role/recovery is not authorized.*doctor.json",
        Place.open,
        "dynamodb:GetItem on resource.*; allow dynamodb:GetItem to the role that is named",
    ),
    "a worker that may not start": Row(
        lambda place: place.deny("drs", "StartRecovery", "drs:StartRecovery"),
        "rights",
        "fault",
        r"newest execution of shop \(.*\) was denied a right: .*drs:StartRecovery on .*The policies",
        Place.start,
        "assumed-role/recovery .*drs:StartRecovery on .*; allow drs:StartRecovery to the role that is named",
        late=True,
    ),
    "a worker that may not ask for servers": Row(
        lambda place: place.deny("drs", "DescribeSourceServers", "drs:DescribeSourceServers"),
        "rights",
        "fault",
        r"of other \(.*\) was denied a right: .*; allow drs:DescribeSourceServers to the role that is named",
        Place.open_other,
        "drs:DescribeSourceServers on .*; allow drs:DescribeSourceServers to the role that is named",
        late=True,
    ),
    "Redis that is away": Row(
        redis_away, "workers", "fault", r"waits for a worker since (9|10) minutes.*broker \(Redis", None
    ),
}


@pytest.fixture
def place(local_aws: Any, signed_in: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Give an installation that is well."""
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", "aws://")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    create_table(local_aws.client("dynamodb"), settings().table)
    well.make_well(signed_in)
    return Place(local_aws, signed_in, tmp_path, monkeypatch)


@pytest.mark.parametrize("name", ROWS)
def test_the_doctor_names_it_and_the_cure(place: Place, name: str) -> None:
    """Before anything runs, where it can."""
    row = ROWS[name]
    row.spoil(place)
    if row.late and row.task:
        with pytest.raises(AirflowFailException):
            row.task(place)
    found = [one for one in document("doctor")["findings"] if (one["check"], one["state"]) == row[1:3]]
    texts = [f"{one['found']} {one.get('cure', '')}" for one in found]
    assert any(re.search(row.says, text) for text in texts), texts


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.task])
def test_the_task_names_it_and_the_cure(place: Place, name: str) -> None:
    """When it meets it: in the error that Airflow shows."""
    row = ROWS[name]
    row.spoil(place)
    assert row.task is not None
    with pytest.raises(Exception, match=row.told):
        row.task(place)
