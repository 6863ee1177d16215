"""A snapshot of a folder: what is taken, what is passed over, and what it is called."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drs_recovery.dag.files.folder import read_folder
from drs_recovery.dag.files.snapshot import take_snapshot, version_of
from tests.budgets import examples

NAMES = st.text("abc", min_size=1, max_size=3).map("f{}.py".format)
FOLDERS = st.dictionaries(NAMES, st.binary(max_size=30), max_size=4)


def written(files: dict[str, bytes], folder: Path) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@settings(max_examples=examples(100), deadline=None)
@given(one=FOLDERS, other=FOLDERS)
def test_the_version_is_a_function_of_the_content(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    """Equal folders have equal versions, wherever they are; others have others."""
    with TemporaryDirectory() as a, TemporaryDirectory() as b, TemporaryDirectory() as kept:
        first, second = (read_folder(written(files, Path(at))) for files, at in ((one, a), (other, b)))
        taken = [take_snapshot(files, Path(kept), None) for files in (first, second, first)]
        assert taken[0] == taken[2]
        assert (taken[0] == taken[1]) == (one == other)
        assert read_folder(Path(kept, taken[1])) == other


@settings(max_examples=examples(100), deadline=None)
@given(content=st.binary(max_size=20), cut=st.integers(0, 20))
def test_content_is_not_mistaken_for_a_name(content: bytes, cut: int) -> None:
    """What moves from one file to the next, or into its name, is another version."""
    whole = {"a": content, "b": b""}
    parts = {"a": content[:cut], "b": content[cut:]}
    assert (version_of(whole) == version_of(parts)) == (whole == parts)
    assert version_of({"a": b"b"}) != version_of({"ab": b""})


def test_what_is_hashed_is_what_is_kept(tmp_path: Path) -> None:
    """The folder changes while the snapshot is taken: the version is that of what was read."""
    source = written({"a.py": b"before"}, tmp_path / "dags")
    files = read_folder(source)
    (source / "a.py").write_bytes(b"after")
    version = take_snapshot(files, tmp_path / "versions", None)
    assert version == version_of({"a.py": b"before"})
    assert (tmp_path / "versions" / version / "a.py").read_bytes() == b"before"


def test_a_snapshot_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that dies while it writes leaves no version."""

    def dying(path: Path, _: bytes) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", dying)
    with pytest.raises(KeyboardInterrupt):
        take_snapshot({"a.py": b"x"}, tmp_path, None)
    assert list(tmp_path.iterdir()) == []


def test_one_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    """Somebody may be reading it."""
    version = take_snapshot({"a.yaml": b"x"}, tmp_path, None)
    before = (tmp_path / version / "a.yaml").stat()
    assert take_snapshot({"a.yaml": b"x"}, tmp_path, None) == version
    assert (tmp_path / version / "a.yaml").stat() == before


def test_a_disk_that_is_full_is_no_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of renaming that is not "there already" is shown."""

    def failing(_: Path, __: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="No space left"):
        take_snapshot({"a.py": b"x"}, tmp_path, None)
    shutil.rmtree(tmp_path)
