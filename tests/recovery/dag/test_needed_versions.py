"""Which snapshots a DAG run may need, as Airflow's database says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from airflow.models import import_all_models
from airflow.models.base import Base
from airflow.models.dag import DagModel
from airflow.models.dag_version import DagVersion
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from sqlalchemy import insert

from drs_recovery.dag.files.retention import needed_versions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from sqlalchemy.orm import Session


NOW = datetime(2026, 11, 1, tzinfo=UTC)
SINCE = NOW - timedelta(days=90)


@pytest.fixture
def database() -> Iterator[Session]:
    """Airflow's database, empty."""
    import_all_models()
    with create_session() as session:
        Base.metadata.create_all(session.connection())
    with create_session() as session:
        session.execute(
            insert(DagBundleModel).values(name="dags-folder", active=True, version="of-the-bundle")
        )
        yield session
    with create_session() as session:
        Base.metadata.drop_all(session.connection())


def dag(session: Session, dag_id: str, version: str) -> None:
    """Have a DAG that was read from a version last."""
    session.add(DagModel(dag_id=dag_id, bundle_name="dags-folder", bundle_version=version, fileloc="x"))
    session.flush()


def dag_version(session: Session, number: int, version: str) -> UUID:
    """Have a version of the DAG `plan`."""
    made = uuid4()
    values = {"version_number": number, "bundle_name": "dags-folder", "bundle_version": version}
    session.execute(insert(DagVersion).values(id=made, dag_id="plan", **values))
    return made


def run(session: Session, state: str, ended: datetime | None, version: str | None, **values: object) -> str:
    """Have a run of the DAG `plan` that is pinned to a version."""
    run_id = f"{state} {version} {ended}"
    session.execute(
        insert(DagRun).values(
            dag_id="plan",
            run_id=run_id,
            state=state,
            end_date=ended,
            bundle_version=version,
            run_type="manual",
            log_template_id=None,
            run_after=NOW,
            **values,
        )
    )
    return run_id


def test_what_runs_need_is_needed(database: Session) -> None:
    """In flight, to come, and ended not so long ago that it cannot be cleared; of older ones nothing."""
    dag(database, "plan", "of-the-dag")
    first, middle, _ = (dag_version(database, n, f"of-dag-version-{n}") for n in (1, 2, 3))
    run(database, "running", None, "runs", created_dag_version_id=first)
    run(database, "queued", SINCE - timedelta(days=900), "was-cleared")
    run(database, "success", SINCE + timedelta(minutes=1), "ended-lately")
    run(database, "failed", SINCE - timedelta(minutes=1), "ended-long-ago", created_dag_version_id=middle)
    run(database, "success", None, None)
    assert needed_versions(SINCE) == {
        "of-the-bundle",
        "of-the-dag",
        "of-dag-version-1",
        "of-dag-version-3",
        "runs",
        "was-cleared",
        "ended-lately",
    }


def test_what_the_tasks_of_a_run_were_made_from_is_needed(database: Session) -> None:
    """Airflow sends callbacks with the version of the task."""
    dag(database, "plan", "of-the-dag")
    versions = [dag_version(database, number, f"of-dag-version-{number}") for number in (1, 2, 3)]
    ended = run(database, "success", SINCE - timedelta(days=1), None)
    alive = run(database, "running", None, None)
    for run_id, version in ((ended, versions[0]), (alive, versions[1])):
        database.execute(
            insert(TaskInstance).values(
                dag_id="plan", run_id=run_id, task_id="open", pool="recovery", dag_version_id=version
            )
        )
    assert needed_versions(SINCE) == {"of-the-bundle", "of-the-dag", "of-dag-version-2", "of-dag-version-3"}
