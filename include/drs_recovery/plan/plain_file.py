"""Files that others write, read so that they can neither hold the reader up nor lead it elsewhere."""

from __future__ import annotations

import fcntl
import os
import stat
import sys
from pathlib import Path

AS_IT_IS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
"""Without waiting for the other end, and never through a link."""


class NoPlainFile(OSError):
    """A folder, a pipe, a device, or a link that leads out: its message names which."""


LEADS_OUT = "this is a link that leads out of its folder and is not followed"


def plain_bytes(path: Path, most: int, *, within: tuple[Path, ...]) -> bytes:
    """Return the first bytes of a regular file; raises OSError; a NoPlainFile names what it is instead.

    Links are followed to what lies within one of those folders, which may be links themselves: a mounted
    ConfigMap is made of such. What it is, and where it lies, is asked of the file that is open: nobody turns
    a link, or exchanges a folder on the way, between question and use.
    """
    real = os.path.realpath(path)
    if _lies_outside(real, within):
        raise NoPlainFile(LEADS_OUT)
    file = os.open(real, AS_IT_IS)
    try:
        mode = os.fstat(file).st_mode
        if not stat.S_ISREG(mode):
            raise NoPlainFile("this is a folder" if stat.S_ISDIR(mode) else "this is no regular file")
        if _lies_outside(_path_of(file), within):
            raise NoPlainFile(LEADS_OUT)
        return _read(file, most)
    finally:
        os.close(file)


def leads_out(path: Path, *folders: Path) -> bool:
    """Whether what is at a path lies, once every link is followed, in none of some folders."""
    return _lies_outside(os.path.realpath(path), folders)


def _lies_outside(real: str, folders: tuple[Path, ...]) -> bool:
    return not any(_named(real).is_relative_to(_named(os.path.realpath(folder))) for folder in folders)


def _named(real: str) -> Path:
    # macOS gives the name of an open file in the case that it was made with, not in that of the path
    return Path(real.casefold() if sys.platform == "darwin" else real)


def _path_of(file: int) -> str:
    """Return where a file lies that is open; one that is gone by now lay there."""
    if sys.platform == "darwin":
        return os.fsdecode(fcntl.fcntl(file, fcntl.F_GETPATH, bytes(1024)).partition(b"\0")[0])
    return str(Path(f"/proc/self/fd/{file}").readlink())


def _read(file: int, most: int) -> bytes:
    parts = []
    while most > 0 and (part := os.read(file, most)):
        parts.append(part)
        most -= len(part)
    return b"".join(parts)
