"""Removing snapshots from this machine: never one that a task runs from, and none half.

Nothing is harmed by a removal that fails: a folder that is about to go has another name already, and what is
left of it goes the next time.
"""

from __future__ import annotations

import shutil
import time
from contextlib import ExitStack
from fcntl import LOCK_EX, LOCK_NB, flock
from typing import TYPE_CHECKING

from airflow.dag_processing.bundles import base

from drs_recovery.dag.files.contents import VERSION
from drs_recovery.settings import settings

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400.0


def snapshots_in(versions: Path) -> list[Path]:
    """Return the snapshots of this machine, by name."""
    paths = versions.iterdir() if versions.is_dir() else ()
    return sorted(path for path in paths if VERSION.fullmatch(path.name))


def unused_for(path: Path) -> float:
    """Return the seconds since a snapshot was taken, fetched or used; 0 if it is not there any more."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def remove_snapshot(bundle: str, snapshot: Path) -> bool:
    """Remove a snapshot unless a task runs from it; returns whether it is gone; raises OSError."""
    used = base.get_bundle_tracking_file(bundle, snapshot.name)
    with ExitStack() as held:
        if used.is_file():
            try:
                flock(held.enter_context(used.open()), LOCK_EX | LOCK_NB)
            except BlockingIOError:
                return False
        gone = snapshot.with_name(f".{snapshot.name}.gone")
        snapshot.rename(gone)
        used.unlink(missing_ok=True)
    shutil.rmtree(gone)
    return True


def remove_unused(bundle: str, versions: Path, needed: str) -> None:
    """Remove snapshots that were not used here for long, of a machine that can fetch them again."""
    newest = versions.parent / "newest"
    kept = {needed, newest.readlink().name if newest.is_symlink() else needed}
    for snapshot in snapshots_in(versions):
        if snapshot.name not in kept and unused_for(snapshot) > settings().snapshot_days * DAY:
            remove_snapshot(bundle, snapshot)
    remove_leftovers(versions)


def remove_leftovers(versions: Path) -> None:
    """Remove what processes have left behind that ended while they wrote or removed a snapshot."""
    for path in versions.glob(".*"):
        if path.is_dir() and not path.is_symlink() and unused_for(path) > DAY:
            shutil.rmtree(path, ignore_errors=True)
