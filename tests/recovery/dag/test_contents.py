"""What a version is a hash of is all that need be kept to have the snapshot again, on any machine."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from drs_recovery.dag.files import folder
from drs_recovery.dag.files.contents import contents_of, version_of
from drs_recovery.dag.files.folder import LARGEST
from drs_recovery.dag.files.shards import LOADER, shard_of_plan
from drs_recovery.dag.files.snapshot import restore_snapshot
from tests.recovery.dag.dag_files import MAINTENANCE_FILE, PLAN, ROOT, dags_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from drs_recovery.dag.files.bundle import SnapshotDagBundle


def plain(_: Path) -> None:
    """The loader, and a plan."""


def scheduled(source: Path) -> None:
    """With times and last good versions beside the plans."""
    (source / "plans" / "often.yaml").write_text(f"{PLAN}drill_schedule: '0 6 1 * *'\n")
    (source / "plans" / "good.yaml").write_text(PLAN.replace("region:", "regoin:"))


def undivided(source: Path) -> None:
    """A loader of an earlier release, which knows no shares."""
    (source / LOADER).write_text(
        "from pathlib import Path\n"
        "from drs_recovery.dag.loader import load_dags\n"
        "dags = load_dags(Path(__file__).parent / 'plans')  # for Airflow\n"
    )


def odd(source: Path) -> None:
    """Names that are no text, files that are not read, and other DAGs."""
    (source / "lib").mkdir()
    (source / "lib" / b"\xff\n.txt".decode(errors="surrogateescape")).write_bytes(b"\0")
    (source / "large.bin").touch()
    os.truncate(source / "large.bin", LARGEST + 1)
    (source / ".airflowignore").write_text("lib/")
    shutil.copy(ROOT / "dags" / MAINTENANCE_FILE, source)


def in_trouble(source: Path) -> None:
    """More than is read: the DAG that says so is in it."""
    for number in range(5):
        (source / "plans" / f"more_{number}.yaml").write_text(PLAN)


@pytest.mark.parametrize(
    "change", [plain, scheduled, undivided, odd, in_trouble], ids=lambda one: one.__name__
)
def test_a_snapshot_that_is_restored_is_the_snapshot(
    change: Callable[[Path], None],
    source: Path,
    bundle_of: Callable[..., SnapshotDagBundle],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """File by file, for a task too; what Python leaves in it when it imports is no part of it."""
    bundle = bundle_of()
    bundle.initialize()
    if change is in_trouble:
        monkeypatch.setattr(folder, "MOST_FILES", 3)
    change(source)
    bundle.refresh()
    (bundle.path / "__pycache__").mkdir()
    (bundle.path / "__pycache__" / "x.pyc").touch()
    contents = contents_of(bundle.path)
    assert version_of(contents) == bundle.path.name
    restore_snapshot(contents, tmp_path / "elsewhere", bundle.path.name)
    restored = tmp_path / "elsewhere" / bundle.path.name
    assert files_of(restored) == files_of(bundle.path)
    assert contents_of(restored) == contents
    file = LOADER if change is undivided else shard_of_plan("good").file
    assert [dag.dag_id for dag in dags_of(restored / file)] == ["good"]


def files_of(snapshot: Path) -> dict[str, bytes]:
    """Return the files of a snapshot; of the manifest, that it is there: it has grown with time."""
    files = {path for path in snapshot.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    found = {str(path.relative_to(snapshot)): path.read_bytes() for path in files}
    return found | ({".division.json": b""} if ".division.json" in found else {})


def test_a_snapshot_of_an_earlier_release_is_made_of_what_is_in_it(
    bundle_of: Callable[..., SnapshotDagBundle],
) -> None:
    """It does not say what its version is a hash of."""
    bundle = bundle_of()
    bundle.initialize()
    (bundle.path / ".contents.json").unlink()
    assert version_of(contents_of(bundle.path)) == bundle.path.name
