"""What the version of a snapshot is a hash of, and so all that need be kept to have the snapshot again.

That is what was in the folder, what else its DAGs are built from, and a mark that it is divided. The copies
of the loader and the times of files are made from it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from drs_recovery.dag.files.division import MANIFEST, digest_of, division_of
from drs_recovery.dag.files.shards import LOADER, SHARDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

CONTENTS = ".contents.json"
"""A hidden file of a snapshot: the names of what its version is a hash of."""

MARK = b"%d" % SHARDS
"""Stands for the manifest, which is more than what was in the folder says."""

DIGITS = 40
"""Of a version, hexadecimal: 160 bits, so that nobody makes two folders of one version."""

VERSION = re.compile(r"[0-9a-f]{20,64}")
"""Earlier releases had 20 digits."""


def version_of(files: Mapping[str, bytes]) -> str:
    """Return the version of some files: a function of their names and contents, and of nothing else."""
    return digest_of(files, DIGITS)


def listed(names: Iterable[str]) -> bytes:
    """Return what stands in a snapshot of the names of its contents."""
    return json.dumps(sorted(names)).encode()


def contents_of(snapshot: Path) -> dict[str, bytes]:
    """Return what the version of a snapshot is a hash of, by path; raises OSError if that is not there.

    Of a snapshot that an earlier release has taken: what is in it, which may be more.
    """
    names = _names(snapshot)
    contents = {name: (snapshot / name).read_bytes() for name in names - {LOADER, MANIFEST}}
    if LOADER in names:
        contents[LOADER] = _loader(snapshot, names).read_bytes()
    return contents | ({MANIFEST: MARK} if MANIFEST in names else {})


def _names(snapshot: Path) -> frozenset[str]:
    try:
        return frozenset(json.loads((snapshot / CONTENTS).read_bytes()))
    except FileNotFoundError:
        copies = set(division_of(snapshot))
        files = {path for path in snapshot.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
        found = {str(path.relative_to(snapshot)) for path in files}
        return frozenset(found - copies | ({LOADER} if copies & found else set()))


def _loader(snapshot: Path, names: frozenset[str]) -> Path:
    """Return the loader, or one of the copies in its place."""
    copies = (snapshot / name for name in sorted(division_of(snapshot)) if name not in names)
    return next((path for path in copies if path.is_file()), snapshot / LOADER)
