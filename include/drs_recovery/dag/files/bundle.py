"""A versioned bundle of a folder of DAGs: Airflow keeps each run on the snapshot it was started with."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import Any, NamedTuple

from airflow import settings
from airflow.dag_processing.bundles.base import BaseDagBundle, BundleVersion
from airflow.sdk.exceptions import AirflowException

from drs_recovery.dag.files.contents import contents_of
from drs_recovery.dag.files.division import log_changes
from drs_recovery.dag.files.fetching import bring, is_here
from drs_recovery.dag.files.folder import Look, look_at, read_folder
from drs_recovery.dag.files.kept import KeptSnapshots, snapshots_at
from drs_recovery.dag.files.readings import Readings
from drs_recovery.dag.files.retention import Retention
from drs_recovery.dag.files.snapshot import OWN_FOLDER, take_snapshot
from drs_recovery.dag.files.trouble import snapshot_with_trouble
from drs_recovery.errors import FolderRefused, SnapshotGone, SnapshotRefused, SnapshotsUnavailable

log = logging.getLogger(__name__)

NEWEST = "newest"
"""A link to the newest snapshot, which the next one carries the last good plans from."""

ASK_AGAIN = 30.0
"""Seconds after which a store that did not answer is asked again."""


class Pending(NamedTuple):
    """A snapshot that is taken, and that nobody has been told of yet."""

    version: str
    before: Path | None
    look: Look | None


class SnapshotDagBundle(BaseDagBundle):
    """Snapshots of a folder, each named after its content.

    A snapshot is made when the folder is seen changed, and is never changed; it is removed when no run can
    need it any more: a gate may wait, and a failed run be cleared. They lie in Airflow's
    ``[dag_processor] dag_bundle_storage_path``. Without a store every process and worker has to see that;
    with one it is each machine's own, and what is lacking there is fetched.

    :param source: the folder; absent: ``[core] dags_folder``.
    :param store: where snapshots are kept for all machines: an absolute path of a folder that all see, or an
        address of object storage, ``s3://bucket/folder``. Of one Airflow alone.
    :param store_conn_id: the Airflow connection that reaches the object storage; absent: the credentials of
        the machine.
    """

    supports_versioning = True

    def __init__(
        self,
        *,
        source: str | None = None,
        store: str | None = None,
        store_conn_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source = Path(source or settings.DAGS_FOLDER)
        self._kept = KeptSnapshots(snapshots_at(store, store_conn_id, self.name)) if store else None
        self._current = self.version
        self._look: Look | None = None
        self._pending: Pending | None = None
        self._stored: str | None = None
        self._away = ""
        self._next_try = 0.0
        self._readings = Readings(self.name)
        self._retention = Retention(self.name, self.versions_dir, self._kept)

    def initialize(self) -> None:
        """Take a snapshot, or find the one that a run is pinned to."""
        if self.version is None:
            self._make_storage()
            self.refresh()
        elif not is_here(self.path):
            self._get(self.version)
        super().initialize()

    def refresh(self) -> None:
        """Take a snapshot if the folder has changed; a folder that cannot be read leaves the last one.

        One process at a time reads and takes: the newest snapshot is of what was read last. While the store
        does not answer the last snapshot stays, too.
        """
        with self.lock():
            self._take_if_stored()
        if self.is_initialized:  # Airflow's DAG processor asks again, and nobody else
            self._readings.look(self.path)
            self._retention.look(self.path.name, *([self._pending.version] if self._pending else []))

    def _get(self, version: str) -> None:
        """Have a snapshot that is not on this machine; raises SnapshotError.

        Without a store there is nowhere to have it from: that raises AirflowException.
        """
        if self._kept is None:
            raise AirflowException(
                f"The snapshot {version} of the DAGs is not in {self.versions_dir}: it was removed "
                "(RECOVERY_SNAPSHOT_DAYS), or [dag_processor] dag_bundle_storage_path is no place that every "
                "worker sees, and the bundle has no store"
            )
        self._make_storage()
        bring(self._kept, self.name, self.versions_dir, version)

    def _take_if_stored(self) -> None:
        """Take a snapshot, or stay with the last one and say so once, if a new one cannot be stored."""
        if time.monotonic() < self._next_try:
            return
        try:
            self._take()
        except SnapshotsUnavailable as error:
            if (last := self._last()) is None:
                raise
            self._current = self._current or last.name
            self._next_try = time.monotonic() + ASK_AGAIN
            if not self._away:
                log.warning("%s. DAGs stay as they were in the snapshot %s", error, self._current)
            self._away = str(error)
        else:
            if self._away:
                log.info("The store of snapshots answers again")
            self._away = ""

    def _take(self) -> None:
        """Take a snapshot if the folder has changed; if there is too much in it, one that shows so."""
        try:
            if (look := look_at(self.source)).same_as(self._look):
                return
            if self._pending is None or not look.same_as(self._pending.look):
                before = self._before()
                version = take_snapshot(read_folder(self.source), self.versions_dir, before)
                self._pending = Pending(version, before, look)
        except FolderRefused as error:
            before = self._last() or self._before()
            version = snapshot_with_trouble(str(error), self.versions_dir, before)
            self._pending = Pending(version, before, None)
        self._announce(self._pending)
        self._look, self._pending = self._pending.look, None

    def _announce(self, new: Pending) -> None:
        """Let runs start on a snapshot, once every machine can have it."""
        snapshot = self.versions_dir / new.version
        if self._kept and new.version != self._stored:
            self._kept.store(new.version, contents_of(snapshot))
            self._stored = new.version
        if new.version != self._current:
            if self._away:  # it was taken a while ago
                log_changes(snapshot, new.before)
            self._current = new.version
            self._point_to(new.version)
            self._readings.changed()

    def _make_storage(self) -> None:
        """Make the folder of the snapshots, closed to others."""
        for folder in (self.base_dir, self.versions_dir):
            folder.mkdir(mode=OWN_FOLDER, parents=True, exist_ok=True)

    def get_current_version(self) -> BundleVersion | None:
        """Return the version of the snapshot that was taken last, or is pinned."""
        return BundleVersion(self._current) if self._current else None

    @property
    def path(self) -> Path:
        """The snapshot; before there is one, the folder."""
        return self.versions_dir / self._current if self._current else self.source

    def _before(self) -> Path | None:
        """Return the newest snapshot, whichever machine has taken it; None if there is none."""
        if self._kept and (version := self._kept.newest()):
            newest = self.versions_dir / version
            try:
                if not is_here(newest):
                    self._get(version)
            except (SnapshotGone, SnapshotRefused) as error:
                log.error("%s. The next snapshot carries on from this machine's last one", error)  # noqa: TRY400
            else:
                return newest
        return self._last()

    def _last(self) -> Path | None:
        """Return the newest snapshot of this machine; None if there is none."""
        newest = self.base_dir / NEWEST
        return self.versions_dir / newest.readlink().name if newest.is_dir() else None

    def _point_to(self, version: str) -> None:
        link = self.base_dir / f".{NEWEST}.{os.getpid()}"
        link.unlink(missing_ok=True)
        link.symlink_to(Path(self.versions_dir.name, version))
        link.rename(self.base_dir / NEWEST)
