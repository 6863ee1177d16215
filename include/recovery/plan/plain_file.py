"""Files that others write, read so that they can neither hold the reader up nor lead it elsewhere."""

from __future__ import annotations

import os
import stat
from pathlib import Path

AS_IT_IS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
"""Without waiting for whoever is at the other end, and never through a link."""


class NoPlainFile(OSError):
    """A folder, a pipe, a device, or a link that leads out: its message says which."""


def plain_bytes(path: Path, most: int, *, within: Path) -> bytes:
    """Return the first bytes of a regular file; raises OSError, of which NoPlainFile says what it is instead.

    A link is followed to a file within that folder, wherever the folder itself lies: a mounted ConfigMap is
    made of such. What it is, is asked of the file that is open: nobody exchanges it in between.
    """
    file = os.open(_real(path, within), AS_IT_IS)
    try:
        mode = os.fstat(file).st_mode
        if not stat.S_ISREG(mode):
            raise NoPlainFile("this is a folder" if stat.S_ISDIR(mode) else "this is no regular file")
        return _read(file, most)
    finally:
        os.close(file)


def leads_out(path: Path, *folders: Path) -> bool:
    """Whether what is at a path lies, once every link is followed, in none of some folders."""
    real = Path(os.path.realpath(path))
    return not any(real.is_relative_to(os.path.realpath(folder)) for folder in folders)


def _real(path: Path, within: Path) -> Path:
    if not path.is_symlink():
        return path
    if leads_out(path, within):
        raise NoPlainFile("this is a link that leads out of its folder and is not followed")
    return Path(os.path.realpath(path))


def _read(file: int, most: int) -> bytes:
    parts = []
    while most > 0 and (part := os.read(file, most)):
        parts.append(part)
        most -= len(part)
    return b"".join(parts)
