"""Having a snapshot on this machine: fetched once, whoever asks, and there whole or not at all."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, flock
from typing import TYPE_CHECKING

from drs_recovery.dag.files.contents import VERSION
from drs_recovery.dag.files.removal import remove_unused
from drs_recovery.dag.files.snapshot import restore_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from drs_recovery.dag.files.kept import KeptSnapshots

log = logging.getLogger(__name__)


def is_here(snapshot: Path) -> bool:
    """Whether a snapshot is on this machine; if so, that it is used is noted in its time of change."""
    with suppress(OSError):  # it is not here, or in a place that this process may only read
        os.utime(snapshot)
    return snapshot.is_dir()


def bring(kept: KeptSnapshots, bundle: str, versions: Path, version: str) -> None:
    """Have a snapshot here; raises SnapshotError, and leaves nothing behind then.

    Of all processes that ask, one fetches it while the others wait.
    """
    if not VERSION.fullmatch(version):
        kept.fetch(version)  # says that there is none
    with _one_at_a_time(versions.parent / f".{version}.lock"):
        if is_here(versions / version):
            return
        restore_snapshot(kept.fetch(version), versions, version)
        log.info("The snapshot %s was fetched from %s", version, kept.shown)
    try:
        remove_unused(bundle, versions, version)
    except OSError as error:
        log.warning("Snapshots that are not used any more were not removed: %s", error)


@contextmanager
def _one_at_a_time(lock: Path) -> Iterator[None]:
    """Let other processes wait; the file goes with the need for it, as those who come later look first."""
    with lock.open("w") as file:
        flock(file, LOCK_EX)
        yield
        lock.unlink(missing_ok=True)
