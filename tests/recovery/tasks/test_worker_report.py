"""Each run of the maintenance says what its worker is, without a secret, and is kept from nothing by that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from drs_recovery import __version__
from drs_recovery.dag.maintenance import maintenance_dag
from drs_recovery.errors import RecordUnavailable
from drs_recovery.report.airflow_settings import LEANED_ON, key_of
from drs_recovery.report.worker import KEY, TASK, WorkerReport
from drs_recovery.settings import settings
from drs_recovery.tasks.worker_report import report
from tests.recovery.tasks.conftest import TaskInstance

if TYPE_CHECKING:
    from collections.abc import Callable

BUNDLES = "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"


@pytest.fixture
def maintain(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Any]:
    """Return a function that runs the maintenance's task with a way of taking XComs."""

    def run(push: Callable[..., None]) -> Any:
        monkeypatch.setattr(TaskInstance, "xcom_push", push)
        task = maintenance_dag(Path("plans")).get_task(TASK)
        instance = TaskInstance(TASK, "recovery_maintenance", "scheduled__1")
        return type(task).execute(task, {"ti": instance})

    return run


def test_it_says_release_clock_and_settings(table: Any, maintain: Callable[[Any], Any]) -> None:
    """As the doctor reads it."""
    pushed = {}
    assert maintain(lambda _, key, value: pushed.update({key: value})) == []
    said = WorkerReport.model_validate_json(json.dumps(pushed[KEY]))
    assert said.release == __version__
    assert said.settings.keys() == {key_of(one) for one in LEANED_ON}
    assert None not in said.settings.values()
    assert (said.table, said.table_region, said.archive) == ("recovery-executions", "eu-west-1", False)


def test_it_says_where_its_connection_leads(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever boto3 would take by default; with a connection that cannot be read it says the rest."""
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", "aws://?region_name=eu-central-1")
    monkeypatch.setenv("RECOVERY_ARCHIVE", "/mnt/archive")
    settings.cache_clear()
    said = report()
    assert (said.table_region, said.archive) == ("eu-central-1", True)
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", "aws://AKIAEXAMPLE:hunter2/x@")
    said = report()
    assert (said.table, said.table_region) == ("recovery-executions", None)


def test_it_says_so_also_when_the_record_cannot_be_read(table: Any, maintain: Callable[[Any], Any]) -> None:
    """The doctor shows both."""
    pushed: dict[str, Any] = {}
    table.control.deny("dynamodb", "Query")
    with pytest.raises(RecordUnavailable):
        maintain(lambda _, key, value: pushed.update({key: value}))
    assert pushed.keys() == {KEY}


def test_what_cannot_be_said_keeps_nothing_from_being_done(
    table: Any, maintain: Callable[[Any], Any]
) -> None:
    """Executions are ended all the same."""

    def refuse(*_: object, **__: object) -> None:
        raise ConnectionResetError

    assert maintain(refuse) == []


def test_no_secret_of_a_bundle_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Git bundle may have a token in its address, a store somebody who signs in."""
    git = {"name": "git", "classpath": "a.GitDagBundle", "kwargs": {"repo_url": "https://t0ken@git.example"}}
    ours = {"name": "dags", "classpath": "b.Snapshots", "kwargs": {"store": "s3://me:secret@bucket/x"}}
    monkeypatch.setenv(BUNDLES, json.dumps([git, ours]))
    said = report()
    assert [one.store for one in said.bundles] == [None, "s3://bucket/x"]
    assert not [part for part in ("t0ken", "secret") if part in said.model_dump_json()]
