"""Whether Airflow has read what is in the newest snapshot; what it has not, it is made to read again.

Airflow reads a DAG file when it has changed, and counts it as read then, also after a reading that ran out of
time, whose process was killed, whose result the database did not take, or that began before the change and
ended after it. All the plans of the file would be gone, or as they were, until one is changed.
So Airflow's database is asked what it holds of each plan, and from which snapshot it was read.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from drs_recovery.dag.files.division import Division, division_of
from drs_recovery.dag.files.folder import PLANS
from drs_recovery.dag.files.shards import shard_of_plan
from drs_recovery.names import dag_id_of
from drs_recovery.plan import plan_stems

if TYPE_CHECKING:
    from collections.abc import Iterable

log = logging.getLogger(__name__)

LOOK_EVERY = 5.0
"""Seconds until something is read again that is not read yet; the next time, twice as many."""

LOOK_AT_REST = 60.0

LONGEST_PAUSE = 600.0
"""Seconds between two readings of a file that Airflow never gets read."""


class Known(NamedTuple):
    """What Airflow's database holds of a DAG: the path it was read from, and whether it counts."""

    dag_id: str
    fileloc: str
    relative_fileloc: str
    is_stale: bool

    @property
    def version(self) -> str:
        """The version of the snapshot that it was read from; none, if it was read from no snapshot."""
        below = Path(self.fileloc).parts[: -len(Path(self.relative_fileloc).parts)]
        return below[-1] if below else ""


@dataclass
class Readings:
    """The looks at what Airflow has read of one bundle, and which of its files were made to be read again."""

    bundle: str
    _next: float = 0.0
    _pauses: dict[str, tuple[float, float]] = field(default_factory=dict)

    def changed(self) -> None:
        """Look soon: there is a new snapshot, which Airflow is to read first."""
        self._next, self._pauses = time.monotonic() + LOOK_EVERY, {}

    def look(self, snapshot: Path) -> None:
        """If it is time, have Airflow read again what it holds otherwise than the snapshot does."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + LOOK_AT_REST
        try:
            late = unread(snapshot, known_dags(self.bundle))
        except Exception:
            log.warning("It is not known what Airflow has read of the DAGs", exc_info=True)
            return
        self._pauses = {file: pause for file, pause in self._pauses.items() if file in late}
        for file in late:
            self._again(snapshot, file, now)
        self._next = min([self._next, *(due for due, _ in self._pauses.values())])

    def _again(self, snapshot: Path, file: str, now: float) -> None:
        """Have a file, or the archive it is in, read again: at once, and then after pauses that double."""
        due, pause = self._pauses.get(file, (now, LOOK_EVERY))
        if now < due:
            return
        self._pauses[file] = (now + pause, min(2 * pause, LONGEST_PAUSE))
        for path in (snapshot / file, *(snapshot / file).parents):
            if path.is_file():
                path.touch()
                return


def unread(snapshot: Path, known: Iterable[Known]) -> set[str]:
    """Return the DAG files of a snapshot from which Airflow holds something else than is in them.

    A plan that is not there, or not counted; a plan, or a DAG of another file, that was read from a snapshot
    in which that file was built from something else; a plan that is gone, and still counts.
    """
    divisions: dict[str, Division] = {}

    def built_from(version: str, file: str) -> str:
        """Return what identifies the content of a DAG file: if it is not one of ours, the version."""
        if version not in divisions:
            divisions[version] = division_of(snapshot.parent / version)
        return divisions[version].get(file, version)

    files = _files_of_plans(snapshot)
    late, read = set(), set()
    for dag in known:
        file = dag.relative_fileloc
        is_new = built_from(dag.version, file) == built_from(snapshot.name, file)
        if dag.dag_id in files:
            if is_new and file == files[dag.dag_id] and not dag.is_stale:
                read.add(dag.dag_id)
        elif not dag.is_stale and (file in divisions[snapshot.name] or not is_new):
            late.add(file)
    return late | {file for dag_id, file in files.items() if dag_id not in read}


def known_dags(bundle: str) -> list[Known]:
    """Return what Airflow's database holds of the DAGs of a bundle."""
    # A worker, which looks at nothing, need not load Airflow's tables
    from airflow.models.dag import DagModel  # noqa: PLC0415
    from airflow.utils.session import create_session  # noqa: PLC0415

    columns = (DagModel.dag_id, DagModel.fileloc, DagModel.relative_fileloc, DagModel.is_stale)
    with create_session() as session:
        rows = session.execute(select(*columns).where(DagModel.bundle_name == bundle)).all()
    return [Known(*row) for row in rows if row.fileloc and row.relative_fileloc]  # type: ignore[arg-type]


def _files_of_plans(snapshot: Path) -> dict[str, str]:
    """Return the DAG file of each plan, by DAG id, of a snapshot that is divided."""
    plans = snapshot / PLANS
    if not division_of(snapshot) or not plans.is_dir():
        return {}
    ids = map(dag_id_of, plan_stems(plans))
    return {dag_id: shard_of_plan(dag_id).file for dag_id in ids}
