"""Stores of snapshots, in a folder and in S3, and machines that have nothing but them in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow.dag_processing.bundles import base

from drs_recovery.dag.files.bundle import SnapshotDagBundle
from drs_recovery.dag.files.kept import KeptSnapshots, snapshots_at

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from drs_recovery.storage import Place

BUCKET = "snapshots"
BUNDLE = "dags-folder"


@dataclass(frozen=True)
class Store:
    """A store by its address, as the bundle is given it."""

    address: str

    @property
    def place(self) -> Place:
        """Its objects of our bundle, by the way that the product takes."""
        return snapshots_at(self.address, None, BUNDLE)

    @property
    def kept(self) -> KeptSnapshots:
        """Its snapshots of our bundle."""
        return KeptSnapshots(self.place)


@dataclass(frozen=True)
class Machine:
    """A machine: its own disk, and perhaps a folder of DAGs."""

    disk: Path
    source: Path
    patch: pytest.MonkeyPatch
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def versions(self) -> Path:
        """Where its snapshots lie."""
        return self.disk / BUNDLE / "versions"

    def bundle(self, version: str | None = None) -> SnapshotDagBundle:
        """Return the bundle as Airflow makes it there, of the newest version or of one."""
        self.patch.setattr(base, "get_bundle_storage_root_path", lambda: self.disk)
        self.patch.setattr(base, "STALE_BUNDLE_TRACKING_FOLDER", self.disk / "_tracking")
        return SnapshotDagBundle(
            source=str(self.source), name=BUNDLE, refresh_interval=1, version=version, **self.options
        )

    def names(self) -> list[str]:
        """Return what lies among its snapshots, whatever it is called."""
        return sorted(path.name for path in self.versions.iterdir()) if self.versions.is_dir() else []
