"""A versioned bundle of a folder of DAGs: Airflow keeps each run on the snapshot it was started with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from airflow import settings
from airflow.dag_processing.bundles.base import BaseDagBundle, BundleVersion
from airflow.sdk.exceptions import AirflowException

from drs_recovery.dag.files.folder import Look, look_at, read_folder
from drs_recovery.dag.files.readings import Readings
from drs_recovery.dag.files.snapshot import OWN_FOLDER, take_snapshot
from drs_recovery.dag.files.trouble import snapshot_with_trouble
from drs_recovery.errors import FolderRefused

NEWEST = "newest"
"""A link to the newest snapshot, which the next one carries the last good plans from."""


class SnapshotDagBundle(BaseDagBundle):
    """Snapshots of a folder, each named after its content.

    A snapshot is made when the folder is seen changed, and is never changed or removed: a gate may wait, and
    a failed run be cleared, for as long as Airflow knows the run. They lie in Airflow's
    ``[dag_processor] dag_bundle_storage_path``, which every process and worker has to see.

    :param source: the folder; absent: ``[core] dags_folder``.
    """

    supports_versioning = True

    def __init__(self, *, source: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source = Path(source or settings.DAGS_FOLDER)
        self._current = self.version
        self._look: Look | None = None
        self._readings = Readings(self.name)

    def initialize(self) -> None:
        """Take a snapshot, or find the one that a run is pinned to."""
        if self.version is None:
            self._make_storage()
            self.refresh()
        elif not self.path.is_dir():
            raise AirflowException(
                f"The snapshot {self.version} of the DAGs is not in {self.versions_dir}: it was removed, or "
                "[dag_processor] dag_bundle_storage_path is no place that every worker sees"
            )
        super().initialize()

    def refresh(self) -> None:
        """Take a snapshot if the folder has changed; a folder that cannot be read leaves the last one.

        One process at a time reads and takes: the newest snapshot is of what was read last.
        """
        with self.lock():
            self._take()
        if self.is_initialized:  # Airflow's DAG processor asks again, and nobody else
            self._readings.look(self.path)

    def _take(self) -> None:
        """Take a snapshot if the folder has changed; if there is too much in it, one that shows so."""
        before = self._newest()
        try:
            if (look := look_at(self.source)).same_as(self._look):
                return
            version = take_snapshot(read_folder(self.source), self.versions_dir, before)
        except FolderRefused as error:
            look, version = None, snapshot_with_trouble(str(error), self.versions_dir, before)
        if version != self._current:
            self._current = version
            self._point_to(version)
            self._readings.changed()
        self._look = look

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

    def _newest(self) -> Path | None:
        newest = self.base_dir / NEWEST
        return self.versions_dir / newest.readlink().name if newest.is_dir() else None

    def _point_to(self, version: str) -> None:
        link = self.base_dir / f".{NEWEST}.{os.getpid()}"
        link.unlink(missing_ok=True)
        link.symlink_to(Path(self.versions_dir.name, version))
        link.rename(self.base_dir / NEWEST)
