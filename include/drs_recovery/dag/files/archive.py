"""The contents of a snapshot as one file: a tar, compressed, the same bytes for the same contents.

An archive may come from anywhere. It is read in memory and within limits: nothing of it is written to disk
before its hash is known to be right.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from drs_recovery.dag.files.folder import MOST_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LARGEST = 2 * MOST_BYTES
"""Bytes of an archive, unpacked or not: what is in a folder, what is beside its plans, a head for each."""

_AS_GZIP = 31
_PLAIN = (tarfile.REGTYPE, tarfile.AREGTYPE)


class Unreadable(ValueError):
    """Bytes that are no archive of ours; the message says why."""


def packed(contents: Mapping[str, bytes]) -> bytes:
    """Return the archive of some files, by path; it says nothing of times, owners or this machine."""
    archive = io.BytesIO()
    with tarfile.open(
        fileobj=archive, mode="w:", format=tarfile.GNU_FORMAT, encoding="utf-8", errors="surrogateescape"
    ) as tar:
        for name in sorted(contents):
            head = tarfile.TarInfo(name)
            head.size, head.mode = len(contents[name]), 0o400
            tar.addfile(head, io.BytesIO(contents[name]))
    return gzip.compress(archive.getvalue(), mtime=0)


def unpacked(archive: bytes) -> dict[str, bytes]:
    """Return the files of an archive, by path; raises Unreadable."""
    contents: dict[str, bytes] = {}
    try:
        with tarfile.open(
            fileobj=io.BytesIO(_inflated(archive)), mode="r:", encoding="utf-8", errors="surrogateescape"
        ) as tar:
            for name, content in _files(tar):
                if name in contents:
                    raise Unreadable(f"{name!r} is in it twice")
                contents[name] = content
    except (tarfile.TarError, OSError, EOFError, ArithmeticError, LookupError) as error:
        raise Unreadable(str(error)) from error
    return contents


def _inflated(archive: bytes) -> bytes:
    stream = zlib.decompressobj(wbits=_AS_GZIP)
    try:
        content = stream.decompress(archive, LARGEST)
    except zlib.error as error:
        raise Unreadable(str(error)) from error
    if not stream.eof:
        more = bool(stream.unconsumed_tail)
        raise Unreadable(f"it is larger than {LARGEST // 1024**2} MiB" if more else "it is cut off")
    return content


def _files(tar: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    for member in tar:
        path = PurePosixPath(member.name)
        if member.type not in _PLAIN or member.issparse():
            raise Unreadable(f"{member.name!r} is no plain file")
        if path.is_absolute() or ".." in path.parts or str(path) != member.name or "\0" in member.name:
            raise Unreadable(f"{member.name!r} is no path below the folder of DAGs")
        if member.size > LARGEST:  # the head says so of bytes that are not there
            raise Unreadable(f"{member.name!r} is cut off")
        file = tar.extractfile(member)
        yield member.name, file.read() if file else b""
