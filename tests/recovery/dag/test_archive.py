"""A snapshot as one file: whole and the same each time, and harmless whatever somebody else has put there."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drs_recovery.dag.files import archive as module
from drs_recovery.dag.files.archive import Unreadable, packed, unpacked
from tests.budgets import examples

if TYPE_CHECKING:
    from collections.abc import Callable

PARTS = st.binary(min_size=1, max_size=150).filter(
    lambda part: part not in (b".", b"..") and not {0, ord("/")} & {*part}
)
NAMES = st.lists(PARTS, min_size=1, max_size=3).map(lambda parts: os.fsdecode(b"/".join(parts)))
FILES = st.dictionaries(NAMES, st.binary(max_size=700), max_size=4)


@settings(max_examples=examples(100), deadline=None)
@given(files=FILES)
def test_what_is_packed_is_what_is_unpacked(files: dict[str, bytes]) -> None:
    """Under every name that a file may have; the archive is a function of the files, in any order."""
    assert unpacked(packed(files)) == files
    assert packed(dict(reversed(files.items()))) == packed(files)


@settings(max_examples=examples(200), deadline=None)
@given(spoilt=st.binary(max_size=600), at=st.integers(0, 700), cut=st.booleans())
def test_whatever_bytes_there_are_end_in_files_or_a_refusal(spoilt: bytes, at: int, cut: bool) -> None:
    """Compressed or not: nothing else is raised, whoever has written them."""
    tar = gzip.decompress(packed({"plans/a.yaml": b"a" * 100}))
    for content in (spoilt, gzip.compress(tar[:at] + spoilt + (b"" if cut else tar[at + len(spoilt) :]))):
        with suppress(Unreadable):
            assert isinstance(unpacked(content), dict)


def tar_of(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """Return an archive of such members."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:") as tar:
        for head, content in members:
            head.size = head.size or len(content)
            tar.addfile(head, io.BytesIO(content))
    return gzip.compress(file.getvalue())


def head(name: str, **values: object) -> tarfile.TarInfo:
    """Return the head of a member."""
    made = tarfile.TarInfo(name)
    for key, value in values.items():
        setattr(made, key, value)
    return made


@pytest.mark.parametrize(
    ("member", "said"),
    [
        (head("../dags/evil.py"), "no path below"),
        (head("plans/../../evil.py"), "no path below"),
        (head("/etc/cron.d/evil"), "no path below"),
        (head("./evil.py"), "no path below"),
        (head("out", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "no plain file"),
        (head("out", type=tarfile.LNKTYPE, linkname="../secret"), "no plain file"),
        (head("plans", type=tarfile.DIRTYPE), "no plain file"),
        (head("pipe", type=tarfile.FIFOTYPE), "no plain file"),
        (head("disk", type=tarfile.BLKTYPE), "no plain file"),
        (head("sparse", pax_headers={"GNU.sparse.map": "0,1", "GNU.sparse.size": "9" * 15}), "no plain file"),
    ],
    ids=lambda one: one.name if isinstance(one, tarfile.TarInfo) else "",
)
def test_what_leads_out_or_is_no_file_is_refused(member: tarfile.TarInfo, said: str) -> None:
    """Nothing is written at all: an archive is read in memory."""
    with pytest.raises(Unreadable, match=said):
        unpacked(tar_of((head("a.py"), b"a"), (member, b"")))


def test_a_name_stands_there_once() -> None:
    """Of two of a name nobody could say which is meant."""
    with pytest.raises(Unreadable, match=r"'a\.py' is in it twice"):
        unpacked(tar_of((head("a.py"), b"a"), (head("a.py"), b"b")))


def bomb() -> bytes:
    """A few kilobytes that unpack to more than is allowed."""
    return gzip.compress(b"\0" * (module.LARGEST + 1))


def cut_off() -> bytes:
    return packed({"a.py": b"a" * 1000})[:-20]


def claims() -> bytes:
    """A head that promises more than there is."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:") as tar:
        tar.fileobj.write(head("a.py", size=2**60).tobuf())  # type: ignore[union-attr]
    return gzip.compress(file.getvalue())


@pytest.mark.parametrize(
    ("made", "said"),
    [(bomb, "larger than"), (cut_off, "cut off"), (claims, "cut off"), (lambda: b"<Error>", "header")],
    ids=["bomb", "cut off", "claims", "no archive"],
)
def test_what_is_too_large_or_not_whole_is_refused(
    made: Callable[[], bytes], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And takes no more memory than a folder may."""
    monkeypatch.setattr(module, "LARGEST", 1024**2)
    with pytest.raises(Unreadable, match=said):
        unpacked(made())
