"""What is removed of snapshots: what no run can need, and nothing else, whatever goes wrong."""

from __future__ import annotations

import fcntl
import os
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from drs_recovery import storage
from drs_recovery.dag.files import readings, removal, retention
from drs_recovery.dag.files.contents import version_of as version_of_files
from drs_recovery.dag.files.removal import DAY
from drs_recovery.dag.files.retention import LOOK_EVERY
from drs_recovery.errors import SnapshotsUnavailable
from drs_recovery.settings import settings
from tests.recovery.dag.dag_files import PLAN, version_of
from tests.recovery.dag.stores import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from tests.recovery.dag.stores import Machine


class World:
    """A DAG processor's machine with three snapshots, of which Airflow needs what a test says."""

    def __init__(self, source: Path, processor: Machine, patch: pytest.MonkeyPatch) -> None:
        self.needed: set[str] = set()
        self.now = 1000.0
        self.source, self.processor, self.patch = source, processor, patch
        patch.setattr(retention, "needed_versions", lambda _: self.needed)
        patch.setattr(readings, "known_dags", lambda _: [])
        patch.setattr(time, "monotonic", lambda: self.now)
        self.bundle = processor.bundle()
        self.bundle.initialize()
        self.taken = [version_of(self.bundle)]
        for name in ("Two", "Three"):
            (source / "plans" / "good.yaml").write_text(PLAN.replace("One", name))
            self.bundle.refresh()
            self.taken.append(version_of(self.bundle))

    def grow_old(self) -> None:
        """Let two days pass."""
        later = time.time() + 2 * DAY
        self.patch.setattr(time, "time", lambda: later)

    def look(self, times: int = 2) -> None:
        """Let the DAG processor look so often what is needed."""
        for _ in range(times):
            self.now += LOOK_EVERY
            self.bundle.refresh()

    def here(self) -> set[str]:
        """Return the snapshots on this machine."""
        return {*self.processor.names()} & {*self.taken}


@pytest.fixture
def folder(tmp_path: Path) -> Store:
    """A store in a folder."""
    (tmp_path / "store").mkdir()
    return Store(str(tmp_path / "store"))


@pytest.fixture
def world(
    folder: Store, source: Path, machine_of: Callable[..., Machine], monkeypatch: pytest.MonkeyPatch
) -> World:
    """A DAG processor with a store."""
    return World(source, machine_of("processor", folder.address), monkeypatch)


