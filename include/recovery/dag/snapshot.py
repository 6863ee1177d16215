"""A folder as it is at one moment: read whole, named after its content, and kept under that name for good."""

from __future__ import annotations

import hashlib
import os
import time
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from recovery.dag.last_good import carried

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PLANS = "plans"
"""Where the plans are, below the folder of DAGs."""

PASSED_OVER = (".*", "__pycache__", "*.pyc", "*~", "#*#", "*.swp", "*.swx", "*.tmp", "*___jb_*___")
"""Names of hidden, compiled and editors' temporary files and folders."""

WANTED = frozenset({".airflowignore"})
"""Hidden files that say something to Airflow."""

LARGEST = 16 * 1024 * 1024
"""Bytes of a file; DAG files have a thousandth of that, and all are held in memory at once."""

READ_ONLY = 0o444

AHEAD = 5.0
"""Seconds; reading the files of some plans takes one or two, on a busy machine."""


def read_folder(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below a folder, by its path there.

    Links are followed, but never back into a folder that leads to them. A file that cannot be read stands
    there with the reason as its text: left out, it would be taken for deleted. A folder that cannot be listed
    raises OSError.
    """
    return dict(_read(folder, "", frozenset()))


def version_of(files: Mapping[str, bytes]) -> str:
    """Return the version of some files: a function of their names and contents, and of nothing else."""
    digest = hashlib.sha256()
    for name in sorted(files):
        for part in (os.fsencode(name), files[name]):
            digest.update(b"%d:" % len(part))
            digest.update(part)
    return digest.hexdigest()[:20]


def take_snapshot(files: Mapping[str, bytes], versions: Path, before: Path | None) -> str:
    """Keep files, and the last good version of each plan that cannot be read; return the version.

    ``before`` is the snapshot before, which that last good version comes from. Written under a temporary name
    and renamed: whoever finds the version finds it whole. Two that do so at once do the same.
    """
    versions.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=versions, prefix=".") as draft:
        folder = Path(draft) / "snapshot"
        _write(folder, files)
        kept = carried(folder / PLANS, before / PLANS if before else None)
        carry = {f"{PLANS}/{name}": content for name, content in kept.items()}
        _write(folder, carry)
        version = version_of({**files, **carry})
        _move(folder, versions / version)
    _say_changed(versions / version)
    return version


def _say_changed(snapshot: Path) -> None:
    """Let Airflow read the DAG files at once, as it does if they changed since it last ended reading them.

    It may be reading those of the snapshot before just now, so they seem changed a little later than now.
    """
    at = time.time() + AHEAD
    for path in snapshot.rglob("*.py"):
        os.utime(path, (at, at))


def _move(folder: Path, place: Path) -> None:
    try:
        folder.rename(place)
    except OSError:
        # A folder is never renamed over another that has files: the snapshot was there already
        if not place.is_dir():
            raise


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files that nobody changes in place; folders stay writable, or nobody could remove them."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(READ_ONLY)


def _read(folder: Path, prefix: str, above: frozenset[tuple[int, int]]) -> Iterator[tuple[str, bytes]]:
    status = folder.stat()
    here = (status.st_dev, status.st_ino)
    if here in above:
        return
    for path in sorted(folder.iterdir()):
        name = f"{prefix}{path.name}"
        if _is_passed_over(path.name):
            continue
        if path.is_dir():
            yield from _read(path, f"{name}/", above | {here})
        elif (content := _content(path)) is not None:
            yield name, content


def _content(path: Path) -> bytes | None:
    """Return what is in a file, or why that cannot be read; None if it is gone since it was listed."""
    try:
        # A pipe would never end
        if path.exists() and not path.is_file():
            return b"This is no regular file."
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        return f"This file cannot be read: {error.strerror}.".encode() if os.path.lexists(path) else None
    return content if len(content) <= LARGEST else b"This file is too large."


def _is_passed_over(name: str) -> bool:
    return name not in WANTED and any(fnmatchcase(name, pattern) for pattern in PASSED_OVER)
