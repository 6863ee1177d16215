"""What makes a new version of a DAG: a change of what it is built from, and not where its snapshot lies."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from airflow.models.serialized_dag import SerializedDagModel
from airflow.serialization.serialized_objects import DagSerialization

from drs_recovery.dag import loader
from drs_recovery.dag.files.shards import LOADER
from tests.recovery.dag.dag_files import MAINTENANCE_FILE, PLAN, ROOT, dags_of

if TYPE_CHECKING:
    from collections.abc import Callable

BROKEN = PLAN.replace("region:", "regoin:")


def without_plans(plans: Path) -> None:
    """They cannot be listed."""
    shutil.rmtree(plans)


def broken(plans: Path) -> None:
    """One never was good, one was, and what is kept of one is of no use."""
    for stem in ("never", "was", "spoilt"):
        (plans / f"{stem}.yaml").write_text(BROKEN)
    (plans / ".last_good").mkdir()
    since = "# Carried since 2026-01-01 00:00:00 UTC\n"
    (plans / ".last_good" / "was.yaml").write_text(since + PLAN)
    (plans / ".last_good" / "spoilt.yaml").write_text(since + BROKEN)


def unreadable(plans: Path) -> None:
    """What is no file, or leads nowhere, or out of the folder, or has another beside it."""
    (plans / "folder.yaml").mkdir()
    os.mkfifo(plans / "pipe.yaml")
    (plans / "nowhere.yaml").symlink_to("missing")
    (plans / "out.yaml").symlink_to("/etc/hostname")
    (plans / "loop.yaml").symlink_to("loop.yaml")
    (plans / "good.yml").write_text(PLAN)


def unbuildable(_: Path) -> None:
    """What the loader needs is not there: the error names the path of a file in the snapshot."""


@pytest.mark.parametrize(
    "spoil", [without_plans, broken, unreadable, unbuildable], ids=lambda one: one.__name__
)
def test_where_a_snapshot_lies_makes_no_version(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Path], None]
) -> None:
    """Of no DAG, whatever is wrong in the folder: each edit of any plan makes a snapshot of another name."""
    shutil.copy(ROOT / "dags" / MAINTENANCE_FILE, source)
    spoil(source / "plans")
    if spoil is unbuildable:
        monkeypatch.setattr(loader, "scheduled_since", lambda plans, stem: (plans / stem / "x").read_text())
    versions = []
    for place in ("0123", "4567"):
        shutil.copytree(source, tmp_path / place, symlinks=True, copy_function=copy)
        dags = [dag for file in (LOADER, MAINTENANCE_FILE) for dag in dags_of(tmp_path / place / file)]
        versions.append({dag.dag_id: SerializedDagModel.hash(DagSerialization.to_dict(dag)) for dag in dags})
    assert versions[0] == versions[1]
    assert {"recovery_maintenance", "recovery_clean_up"} < set(versions[0])


def copy(source: str, target: str) -> None:
    """Copy a file; of a pipe, make another."""
    if Path(source).is_fifo():
        os.mkfifo(target)
    else:
        shutil.copy2(source, target, follow_symlinks=False)
