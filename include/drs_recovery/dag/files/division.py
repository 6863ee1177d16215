"""How a snapshot is divided into DAG files, and which of them have changed since the snapshot before.

Airflow reads a DAG file again when its time of change is later than its last reading. So a file keeps that
time from snapshot to snapshot for as long as everything that its DAGs are built from stays as it is.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from drs_recovery.dag import scheduled
from drs_recovery.dag.files import last_good
from drs_recovery.dag.files.folder import GROUPS, OF_AUTHORS, PLANS
from drs_recovery.dag.files.shards import LOADER, SHARDS, Shard, shard_of_file, shard_of_plan
from drs_recovery.names import dag_id_of
from drs_recovery.plan import group_ids
from drs_recovery.plan.reader import is_plan_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MANIFEST = ".division.json"
"""A hidden file of a snapshot: what its DAG files are built from, as a digest for each."""

Division = dict[str, str]


def stem_of(name: str) -> str | None:
    """Return the stem of a plan by the path of its file in the folder of DAGs; None if it is no plan's."""
    path = PurePath(name)
    return path.stem if str(path.parent) == PLANS and is_plan_file(path) else None


def group_of(name: str) -> str | None:
    """Return the id of a group by the path of its file in the folder of DAGs; None if it is no group's."""
    path = PurePath(name)
    return path.stem if str(path.parent) == GROUPS and is_plan_file(path) else None


def divided(files: Mapping[str, bytes], beside: Mapping[str, bytes], before: Iterable[str]) -> Division:
    """Return the DAG files for shares of the plans, each with a digest of what its DAGs are built from.

    ``files`` are those of the folder, ``beside`` those that only the snapshot has. A plan is built from the
    groups that it uses, too. Without a loader that asks for its share there is no such file: each copy of one
    that does not would make the DAGs of all plans. One of ``before`` stays, though its last plan is gone. If
    it were gone too, Airflow would take a plan that is missing for a moment for deleted.
    """
    mine: dict[str, dict[str, bytes]] = {}
    common = {}
    groups = {name: content for name, content in files.items() if group_of(name)}
    for name, content in (*files.items(), *beside.items()):
        stem = stem_of(name) or _stem_beside(name)
        if stem is not None:
            own = mine.setdefault(shard_of_plan(dag_id_of(stem)).file, {})
            own[name] = content
            if groups and (used := group_ids(content)):
                own |= {group: text for group, text in groups.items() if group_of(group) in used}
        elif not name.startswith(OF_AUTHORS):
            common[name] = content
    if shard_of_file.__name__.encode() not in files.get(LOADER, b""):
        return {}
    shared, names = digest_of(common), {*mine, *before} or {Shard(0, SHARDS).file}
    division = {name: shared + digest_of(mine.get(name, {})) for name in sorted(names)}
    if not mine:
        division[min(names)] += "-"  # it marks that there is no plan at all
    return division


def division_of(snapshot: Path | None) -> Division:
    """Return how a snapshot is divided; not at all, if an earlier release has taken it."""
    try:
        return dict(json.loads((snapshot / MANIFEST).read_text())) if snapshot else {}
    except (OSError, ValueError):
        return {}


def log_changes(snapshot: Path, before: Path | None) -> None:
    """Have Airflow read the DAG files of a snapshot that differ from those of the one before, and no others.

    A DAG file that is not of ours may be built from anything in the folder: it differs as soon as that does.
    """
    now, then = division_of(snapshot), division_of(before)
    for path in snapshot.rglob("*.py"):
        name = str(path.relative_to(snapshot))
        if before and name in now and now[name] == then.get(name) and (before / name).exists():
            time = (before / name).stat().st_mtime
            os.utime(path, (time, time))
        else:
            path.touch()


def _stem_beside(name: str) -> str | None:
    path = PurePath(name)
    if str(path.parent) == f"{PLANS}/{last_good.FOLDER}":
        return path.stem
    return path.name if str(path.parent) == f"{PLANS}/{scheduled.FOLDER}" else None


def digest_of(files: Mapping[str, bytes], digits: int = 20) -> str:
    """Return a digest of files, hexadecimal: a function of their names and contents, and of nothing else."""
    digest = hashlib.sha256()
    for name in sorted(files):
        for part in (os.fsencode(name), files[name]):
            digest.update(b"%d:" % len(part))
            digest.update(part)
    return digest.hexdigest()[:digits]
