"""Nothing is deleted, emptied, overwritten or closed to others that the project did not make itself."""

from __future__ import annotations

import ast
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from launcher import postgres
from launcher.environment import ROOT
from launcher.errors import SettingRefused
from launcher.home import Home, write_private
from launcher.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DESTRUCTIVE = {
    *(
        "rmtree",
        "rmdir",
        "removedirs",
        "unlink",
        "remove",
        "rename",
        "renames",
        "move",
        "replace",
        "truncate",
    ),
    *("chmod", "chown", "lchown", "symlink_to", "hardlink_to", "TemporaryDirectory", "mkdtemp"),
}
WORDS = re.compile(r"--clear|\brm -")
KNOWN = {
    ("launcher/bootstrap.py", "make_environment", "--clear"): "after `not_ours`",
    ("launcher/demo.py", "demo", "mkdtemp"): "a new folder",
    ("launcher/demo.py", "demo", "rmtree"): "the folder that this demo has made",
    ("launcher/home.py", "_close", "chmod"): "in a home that `make` has found to be ours, through no link",
    ("launcher/home.py", "write_private", "replace"): "a link is replaced, not followed",
    ("launcher/postgres.py", "_let_pass", "chmod"): "lets pass through, under root only; takes nothing away",
    ("launcher/postgres.py", "_run_as", "chown"): "PostgreSQL's own folders, under root only",
    ("launcher/postgres.py", "_socket_folder", "mkdtemp"): "a new folder",
    ("launcher/postgres.py", "stop", "rmtree"): "a folder of sockets, by its name, through no link",
    ("launcher/stack.py", "Stack._stop", "unlink"): "files of a home that is ours; of a link, the link",
    ("launcher/stack.py", "Stack.dags", "unlink"): "a link of ours; refused where it is none",
    ("launcher/stack.py", "Stack.dags", "symlink_to"): "the same",
    ("drs_recovery/dag/files/bundle.py", "SnapshotDagBundle._point_to", "rename"): "a link over a link",
    (
        "drs_recovery/dag/files/bundle.py",
        "SnapshotDagBundle._point_to",
        "symlink_to",
    ): "a link of this process",
    ("drs_recovery/dag/files/bundle.py", "SnapshotDagBundle._point_to", "unlink"): "a link of this process",
    (
        "drs_recovery/dag/files/fetching.py",
        "_one_at_a_time",
        "unlink",
    ): "a lock, once what it was for is there",
    ("drs_recovery/storage.py", "Folder.remove", "unlink"): "an archive, by the name of its version",
    (
        "drs_recovery/storage.py",
        "Folder.write",
        "rename",
    ): "an archive over that of the same content, which its name says",
    (
        "drs_recovery/dag/files/removal.py",
        "remove_leftovers",
        "rmtree",
    ): "hidden folders among the snapshots, a day old, through no link",
    (
        "drs_recovery/dag/files/removal.py",
        "remove_snapshot",
        "rename",
    ): "a snapshot, by the name of its version, which no task runs from",
    ("drs_recovery/dag/files/removal.py", "remove_snapshot", "rmtree"): "the same, under a hidden name",
    ("drs_recovery/dag/files/removal.py", "remove_snapshot", "unlink"): "Airflow's note of its last use",
    ("drs_recovery/dag/files/snapshot.py", "restore_snapshot", "TemporaryDirectory"): "a new folder",
    (
        "drs_recovery/dag/files/snapshot.py",
        "restore_snapshot",
        "move",
    ): "the same, to the name of its content",
    ("drs_recovery/dag/files/snapshot.py", "_add", "chmod"): "a file just written, in a snapshot",
    ("drs_recovery/dag/files/snapshot.py", "_add", "rename"): "the same",
    (
        "drs_recovery/dag/files/snapshot.py",
        "_divide",
        "unlink",
    ): "the loader, in a snapshot that has copies of it",
    ("drs_recovery/dag/files/snapshot.py", "_keep", "chmod"): "a file just written, in a new folder",
    ("drs_recovery/dag/files/snapshot.py", "move", "rename"): "a new folder, never over one that has files",
    ("drs_recovery/dag/files/snapshot.py", "take_snapshot", "TemporaryDirectory"): "a new folder",
    ("drs_recovery/dag/files/snapshot.py", "take_snapshot", "move"): "the same, to the name of its content",
    ("drs_recovery/dag/files/trouble.py", "snapshot_with_trouble", "TemporaryDirectory"): "a new folder",
    (
        "drs_recovery/dag/files/trouble.py",
        "snapshot_with_trouble",
        "chmod",
    ): "a file just written, in a new folder",
    (
        "drs_recovery/dag/files/trouble.py",
        "snapshot_with_trouble",
        "move",
    ): "the same, to the name of its content",
}
"""Every place of the code that could destroy something, with why it cannot."""


