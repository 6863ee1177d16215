"""Folders of DAGs, and the bundles that Airflow makes of them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from airflow.dag_processing.bundles import base

from drs_recovery.dag.files.bundle import SnapshotDagBundle
from drs_recovery.dag.files.folder import read_folder
from drs_recovery.dag.files.shards import LOADER
from drs_recovery.dag.files.snapshot import take_snapshot
from tests.recovery.dag.dag_files import PLAN, ROOT
from tests.recovery.dag.stores import BUCKET, Machine, Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import LocalAws


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give Airflow a place for its bundles."""
    monkeypatch.setattr(base, "get_bundle_storage_root_path", lambda: tmp_path / "storage")
    return tmp_path / "storage"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder of DAGs with the loader and one good plan."""
    (tmp_path / "dags" / "plans").mkdir(parents=True)
    shutil.copy(ROOT / "dags" / LOADER, tmp_path / "dags")
    (tmp_path / "dags" / "plans" / "good.yaml").write_text(PLAN)
    return tmp_path / "dags"


@pytest.fixture
def bundle_of(source: Path, storage: Path) -> Callable[..., SnapshotDagBundle]:
    """Return a function that makes a bundle as Airflow does, of the newest version or of one."""

    def make(version: str | None = None) -> SnapshotDagBundle:
        return SnapshotDagBundle(source=str(source), name="dags-folder", refresh_interval=1, version=version)

    return make


@pytest.fixture
def take(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that takes the next snapshot of some plans and returns its folder of plans."""
    before: list[Path] = []
    plans, versions = tmp_path / "dags" / "plans", tmp_path / "versions"
    plans.mkdir(parents=True)

    def snapshot(**texts: str | None) -> Path:
        for stem, text in texts.items():
            file = plans / f"{stem}.yaml"
            file.write_text(text) if text is not None else file.unlink()
        version = take_snapshot(read_folder(plans.parent), versions, before[-1] if before else None)
        before.append(versions / version)
        return versions / version / "plans"

    return snapshot


@pytest.fixture
def s3(local_aws: LocalAws) -> Store:
    """A store in a bucket of local AWS."""
    pytest.importorskip("s3fs", reason="S3 needs s3fs: make setup")
    local_aws.client("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    local_aws.control.clear_requests()
    return Store(f"s3://{BUCKET}/airflow")


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A store of each kind."""
    if request.param == "s3":
        store: Store = request.getfixturevalue("s3")
        return store
    (tmp_path / "store").mkdir()
    return Store(f"file://{tmp_path / 'store'}")


@pytest.fixture
def machine_of(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Machine]:
    """Return a function that gives a machine with a disk of its own, and a store."""

    def machine(name: str, store: str | None, **options: str) -> Machine:
        return Machine(tmp_path / name, source, monkeypatch, {"store": store, **options})

    return machine
