"""The folder of DAGs, looked at and read: within limits, and never led out of it by authors of plans.

Looking costs one question to the system per file; the files are read only if a look shows a change.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from fnmatch import translate
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from drs_recovery.errors import FolderRefused
from drs_recovery.plan import groups
from drs_recovery.plan.plain_file import NoPlainFile, leads_out, plain_bytes
from drs_recovery.plan.reader import LARGEST as LARGEST_PLAN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PLANS = "plans"
"""Where the plans are, below the folder of DAGs."""

GROUPS = groups.FOLDER
"""Where the groups are that plans use, there too."""

OF_AUTHORS = (f"{PLANS}/", f"{GROUPS}/")
"""Where authors of plans write."""

PASSED_OVER = (".*", "__pycache__", "*.pyc", "*~", "#*#", "*.swp", "*.swx", "*.tmp", "*___jb_*___")
"""Names of hidden, compiled and editors' temporary files and folders."""

_PASSED_OVER = re.compile("|".join(map(translate, PASSED_OVER)))

WANTED = frozenset({".airflowignore"})
"""Hidden files that say something to Airflow."""

LARGEST = 16 * 1024 * 1024
"""Bytes of a file; DAG files have a thousandth of that, and all are held in memory at once."""

MOST_BYTES = 256 * 1024 * 1024
MOST_FILES = 20_000
DEEPEST = 20
"""Folders within folders."""

COARSE = 2.0
"""Seconds within which two changes of a file may bear the same time, on the coarsest of file systems."""

Stamp = tuple[int, ...]
"""What the system says of a file without reading it; another one if its content may have changed.

The time of the last change of content or name (ctime) is in it: no program can set that back, as some do with
the time of the last change of content (mtime).
"""


@dataclass(frozen=True)
class Look:
    """What a look at a folder saw, and when it began."""

    stamps: Mapping[str, Stamp]
    time: float

    def same_as(self, before: Look | None) -> bool:
        """Whether nothing has changed since an earlier look: by the stamps, if they were old enough for that.

        A file that was changed just before may be changed again at what the file system takes for the same
        moment, so what was fresh then is never taken for unchanged.
        """
        return before is not None and before.stable and self.stamps == before.stamps

    @property
    def stable(self) -> bool:
        """Whether no file was changed just before the look."""
        newest = max((stamp[-1] for stamp in self.stamps.values()), default=0)
        return newest < (self.time - COARSE) * 1e9


def look_at(folder: Path) -> Look:
    """Return the stamps of all files of a folder; raises OSError and FolderRefused as `read_folder` does."""
    begin = time.time()
    return Look({one.name: one.stamp for one in _walk(folder)}, begin)


def read_folder(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below a folder, by its path there.

    Links at the top of the folder are followed to any place, as those who run Airflow put them there.
    Any other is followed to what lies within the folder, or within that which the link at its top leads to;
    among the plans, only to a file. A file that cannot or must not be read stands there with the reason as
    its text: left out, it would be taken for deleted. A folder that cannot be listed raises OSError; raises
    FolderRefused if one below it cannot be, or if there is more than the limits allow.
    """
    files, total = {}, 0
    for one in _walk(folder):
        content = one.refused.encode() if one.refused else _content(one)
        if content is not None:
            files[one.name] = content
            total += len(content)
        if total > MOST_BYTES:
            raise FolderRefused(f"more than {MOST_BYTES // 1024**2} MiB are in the folder of DAGs")
    return files


class _Found(NamedTuple):
    """A file of the folder; ``within`` is where a link may lead to."""

    name: str
    path: str
    within: tuple[Path, ...]
    stamp: Stamp
    refused: str = ""


@dataclass(frozen=True)
class _Place:
    """A folder on the way down: what it is called there, what is above it, where its links may lead to."""

    path: Path
    within: tuple[Path, ...]
    prefix: str = ""
    above: frozenset[tuple[int, int]] = frozenset()
    depth: int = 0

    @property
    def of_plans(self) -> bool:
        return self.prefix.startswith(OF_AUTHORS)


def _walk(folder: Path) -> Iterator[_Found]:
    """Yield every file of a folder, in the order of names."""
    for count, found in enumerate(_below(_Place(folder, (folder,)))):
        if count >= MOST_FILES:
            raise FolderRefused(f"more than {MOST_FILES:,} files are in the folder of DAGs")
        yield found


def _below(place: _Place) -> Iterator[_Found]:
    here, entries = _listed(place)
    if here in place.above:
        return
    if place.depth > DEEPEST:
        raise FolderRefused(f"folders lie more than {DEEPEST} deep in the folder of DAGs: {place.prefix}")
    for entry in entries:
        name = f"{place.prefix}{entry.name}"
        within = place.within if place.depth else (*place.within, Path(entry.path))
        if not _is_folder(entry):
            yield _Found(name, entry.path, within, _stamp(entry))
        elif refused := _refusal(entry, place):
            yield _Found(name, entry.path, within, _stamp(entry), refused)
        else:
            above = place.above | {here}
            yield from _below(_Place(Path(entry.path), within, f"{name}/", above, place.depth + 1))


def _listed(place: _Place) -> tuple[tuple[int, int], list[os.DirEntry[str]]]:
    """Return which folder is at a place, and what is in it, in the order of names."""
    try:
        status = place.path.stat()
        with os.scandir(place.path) as entries:
            found = sorted(
                (one for one in entries if not _is_passed_over(one.name)), key=lambda one: one.name
            )
    except OSError as error:
        if not place.depth or isinstance(error, FileNotFoundError):
            raise
        message = f"{place.prefix} in the folder of DAGs cannot be listed: {error.strerror}"
        raise FolderRefused(message) from error
    return (status.st_dev, status.st_ino), sorted(found, key=lambda entry: entry.name)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _refusal(entry: os.DirEntry[str], place: _Place) -> str:
    """Return why a folder within the folder is not read; nothing if it is."""
    if place.of_plans and not os.access(entry.path, os.R_OK | os.X_OK):
        return "This folder cannot be read."
    if not place.depth or not entry.is_symlink():
        return ""
    if place.of_plans:
        return "This is a link to a folder: among the plans it is not followed."
    if leads_out(place.path / entry.name, *place.within):
        return "This is a link that leads out of the folder of DAGs: it is not followed."
    return ""


def _stamp(entry: os.DirEntry[str]) -> Stamp:
    try:
        status = entry.stat()
    except OSError as error:
        return (error.errno or 0, 0)
    changed = status.st_ctime_ns
    if entry.is_symlink():
        changed = max(changed, entry.stat(follow_symlinks=False).st_ctime_ns)
    return (status.st_mode, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, changed)


def _content(one: _Found) -> bytes | None:
    """Return what is in a file, or why that cannot be read; None if it is gone since it was listed."""
    most = LARGEST_PLAN if one.name.startswith(OF_AUTHORS) else LARGEST
    try:
        content = plain_bytes(Path(one.path), most + 1, within=one.within)
    except NoPlainFile as error:
        return f"This file is not read: {error}.".encode()
    except OSError as error:
        return f"This file cannot be read: {error.strerror}.".encode() if os.path.lexists(one.path) else None
    if len(content) > most and most == LARGEST:
        return b"This file is too large."
    return content  # the reader of a plan sees that it is too large


def _is_passed_over(name: str) -> bool:
    return _PASSED_OVER.match(name) is not None and name not in WANTED