def found(file: Path) -> Iterator[tuple[str, str, str]]:
    """Yield file, function and name of what may destroy."""
    name = str(file.relative_to(ROOT / "include"))

    def walk(node: ast.AST, place: str) -> Iterator[tuple[str, str, str]]:
        for child in ast.iter_child_nodes(node):
            inside = place
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inside = f"{place}.{child.name}".lstrip(".")
            if isinstance(child, ast.Call) and (called := destructive(child)):
                yield name, place, called
            if isinstance(child, ast.Constant) and isinstance(child.value, str) and is_command(child.value):
                yield name, place, child.value
            yield from walk(child, inside)

    yield from walk(ast.parse(file.read_text()), "")


def is_command(text: str) -> bool:
    """Whether a text is (part of) a command that clears."""
    return bool(WORDS.search(text)) and "\n" not in text


def destructive(call: ast.Call) -> str | None:
    """Return the name of what is called, if that may destroy; text has a `replace` too, of two arguments."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    is_texts = name == "replace" and (len(call.args) != 1 or call.keywords)
    is_a_lists = (
        name == "remove" and isinstance(function, ast.Attribute) and ast.unparse(function.value) != "os"
    )
    return name if name in DESTRUCTIVE and not is_texts and not is_a_lists else None


def test_every_place_that_could_destroy_is_known() -> None:
    """A new one is looked at, and stands here with its reason; one that is gone leaves the list."""
    files = [
        file
        for package in ("launcher", "drs_recovery")
        for file in (ROOT / "include" / package).rglob("*.py")
    ]
    assert {place for file in files for place in found(file)} == KNOWN.keys()


def test_make_clean_removes_a_link_and_nothing_behind_it(tmp_path: Path) -> None:
    """The one command of the Makefile that removes."""
    (command,) = re.findall(r"^\t@?(rm .*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    kept = tmp_path / "elsewhere" / "kept"
    kept.parent.mkdir()
    kept.touch()
    for name in command.split()[2:]:
        (tmp_path / name).symlink_to(kept.parent)
    subprocess.run(command, shell=True, check=True, cwd=tmp_path)  # noqa: S602 - it is the Makefile's
    assert [path.name for path in tmp_path.iterdir()] == ["elsewhere"]
    assert kept.exists()


def test_a_folder_of_something_else_is_no_home(tmp_path: Path) -> None:
    """Such as a link `.airflow` to a home folder: nothing is written there, nothing closed to others."""
    person = tmp_path / "person"
    person.mkdir(mode=0o755)
    (person / "letters").touch(mode=0o644)
    link = tmp_path / ".airflow"
    link.symlink_to(person)
    for attempt in (Stack(link).start, Stack(link).stop):
        with pytest.raises(SettingRefused, match="is not the home of a stack"):
            attempt()
    assert [path.name for path in person.iterdir()] == ["letters"]
    assert (person / "letters").stat().st_mode & 0o777 == 0o644
    assert person.stat().st_mode & 0o777 == 0o755


def test_a_home_on_another_disk_is_one(tmp_path: Path) -> None:
    """A link to an empty folder, or to a home."""
    (tmp_path / "big").mkdir()
    link = tmp_path / ".airflow"
    link.symlink_to(tmp_path / "big")
    assert [Stack(link).stop(), Stack(link).stop()] == [False, False]
    assert (tmp_path / "big/stack.lock").exists()


def test_a_folder_of_plans_is_not_replaced_by_a_link(tmp_path: Path) -> None:
    """Where a stack would put its link, a person has put plans."""
    home = Home(tmp_path / "home")
    home.make()
    plan = home.path / "dags/plans/web_shop.yaml"
    plan.parent.mkdir(parents=True)
    plan.touch()
    with pytest.raises(SettingRefused, match="move or remove it"):
        Stack(home.path, plans=tmp_path).dags()
    assert plan.exists()


def test_a_folder_of_sockets_that_was_not_made_here_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is stands in a file of PostgreSQL's, which may be of another server."""
    monkeypatch.setattr(postgres, "_run", lambda *_: None)
    monkeypatch.setattr(postgres, "_run_as", lambda *_: {})
    monkeypatch.setattr(postgres, "is_running", lambda _: True)
    data, sockets = tmp_path / "data", tmp_path / "sockets"
    for folder in (data, sockets):
        folder.mkdir()
    (data / "postmaster.pid").write_text(f"1\n{data}\n0\n5432\n{sockets}\n")
    assert postgres.stop(data)
    assert sockets.is_dir()


def test_a_secret_is_never_written_through_a_link(tmp_path: Path) -> None:
    """The link is replaced; what it led to stays as it was."""
    (tmp_path / "other").write_text("other")
    (tmp_path / "secret").symlink_to(tmp_path / "other")
    write_private(tmp_path / "secret", "s3cret")
    assert (tmp_path / "other").read_text() == "other"
    assert (tmp_path / "secret").read_text() == "s3cret"
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
