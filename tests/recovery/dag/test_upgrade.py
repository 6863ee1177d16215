"""Snapshots of an earlier release, which had one DAG file for all plans, beside those that are divided."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from drs_recovery.dag.files import folder
from drs_recovery.dag.files.folder import read_folder
from drs_recovery.dag.files.shards import LOADER, shard_of_plan
from drs_recovery.dag.files.snapshot import version_of as version_of_files
from tests.recovery.dag.dag_files import PLAN, ROOT, dags_of, version_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from drs_recovery.dag.files.bundle import SnapshotDagBundle

OLD_LOADER = """
from pathlib import Path
from drs_recovery.dag.loader import load_dags
dags = load_dags(Path(__file__).parent / "plans")  # for Airflow
"""
SHARE = shard_of_plan("good").file


@pytest.fixture
def old(source: Path, storage: Path) -> Path:
    """The newest snapshot of an earlier release: of the same files, under the name that they had there."""
    files = read_folder(source)
    old = storage / "dags-folder" / "versions" / version_of_files(files)
    (old / "plans").mkdir(parents=True)
    for name, content in files.items():
        (old / name).write_bytes(content)
    (storage / "dags-folder" / "newest").symlink_to(old)
    return old


def made_in(snapshot: Path) -> list[str]:
    """Return the id of each DAG that Airflow finds in a snapshot, as often as it finds it."""
    return sorted(dag.dag_id for file in snapshot.glob("*.py") for dag in dags_of(file))


def pinned(bundle_of: Callable[..., SnapshotDagBundle], version: str, file: str) -> list[str]:
    """Return the DAGs that a worker finds in a file of a version."""
    worker = bundle_of(version)
    worker.initialize()
    return sorted(dag.dag_id for dag in dags_of(worker.path / file))


def test_a_run_on_a_snapshot_of_an_earlier_release_finds_its_dag(
    bundle_of: Callable[..., SnapshotDagBundle], old: Path
) -> None:
    """Airflow looks for it in the file in which the DAG is by now: a share, which was not there then."""
    (old / LOADER).write_text(OLD_LOADER)
    bundle_of().initialize()
    assert pinned(bundle_of, old.name, SHARE) == ["good"]
    assert pinned(bundle_of, old.name, LOADER) == ["good"]


def test_a_snapshot_of_an_earlier_release_is_not_divided_in_place(
    bundle_of: Callable[..., SnapshotDagBundle], old: Path
) -> None:
    """What is divided is another snapshot, though of the very same files: each file of the old one stays."""
    before = {path.name: path.read_bytes() for path in old.iterdir() if path.is_file()}
    bundle = bundle_of()
    bundle.initialize()
    assert version_of(bundle) != old.name
    assert made_in(bundle.path) == ["good"]
    assert before == {name: (old / name).read_bytes() for name in before}
    assert {path.name for path in old.iterdir()} == {*before, "plans", SHARE}


def test_a_loader_that_asks_for_no_share_is_not_copied(
    bundle_of: Callable[..., SnapshotDagBundle], source: Path
) -> None:
    """It stays in a folder of DAGs that an upgrade leaves alone: each copy would make the DAGs of all plans.

    Once it is replaced, a run on any snapshot of before finds its DAG in both files.
    """
    (source / LOADER).write_text(OLD_LOADER)
    (source / "plans" / "other.yaml").write_text(PLAN)
    bundle = bundle_of()
    bundle.initialize()
    whole = [version_of(bundle)]
    assert made_in(bundle.path) == ["good", "other"]
    (source / "plans" / "other.yaml").unlink()
    bundle.refresh()
    whole.append(version_of(bundle))
    assert made_in(bundle.path) == ["good"]
    shutil.copy(ROOT / "dags" / LOADER, source)
    bundle.refresh()
    assert (made_in(bundle.path), [*bundle.path.glob(LOADER)]) == (["good"], [])
    assert [pinned(bundle_of, version, SHARE) for version in whole] == [["good", "other"], ["good"]]
    assert [pinned(bundle_of, version, LOADER) for version in whole] == [["good", "other"], ["good"]]


def test_trouble_right_after_an_upgrade_shows_each_plan_once(
    bundle_of: Callable[..., SnapshotDagBundle], source: Path, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that the snapshot before has stands there, and nothing of what it gets later."""
    bundle = bundle_of()
    with monkeypatch.context() as patch:
        patch.setattr(folder, "MOST_FILES", 1)
        bundle.initialize()
    trouble = version_of(bundle)
    assert trouble != old.name
    assert made_in(bundle.path) == ["good", "recovery_plans"]
    (source / "plans" / "other.yaml").write_text(PLAN)
    bundle.refresh()
    assert made_in(bundle.path) == ["good", "other"]
    assert pinned(bundle_of, trouble, SHARE) == ["good"]
