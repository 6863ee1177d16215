"""The bundle of DAGs: a snapshot per content, whole, for good, and the same for every process."""

from __future__ import annotations

import multiprocessing
import os
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.exceptions import AirflowException

from drs_recovery.dag.files import bundle as module
from drs_recovery.dag.files import folder, readings
from drs_recovery.dag.files.bundle import SnapshotDagBundle
from drs_recovery.dag.files.folder import read_folder
from drs_recovery.dag.files.readings import LOOK_EVERY
from drs_recovery.plan import plan_stems
from tests.recovery.dag.dag_files import PLAN, dags_of, version_of

if TYPE_CHECKING:
    from collections.abc import Callable

BROKEN = PLAN.replace("region:", "regoin:")


def test_a_run_stays_on_the_version_it_is_pinned_to(
    source: Path, bundle_of: Callable[..., SnapshotDagBundle]
) -> None:
    """The folder is edited, and emptied: what a worker finds under the version stays what it was."""
    newest = bundle_of()
    newest.initialize()
    pinned = version_of(newest)
    (source / "plans" / "good.yaml").write_text(PLAN.replace("One", "Two"))
    newest.refresh()
    (source / "plans" / "good.yaml").unlink()
    newest.refresh()
    worker = bundle_of(pinned)
    worker.initialize()
    assert (worker.path / "plans" / "good.yaml").read_text() == PLAN
    assert version_of(worker) == pinned
    assert not (newest.path / "plans" / "good.yaml").exists()


def test_nothing_changed_is_the_same_version_and_changed_back_is_the_old_one(
    source: Path, bundle_of: Callable[..., SnapshotDagBundle]
) -> None:
    """Also for a process that starts again: Airflow parses nothing again without need."""
    first, plan = bundle_of(), source / "plans" / "good.yaml"
    first.initialize()
    before = version_of(first)
    plan.touch()
    first.refresh()
    assert version_of(first) == before
    plan.write_text(PLAN.replace("One", "Two"))
    first.refresh()
    assert version_of(first) != before
    plan.write_text(PLAN)
    second = bundle_of()
    second.initialize()
    assert version_of(second) == before


def test_a_folder_that_cannot_be_listed_leaves_the_last_snapshot(
    source: Path, bundle_of: Callable[..., SnapshotDagBundle]
) -> None:
    """A volume that is gone for a moment is no deleted plan; Airflow logs the error and goes on."""
    bundle = bundle_of()
    bundle.initialize()
    before = version_of(bundle)
    source.rename(source.with_name("elsewhere"))
    with pytest.raises(FileNotFoundError):
        bundle.refresh()
    assert version_of(bundle) == before
    assert (bundle.path / "plans" / "good.yaml").exists()


def test_a_version_that_is_not_there_says_where_it_was_looked_for(
    bundle_of: Callable[..., SnapshotDagBundle], storage: Path
) -> None:
    """A worker that does not see the storage names the setting."""
    with pytest.raises(AirflowException, match="dag_bundle_storage_path") as caught:
        bundle_of("0123").initialize()
    assert str(storage) in str(caught.value)


def test_before_it_is_initialised_a_bundle_is_the_folder(
    source: Path, bundle_of: Callable[..., SnapshotDagBundle]
) -> None:
    """Airflow asks for the path of bundles that it does not use yet."""
    assert bundle_of().path == source
    assert bundle_of().get_current_version() is None


def test_nobody_changes_a_snapshot_in_place(bundle_of: Callable[..., SnapshotDagBundle]) -> None:
    """Its files are read-only; its folders are not, so that whoever removes the home can. Others see none."""
    bundle = bundle_of()
    bundle.initialize()
    files = [path for path in bundle.path.rglob("*") if path.is_file()]
    assert len(files) == 4
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o400}
    assert os.access(bundle.path / "plans", os.W_OK)
    folders = (bundle.base_dir, bundle.path)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}