def test_what_nobody_needs_is_removed_here_and_in_the_store(
    store: Store, source: Path, machine_of: Callable[..., Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest stays, though no run needs it yet."""
    world = World(source, machine_of("processor", store.address), monkeypatch)
    first, second, newest = world.taken
    world.needed = {second}
    world.grow_old()
    world.look()
    assert world.here() == store.kept.versions() == {second, newest}
    assert first not in "".join(world.processor.names())


def test_without_a_store_it_is_removed_too(
    source: Path, machine_of: Callable[..., Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the folder that all machines see."""
    world = World(source, machine_of("processor", None), monkeypatch)
    world.grow_old()
    world.look()
    assert world.here() == {world.taken[-1]}


def test_nothing_is_removed_at_the_first_look_or_young(world: World, folder: Store) -> None:
    """A run may be about to start, or a snapshot was taken again a moment ago."""
    world.look(5)
    assert world.here() == folder.kept.versions() == {*world.taken}
    world.grow_old()
    world.needed = {*world.taken}
    world.look(1)
    world.needed = set()
    world.look(1)
    assert world.here() == {*world.taken}
    world.look(1)
    assert world.here() == {world.taken[-1]}


def test_what_a_task_runs_from_stays(world: World) -> None:
    """Whatever Airflow's database says."""
    first, second, newest = world.taken
    used = world.processor.disk / "_tracking" / "dags-folder" / first
    used.parent.mkdir(parents=True)
    with used.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        world.grow_old()
        world.look()
        assert world.here() == {first, newest}
    world.look()
    assert world.here() == {newest}
    assert second not in world.here()
    assert not used.exists()


def test_the_newest_of_another_machine_stays(world: World, folder: Store) -> None:
    """The next DAG processor carries on from it."""
    version = version_of_files({"plans/other.yaml": b""})
    folder.kept.store(version, {"plans/other.yaml": b""})
    world.grow_old()
    world.look()
    assert folder.kept.versions() == {version, world.taken[-1]}


def test_what_waits_for_the_store_stays(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the next to be announced, however long that takes."""

    def refused(*_: object) -> None:
        raise SnapshotsUnavailable("AccessDenied")

    world.grow_old()
    (world.source / "plans" / "good.yaml").write_text(PLAN.replace("One", "Four"))
    with monkeypatch.context() as patch:
        patch.setattr(storage.Folder, "write", refused)
        world.look(1)
        world.grow_old()
        world.look(3)
        assert version_of(world.bundle) == world.taken[-1]
    world.look(1)
    assert "Four" in (world.bundle.path / "plans" / "good.yaml").read_text()


def test_a_database_that_does_not_answer_removes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What is needed is not known."""

    def gone(_: datetime) -> set[str]:
        raise ConnectionError("the database is away")

    world.grow_old()
    monkeypatch.setattr(retention, "needed_versions", gone)
    world.look(3)
    assert world.here() == {*world.taken}
    assert "the database is away" in caplog.text


def test_a_removal_that_fails_harms_nothing_and_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The folder that is half gone is no snapshot any more; what is left of it goes later."""

    def refused(_: Path, **__: object) -> None:
        raise PermissionError("not yours to remove")

    world.grow_old()
    with monkeypatch.context() as patch:
        patch.setattr(removal, "shutil", SimpleNamespace(rmtree=refused))
        world.look()
    assert "Snapshots that no run needs were not removed" in caplog.text
    newest = world.taken[-1]
    assert version_of(world.bundle) == newest
    assert newest in world.here()
    world.look()
    assert world.processor.names() == [newest]


def test_a_store_that_refuses_a_removal_goes_on_storing(
    world: World, folder: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The right to remove was not given."""

    def refused(*_: object) -> None:
        raise SnapshotsUnavailable("AccessDenied: not yours to remove")

    world.grow_old()
    monkeypatch.setattr(storage.Folder, "remove", refused)
    world.look()
    assert "not yours to remove" in caplog.text
    assert "Traceback" not in caplog.text
    assert folder.kept.versions() == {*world.taken}
    (world.source / "plans" / "good.yaml").write_text(PLAN.replace("One", "Four"))
    world.bundle.refresh()
    assert version_of(world.bundle) in folder.kept.versions()


def test_a_worker_removes_what_it_has_not_used_for_long(
    world: World, folder: Store, machine_of: Callable[..., Machine]
) -> None:
    """When it fetches another; what it is asked for again it fetches again."""
    first, second, third = world.taken
    worker = machine_of("worker", folder.address)
    for version in (first, second):
        worker.bundle(version).initialize()
    long_ago = time.time() - (settings().snapshot_days + 1) * DAY
    os.utime(worker.versions / first, (long_ago, long_ago))
    os.utime(worker.versions / second, (long_ago, long_ago))
    worker.bundle(second).initialize()
    worker.bundle(third).initialize()
    assert worker.names() == sorted([second, third])
    worker.bundle(first).initialize()
    assert worker.names() == sorted(world.taken)


def test_what_a_process_left_behind_is_removed_when_it_is_old(world: World) -> None:
    """Of one that was killed while it wrote; a young one may be at it."""
    left = world.processor.versions / ".tmpabc"
    (left / "snapshot").mkdir(parents=True)
    world.look()
    assert left.is_dir()
    world.grow_old()
    world.look()
    assert not left.exists()
