"""Machines that share a store and no disk: each has the snapshots that it needs, or says why it has not."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.exceptions import AirflowException

from drs_recovery.dag.files.archive import packed
from drs_recovery.dag.files.bundle import SnapshotDagBundle
from drs_recovery.dag.files.shards import shard_of_plan
from drs_recovery.errors import SnapshotGone, SnapshotRefused, SnapshotsUnavailable
from tests.recovery.dag.dag_files import PLAN, dags_of, version_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import LocalAws
    from tests.recovery.dag.stores import Machine, Store

TWO = PLAN.replace("One", "Two")


def test_a_worker_has_the_snapshot_that_another_machine_has_taken(
    store: Store, source: Path, machine_of: Callable[..., Machine]
) -> None:
    """With its DAGs, though the folder has changed since, and though it sees no folder at all."""
    processor = machine_of("processor", store.address).bundle()
    processor.initialize()
    pinned = version_of(processor)
    (source / "plans" / "good.yaml").write_text(TWO)
    processor.refresh()
    shutil.rmtree(source)
    worker = machine_of("worker", store.address).bundle(pinned)
    worker.initialize()
    assert (worker.path / "plans" / "good.yaml").read_text() == PLAN
    assert [dag.dag_id for dag in dags_of(worker.path / shard_of_plan("good").file)] == ["good"]
    assert version_of(worker) == pinned != version_of(processor)


def test_many_processes_of_a_machine_fetch_it_once(
    s3: Store, local_aws: LocalAws, machine_of: Callable[..., Machine]
) -> None:
    """One asks the store while the others wait; none sees half of it, and nothing else is left there."""
    processor = machine_of("processor", s3.address).bundle()
    processor.initialize()
    pinned, worker = version_of(processor), machine_of("worker", s3.address)
    context = multiprocessing.get_context("fork")
    start, seen = context.Barrier(8), context.Queue()

    def task() -> None:
        bundle = worker.bundle(pinned)
        start.wait()
        bundle.initialize()
        seen.put(sorted(str(path.relative_to(bundle.path)) for path in bundle.path.rglob("*")))

    local_aws.control.clear_requests()
    processes = [context.Process(target=task) for _ in range(8)]
    for process in processes:
        process.start()
    found = [seen.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert found == [found[0]] * 8
    assert "plans/good.yaml" in found[0]
    assert len(local_aws.control.requests(service="s3")) == 1
    assert worker.names() == [pinned]
    assert sorted(path.name for path in worker.versions.parent.iterdir()) == ["versions"]


def test_what_is_here_needs_no_store(store: Store, machine_of: Callable[..., Machine]) -> None:
    """A task whose version is on its machine runs while nobody reaches the store."""
    processor = machine_of("processor", store.address).bundle()
    processor.initialize()
    pinned = version_of(processor)
    machine_of("worker", store.address).bundle(pinned).initialize()
    away = machine_of("worker", "/nowhere").bundle(pinned)
    away.initialize()
    assert (away.path / "plans" / "good.yaml").read_text() == PLAN


def test_what_is_not_here_fails_with_the_store_and_what_it_said(machine_of: Callable[..., Machine]) -> None:
    """And leaves nothing behind that another could take for a snapshot."""
    worker = machine_of("worker", "/nowhere")
    with pytest.raises(
        SnapshotsUnavailable, match=r"/nowhere/dags-folder.*No such file.*docs/production\.md"
    ):
        worker.bundle("0" * 40).initialize()
    assert worker.names() == []


def test_a_snapshot_that_is_kept_nowhere_says_what_to_do(
    store: Store, machine_of: Callable[..., Machine]
) -> None:
    """It was removed for its age, or this is another store."""
    with pytest.raises(SnapshotGone, match=f"{'0' * 40}.*Start a new run"):
        machine_of("worker", store.address).bundle("0" * 40).initialize()
    with pytest.raises(AirflowException, match="the bundle has no store"):
        machine_of("worker", None).bundle("0" * 40).initialize()


def test_a_wrong_snapshot_is_never_used(store: Store, machine_of: Callable[..., Machine]) -> None:
    """Not a file of it comes to this machine's disk."""
    processor = machine_of("processor", store.address).bundle()
    processor.initialize()
    store.place.write(f"{version_of(processor)}.tar.gz", packed({"recovery_plans.py": b"import os"}))
    worker = machine_of("worker", store.address)
    with pytest.raises(SnapshotRefused, match=f"expected {version_of(processor)}"):
        worker.bundle(version_of(processor)).initialize()
    assert worker.names() == []


def test_a_process_that_dies_while_it_fetches_leaves_no_snapshot(
    store: Store, machine_of: Callable[..., Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one fetches it whole."""
    processor = machine_of("processor", store.address).bundle()
    processor.initialize()
    pinned, worker = version_of(processor), machine_of("worker", store.address)

    def killed() -> None:
        monkeypatch.setattr(Path, "rename", lambda *_: os._exit(9))
        worker.bundle(pinned).initialize()

    process = multiprocessing.get_context("fork").Process(target=killed)
    process.start()
    process.join(60)
    assert process.exitcode == 9
    assert pinned not in worker.names()
    bundle = worker.bundle(pinned)
    bundle.initialize()
    assert (bundle.path / "plans" / "good.yaml").read_text() == PLAN


def test_a_new_disk_goes_on_from_the_newest_snapshot(
    store: Store, source: Path, machine_of: Callable[..., Machine]
) -> None:
    """A DAG processor that starts in another pod still has the last good version of a plan that is broken."""
    first = machine_of("first", store.address).bundle()
    first.initialize()
    (source / "plans" / "good.yaml").write_text(PLAN.replace("region:", "regoin:"))
    first.refresh()
    second = machine_of("second", store.address).bundle()
    second.initialize()
    assert version_of(second) == version_of(first)
    assert (second.path / "plans" / ".last_good" / "good.yaml").is_file()


def test_a_newest_that_is_wrong_holds_nothing_up(
    store: Store, source: Path, machine_of: Callable[..., Machine], caplog: pytest.LogCaptureFixture
) -> None:
    """The next snapshot carries on from that of the machine, and the log says why."""
    bundle = machine_of("processor", store.address).bundle()
    bundle.initialize()
    store.place.write("newest", b"0" * 40)
    (source / "plans" / "good.yaml").write_text(TWO)
    bundle.refresh()
    assert "Two" in (bundle.path / "plans" / "good.yaml").read_text()
    assert f"The snapshot {'0' * 40} of the DAGs is not in {store.place.shown}" in caplog.text
    assert store.kept.newest() == version_of(bundle)


def test_the_store_is_named_in_airflows_configuration(
    store: Store, machine_of: Callable[..., Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `docs/production.md` shows it."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager  # noqa: PLC0415

    kwargs = {"source": "/dags", "store": store.address, "store_conn_id": "aws_snapshots"}
    classpath = f"{SnapshotDagBundle.__module__}.{SnapshotDagBundle.__name__}"
    config = json.dumps([{"name": "dags-folder", "classpath": classpath, "kwargs": kwargs}])
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", config)
    bundle = DagBundlesManager().get_bundle("dags-folder", "0" * 40)
    assert isinstance(bundle, SnapshotDagBundle)
    assert bundle.source == Path("/dags")