def test_two_processes_that_take_a_snapshot_at_once_take_the_same(
    source: Path, bundle_of: Callable[..., SnapshotDagBundle], storage: Path
) -> None:
    """Of a folder with a broken plan too, whose last good version both carry since the same moment."""
    bundle_of().initialize()
    (source / "plans" / "good.yaml").write_text(BROKEN)
    context = multiprocessing.get_context("fork")
    start, shown = context.Barrier(4), context.Queue()

    def refresh() -> None:
        bundle = bundle_of()
        start.wait()
        bundle.refresh()
        shown.put(version_of(bundle))

    processes = [context.Process(target=refresh) for _ in range(4)]
    for process in processes:
        process.start()
    versions = {shown.get(timeout=60) for _ in processes}
    for process in processes:
        process.join()
    assert len(versions) == 1
    kept = [path.name for path in (storage / "dags-folder" / "versions").iterdir()]
    assert len(kept) == 2
    assert versions < set(kept)


def test_a_folder_that_has_not_changed_is_not_read(
    bundle_of: Callable[..., SnapshotDagBundle], source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked at, once all of it is old enough for a look to tell; then a change is read at once."""
    bundle = bundle_of()
    bundle.initialize()
    later = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: later)
    bundle.refresh()
    read = []
    monkeypatch.setattr(module, "read_folder", lambda folder: read.append(folder) or read_folder(folder))
    bundle.refresh()
    bundle.refresh()
    assert read == []
    (source / "plans" / "good.yaml").write_text(PLAN.replace("One", "Two"))
    bundle.refresh()
    assert read == [source]
    assert "Two" in (bundle.path / "plans" / "good.yaml").read_text()


def test_what_airflow_has_not_read_is_to_be_read_again(
    bundle_of: Callable[..., SnapshotDagBundle], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen where Airflow asks for news again and again; who asks once, as a command does, changes nothing."""
    bundle = bundle_of()
    asked: list[str] = []
    monkeypatch.setattr(readings, "known_dags", lambda name: asked.append(name) or [])
    bundle.initialize()
    assert asked == []
    (shard,) = bundle.path.glob("recovery_plans_*.py")
    os.utime(shard, (0, 0))
    later = time.monotonic() + LOOK_EVERY
    monkeypatch.setattr(time, "monotonic", lambda: later)
    bundle.refresh()
    assert asked == ["dags-folder"]
    assert shard.stat().st_mtime > 0


def test_too_much_leaves_all_plans_and_is_reported_where_people_look(
    bundle_of: Callable[..., SnapshotDagBundle], source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A DAG says so; the plans stand as they were, not to be read again; mended, all is as ever."""
    bundle = bundle_of()
    bundle.initialize()
    before = bundle.path
    monkeypatch.setattr(folder, "MOST_FILES", 3)
    for number in range(5):
        (source / "plans" / f"more_{number}.yaml").write_text(PLAN)
    bundle.refresh()
    shown = bundle.path
    (dag,) = dags_of(shown / "recovery_trouble.py")
    assert "more than 3 files" in (dag.doc_md or "")
    assert plan_stems(shown / "plans") == {"good"}
    (shard,) = shown.glob("recovery_plans_*.py")
    assert shard.stat().st_mtime == (before / shard.name).stat().st_mtime
    bundle.refresh()
    assert bundle.path == shown
    monkeypatch.setattr(folder, "MOST_FILES", 30)
    bundle.refresh()
    assert not (bundle.path / "recovery_trouble.py").exists()
    assert len(plan_stems(bundle.path / "plans")) == 6


def test_too_much_from_the_start_is_reported_too(
    bundle_of: Callable[..., SnapshotDagBundle], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no plan to show yet."""
    monkeypatch.setattr(folder, "MOST_FILES", 1)
    bundle = bundle_of()
    bundle.initialize()
    (dag,) = dags_of(bundle.path / "recovery_trouble.py")
    assert "invalid" in dag.tags


def test_airflows_configuration_is_what_the_bundle_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a source it is the folder of DAGs."""
    monkeypatch.setattr("airflow.settings.DAGS_FOLDER", "/some/dags")
    assert SnapshotDagBundle(name="dags-folder", refresh_interval=1).source == Path("/some/dags")
