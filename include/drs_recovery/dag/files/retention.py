"""Which snapshots are needed, and that the others are removed: here, and where they are kept for all.

Airflow's database says what is needed. The DAG processor alone may ask it, and so it alone need have the
right to remove something from a store: a task may ask for the state of a DAG run, but not for its version.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_, select, tuple_

from drs_recovery.dag.files.removal import DAY, remove_leftovers, remove_snapshot, snapshots_in, unused_for
from drs_recovery.errors import SnapshotError
from drs_recovery.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from drs_recovery.dag.files.kept import KeptSnapshots

log = logging.getLogger(__name__)

LOOK_EVERY = 3600.0
"""Seconds between two looks. What is not needed at two of them in turn is removed: a run that was about to
start at the first is there at the second."""

MOST = 50
"""Snapshots that one look removes: DAGs wait for it."""

FINISHED = ("success", "failed")


@dataclass
class Retention:
    """The looks at what is needed of one bundle's snapshots."""

    bundle: str
    versions: Path
    kept: KeptSnapshots | None
    _next: float = 0.0
    _not_needed: frozenset[str] = field(default_factory=frozenset)

    def look(self, *own: str) -> None:
        """If it is time, remove what was needed neither now nor at the look before; logs what goes wrong.

        ``own`` are versions that the DAG processor itself is at.
        """
        if (now := time.monotonic()) < self._next:
            return
        self._next = now + LOOK_EVERY
        try:
            self._look(own)
        except Exception as error:
            unknown = not isinstance(error, OSError | SnapshotError)
            log.warning("Snapshots that no run needs were not removed: %s", error, exc_info=unknown)

    def _look(self, own: Iterable[str]) -> None:
        needed = needed_versions(datetime.now(UTC) - timedelta(days=settings().snapshot_days)) | {*own}
        here = {path.name for path in snapshots_in(self.versions)}
        there = self.kept.versions() if self.kept else set()
        if self.kept and (elsewhere := self.kept.newest()):
            needed.add(elsewhere)
        not_needed = (here | there) - needed
        twice, self._not_needed = not_needed & self._not_needed, frozenset(not_needed)
        self._remove_here(sorted(twice & here)[:MOST])
        if self.kept:
            _remove_from(self.kept, sorted(twice & there)[:MOST])

    def _remove_here(self, versions: Iterable[str]) -> None:
        for snapshot in (self.versions / version for version in versions):
            if unused_for(snapshot) > DAY and remove_snapshot(self.bundle, snapshot):
                log.info("The snapshot %s was removed: no run needs it", snapshot)
        remove_leftovers(self.versions)


def _remove_from(kept: KeptSnapshots, versions: Iterable[str]) -> None:
    for version in versions:
        if time.time() - kept.stored(version) > DAY:
            kept.remove(version)
            log.info("The snapshot %s was removed from %s: no run needs it", version, kept.shown)


def needed_versions(since: datetime) -> set[str]:
    """Return the versions that a DAG run of Airflow may need, in flight, to come, or cleared.

    Of a run that ended before ``since`` nothing is needed. A new run takes the version that its DAG was read
    from last, which is an old one where the DAG has not changed.
    """
    # A worker, which looks at nothing, need not load Airflow's tables
    from airflow.models.dag import DagModel  # noqa: PLC0415
    from airflow.models.dag_version import DagVersion  # noqa: PLC0415
    from airflow.models.dagbundle import DagBundleModel  # noqa: PLC0415
    from airflow.models.dagrun import DagRun  # noqa: PLC0415
    from airflow.models.taskinstance import TaskInstance  # noqa: PLC0415
    from airflow.utils.session import create_session  # noqa: PLC0415

    may_run = or_(DagRun.state.not_in(FINISHED), DagRun.end_date.is_(None), DagRun.end_date > since)
    its_run = and_(DagRun.dag_id == TaskInstance.dag_id, DagRun.run_id == TaskInstance.run_id)
    latest = select(DagVersion.dag_id, func.max(DagVersion.version_number)).group_by(DagVersion.dag_id)
    number = tuple_(DagVersion.dag_id, DagVersion.version_number)
    asked = (
        select(DagBundleModel.version),
        select(DagModel.bundle_version),
        select(DagVersion.bundle_version).where(number.in_(latest)),
        select(DagRun.bundle_version).where(may_run),
        select(DagVersion.bundle_version)
        .join(DagRun, DagRun.created_dag_version_id == DagVersion.id)
        .where(may_run),
        select(DagVersion.bundle_version)
        .join(TaskInstance, TaskInstance.dag_version_id == DagVersion.id)
        .join(DagRun, its_run)
        .where(may_run),
    )
    with create_session() as session:
        return {version for one in asked for version in session.scalars(one.distinct()) if version}
