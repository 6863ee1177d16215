"""A snapshot is announced once every machine can have it, and a store that is away holds nothing else up."""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING

import pytest

from drs_recovery import storage
from drs_recovery.dag.files import bundle as module
from drs_recovery.dag.files import folder
from drs_recovery.dag.files.bundle import ASK_AGAIN
from drs_recovery.dag.files.shards import shard_of_plan
from drs_recovery.errors import SnapshotsUnavailable
from tests.recovery.dag.dag_files import PLAN, dags_of, version_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import LocalAws
    from tests.recovery.dag.stores import Machine, Store


TWO = PLAN.replace("One", "Two")


class Clock:
    """Time as the bundle counts it, for pauses."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        patch.setattr(time, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time that passes when a test says so."""
    return Clock(monkeypatch)


def test_nothing_is_announced_before_it_is_stored(
    source: Path,
    machine_of: Callable[..., Machine],
    tmp_path: Path,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The DAG processor goes on with the last snapshot, with one line in the log, until the store is back."""
    (root := tmp_path / "store").mkdir()
    processor = machine_of("processor", str(root))
    bundle = processor.bundle()
    bundle.initialize()
    before = version_of(bundle)
    root.rename(tmp_path / "away")
    (source / "plans" / "good.yaml").write_text(TWO)
    caplog.set_level(logging.INFO, module.__name__)
    for _ in range(5):
        bundle.refresh()
        clock.now += ASK_AGAIN
    assert version_of(bundle) == before
    assert processor.names() == [before]
    said = [record.getMessage() for record in caplog.records if record.name == module.__name__]
    (line,) = said
    assert str(root) in line
    assert f"DAGs stay as they were in the snapshot {before}" in line
    (tmp_path / "away").rename(root)
    bundle.refresh()
    assert "Two" in (bundle.path / "plans" / "good.yaml").read_text()
    worker = machine_of("worker", str(root)).bundle(version_of(bundle))
    worker.initialize()
    assert "The store of snapshots answers again" in caplog.messages


def test_a_store_that_may_only_be_read_is_tried_again_with_the_same_snapshot(
    source: Path,
    machine_of: Callable[..., Machine],
    tmp_path: Path,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is taken once; when it is stored at last, Airflow reads what it changes as new."""
    (root := tmp_path / "store").mkdir()
    bundle = machine_of("processor", str(root)).bundle()
    bundle.initialize()
    before = version_of(bundle)
    later = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: later)
    (source / "plans" / "good.yaml").write_text(f"{TWO}drill_schedule: '0 6 1 * *'\n")

    def refused(*_: object) -> None:
        raise SnapshotsUnavailable("AccessDenied")

    with monkeypatch.context() as patch:
        patch.setattr(storage.Folder, "write", refused)
        for _ in range(3):
            bundle.refresh()
            clock.now += ASK_AGAIN
        assert version_of(bundle) == before
        assert len(list(bundle.versions_dir.iterdir())) == 2
    for path in bundle.versions_dir.rglob("*.py"):
        os.utime(path, (0, 0))
    bundle.refresh()
    assert version_of(bundle) != before
    assert len(list(bundle.versions_dir.iterdir())) == 2
    assert (bundle.path / shard_of_plan("good").file).stat().st_mtime > 0


def test_a_start_without_the_store_goes_on_from_this_disk(
    store: Store, machine_of: Callable[..., Machine], caplog: pytest.LogCaptureFixture
) -> None:
    """With nothing on the disk there is nothing to go on from."""
    first = machine_of("processor", store.address).bundle()
    first.initialize()
    again = machine_of("processor", "/nowhere").bundle()
    again.initialize()
    assert version_of(again) == version_of(first)
    assert "/nowhere" in caplog.text
    with pytest.raises(SnapshotsUnavailable, match="/nowhere"):
        machine_of("other", "/nowhere").bundle().initialize()


def test_a_folder_that_is_too_full_is_shown_on_every_machine(
    store: Store, source: Path, machine_of: Callable[..., Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs that start meanwhile are pinned to the snapshot with the DAG that says so."""
    processor = machine_of("processor", store.address).bundle()
    processor.initialize()
    monkeypatch.setattr(folder, "MOST_FILES", 3)
    for number in range(5):
        (source / "plans" / f"more_{number}.yaml").write_text(PLAN)
    processor.refresh()
    worker = machine_of("worker", store.address).bundle(version_of(processor))
    worker.initialize()
    (trouble,) = dags_of(worker.path / "recovery_trouble.py")
    assert "more than 3 files" in (trouble.doc_md or "")
    assert [dag.dag_id for dag in dags_of(worker.path / shard_of_plan("good").file)] == ["good"]


def test_a_folder_at_rest_asks_the_store_for_nothing(
    s3: Store, local_aws: LocalAws, machine_of: Callable[..., Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked at every two seconds."""
    later = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: later)
    bundle = machine_of("processor", s3.address).bundle()
    bundle._retention.look = lambda *_: None  # type: ignore[method-assign]
    bundle.initialize()
    local_aws.control.clear_requests()
    for _ in range(3):
        bundle.refresh()
    assert local_aws.control.requests(service="s3") == []
