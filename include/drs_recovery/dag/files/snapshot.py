"""A folder as it is at one moment: read whole, named after its content, and kept under that name for good.

A snapshot holds what was in the folder, and what else its DAGs are built from: the last good version of
plans that cannot be read, since when plans have their schedules, and the loader once for each share of plans.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from drs_recovery.dag.files.contents import CONTENTS, MARK, listed, version_of
from drs_recovery.dag.files.division import (
    MANIFEST,
    Division,
    divided,
    division_of,
    group_of,
    log_changes,
    stem_of,
)
from drs_recovery.dag.files.folder import GROUPS, PLANS
from drs_recovery.dag.files.last_good import carried
from drs_recovery.dag.files.shards import LOADER, shard_of_plan
from drs_recovery.dag.scheduled import scheduled
from drs_recovery.names import dag_id_of
from drs_recovery.plan import group_ids, plan_stems

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

READ_ONLY = 0o400
OWN_FOLDER = 0o700


def take_snapshot(files: Mapping[str, bytes], versions: Path, before: Path | None) -> str:
    """Keep files, and what else their DAGs are built from; return the version.

    ``before`` is the snapshot before, from which last good versions and times are carried on. Written under a
    temporary name and renamed: a version that is found is whole. Two that do so at once do the same.
    """
    versions.mkdir(mode=OWN_FOLDER, parents=True, exist_ok=True)
    with TemporaryDirectory(dir=versions, prefix=".") as draft:
        folder = Path(draft) / "snapshot"
        folder.mkdir(mode=OWN_FOLDER)
        names = [*_write(folder, files, before), *_gone(files, before)]
        changed = {stem for name in names if (stem := stem_of(name))} | _users(files, names)
        beside = _beside(folder, files, changed, before)
        _write(folder, beside, before)
        division = divided(files, beside, division_of(before))
        # What an earlier release has taken of the same files is another snapshot, and stays as it is
        contents = {**files, **beside} | ({MANIFEST: MARK} if division else {})
        version = version_of(contents)
        _write(folder, {CONTENTS: listed(contents)}, before)
        if division and not division_of(before):
            _divide_older(versions)
        _divide(folder, files, division)
        if not move(folder, versions / version):
            _divide(versions / version, files, division_of(versions / version) | division)
    if before != versions / version:
        log_changes(versions / version, before)
    return version


def restore_snapshot(contents: Mapping[str, bytes], versions: Path, version: str) -> None:
    """Have a snapshot here that was taken elsewhere, made of what its version is a hash of.

    As when it is taken: under a temporary name and renamed, so that a version that is found is whole.
    """
    versions.mkdir(mode=OWN_FOLDER, parents=True, exist_ok=True)
    files = {name: content for name, content in contents.items() if name != MANIFEST}
    with TemporaryDirectory(dir=versions, prefix=".") as draft:
        folder = Path(draft) / "snapshot"
        folder.mkdir(mode=OWN_FOLDER)
        _write(folder, files | {CONTENTS: listed(contents)}, None)
        _divide(folder, files, divided(files, {}, ()) if MANIFEST in contents else {})
        move(folder, versions / version)


def _users(files: Mapping[str, bytes], names: Iterable[str]) -> set[str]:
    """Return the stems of the plans that use a group whose file is among those that have changed."""
    groups = {group for name in names if (group := group_of(name))}
    plans = ((stem_of(name), content) for name, content in files.items()) if groups else ()
    return {stem for stem, content in plans if stem and groups & group_ids(content)}


def _divide_older(versions: Path) -> None:
    """Give snapshots that are not divided the DAG files in which the runs on them are looked for from now on.

    Any loader will do, as Airflow looks there for one DAG only.
    """
    for snapshot in versions.iterdir():
        loader, plans = snapshot / LOADER, snapshot / PLANS
        if loader.is_file() and plans.is_dir() and not (snapshot / MANIFEST).exists():
            names = {shard_of_plan(dag_id_of(stem)).file for stem in plan_stems(plans)}
            _add_loaders(snapshot, loader.read_bytes(), names)


def _beside(
    folder: Path, files: Mapping[str, bytes], changed: set[str], before: Path | None
) -> dict[str, bytes]:
    """Return what a snapshot holds of its plans that was not in the folder."""
    plans_before = before / PLANS if before else None
    kept = carried(folder / PLANS, plans_before, changed)
    texts: dict[str, bytes] = {}
    for name, content in files.items():
        if stem := stem_of(name):
            texts[stem] = texts.get(stem, b"") + content
    texts |= {PurePath(name).stem: content for name, content in kept.items()}
    beside = kept | scheduled(texts, plans_before, changed)
    return {f"{PLANS}/{name}": content for name, content in beside.items()}


def _gone(files: Mapping[str, bytes], before: Path | None) -> list[str]:
    """Return the files of plans and groups that were in the snapshot before, and are not there any more."""
    folders = [before / name for name in (PLANS, GROUPS)] if before else []
    there = [f"{one.name}/{path.name}" for one in folders if one.is_dir() for path in one.iterdir()]
    return [name for name in there if name not in files]


def _divide(folder: Path, files: Mapping[str, bytes], division: Division) -> None:
    """Put the loader there for each share of the plans, in place of the one for all."""
    if division:
        _add_loaders(folder, files[LOADER], division)
        _add(folder / MANIFEST, json.dumps(division, indent=1).encode())
        (folder / LOADER).unlink(missing_ok=True)


def _add_loaders(folder: Path, loader: bytes, names: Iterable[str]) -> None:
    for name in names:
        if not (folder / name).exists():
            _add(folder / name, loader)


def _add(path: Path, content: bytes) -> None:
    """Write a file all at once, where others may be looking."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.chmod(READ_ONLY)
    draft.rename(path)


def move(folder: Path, place: Path) -> bool:
    """Give a snapshot its name; returns whether it was not there already."""
    try:
        folder.rename(place)
    except OSError:
        # A folder is never renamed over another that has files: the snapshot was there already
        if not place.is_dir():
            raise
        return False
    return True


def _write(folder: Path, files: Mapping[str, bytes], before: Path | None) -> list[str]:
    """Write files that nobody changes in place; returns the names of those that are not as they were before.

    Folders stay writable, or nobody could remove them.
    """
    for parent in {(folder / name).parent for name in files}:
        parent.mkdir(parents=True, exist_ok=True)
    return [name for name, content in files.items() if not _keep(name, content, folder, before)]


def _keep(name: str, content: bytes, folder: Path, before: Path | None) -> bool:
    """Write a file, or share it with the snapshot before; returns whether it is the same there."""
    same = before is not None and _is(before / name, content)
    if before and same and not name.endswith(".py"):  # each DAG file has a time of its own
        with suppress(OSError):  # not every file system has links, or enough of them
            os.link(before / name, folder / name)
            return True
    (folder / name).write_bytes(content)
    (folder / name).chmod(READ_ONLY)
    return same


def _is(path: Path, content: bytes) -> bool:
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False
