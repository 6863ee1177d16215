"""The folder of DAGs: what is read of it, what a look at it tells, and what nobody gets it to read."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from drs_recovery.dag.files import folder
from drs_recovery.dag.files.folder import LARGEST, Look, look_at, read_folder
from drs_recovery.errors import FolderRefused
from drs_recovery.plan import read_plans

SECRET = b"FERNET_KEY=secret"


def written(files: dict[str, bytes], place: Path) -> Path:
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    return place


@pytest.fixture
def dags(tmp_path: Path) -> Path:
    """A folder of DAGs with a loader and a plan, beside a secret."""
    written({"secret.env": SECRET, "private/key.yaml": SECRET}, tmp_path)
    return written({"loader.py": b"loader", "plans/a.yaml": b"a"}, tmp_path / "dags")


def aged(place: Path, monkeypatch: pytest.MonkeyPatch) -> Look:
    """Return a look at a folder at a time when all of it is old enough to tell."""
    with monkeypatch.context() as patch:
        later = time.time() + 60
        patch.setattr(time, "time", lambda: later)
        return look_at(place)


def test_compiled_hidden_and_editors_files_are_passed_over(tmp_path: Path) -> None:
    """They come and go with nothing changed; Airflow's own `.airflowignore` counts."""
    kept = {"a.py", "plans/b.yaml", ".airflowignore"}
    gone = {"__pycache__/a.pyc", "plans/.b.yaml.swp", "plans/b.yaml~", "plans/#b.yaml#", ".git/HEAD", "c.tmp"}
    assert set(read_folder(written(dict.fromkeys(kept | gone, b"x"), tmp_path))) == kept
    assert set(look_at(tmp_path).stamps) == kept


def test_links_at_the_top_are_followed_and_never_for_ever(tmp_path: Path) -> None:
    """The folder of plans may lie elsewhere; a folder that leads back to itself is read once."""
    written({"plans/a.yaml": b"a", "shared/lib.py": b"c"}, tmp_path / "elsewhere")
    written({"loader.py": b"b", "lib/x.py": b"x"}, tmp_path / "dags")
    (tmp_path / "dags" / "plans").symlink_to(tmp_path / "elsewhere" / "plans")
    (tmp_path / "dags" / "shared").symlink_to(tmp_path / "elsewhere" / "shared")
    (tmp_path / "dags" / "lib" / "loop").symlink_to(tmp_path / "dags")
    assert read_folder(tmp_path / "dags") == {
        "lib/x.py": b"x",
        "loader.py": b"b",
        "plans/a.yaml": b"a",
        "shared/lib.py": b"c",
    }


@pytest.mark.parametrize("leads_to", ["../../secret.env", "/proc/self/environ", "/proc/kmsg", "/dev/zero"])
def test_a_link_among_the_plans_that_leads_out_is_not_followed(dags: Path, leads_to: str) -> None:
    """Neither is what it leads to read, nor does it hold anything up; its plan says why, and only that."""
    (dags / "plans" / "evil.yaml").symlink_to(leads_to)
    files = read_folder(dags)
    assert files["plans/evil.yaml"] == (
        b"This file is not read: this is a link that leads out of its folder and is not followed."
    )
    assert "leads out of its folder" in str(read_plans(dags / "plans")["evil"])
    assert files["plans/a.yaml"] == b"a"


def test_a_link_that_is_turned_outwards_later_is_seen(dags: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look tells of it, so that the folder is read again."""
    (dags / "plans" / "b.yaml").symlink_to("a.yaml")
    before = aged(dags, monkeypatch)
    (dags / "plans" / "b.yaml").unlink()
    (dags / "plans" / "b.yaml").symlink_to(dags.parent / "secret.env")
    assert not aged(dags, monkeypatch).same_as(before)
    assert SECRET not in read_folder(dags).values()


def test_a_folder_of_links_among_the_plans_is_not_followed(dags: Path) -> None:
    """Not to the whole disk, nor from folder to folder in every order there is."""
    (dags / "plans" / "root").symlink_to("/")
    for name in "pqrstuvwxyz":
        (dags / "plans" / "sub" / name).mkdir(parents=True)
        for other in "pqrstuvwxyz":
            (dags / "plans" / "sub" / name / f"to_{other}").symlink_to(f"../{other}")
    files = read_folder(dags)
    assert files["plans/root"] == b"This is a link to a folder: among the plans it is not followed."
    assert len(files) == 3 + 11 * 11


def test_a_link_below_the_top_stays_within(dags: Path) -> None:
    """Of other folders than the plans too."""
    written({"lib/x.py": b"x"}, dags)
    (dags / "lib" / "out").symlink_to(dags.parent / "private")
    (dags / "lib" / "out.py").symlink_to(dags.parent / "secret.env")
    files = read_folder(dags)
    assert SECRET not in files.values()
    assert b"leads out of the folder of DAGs" in files["lib/out"]
    assert b"leads out" in files["lib/out.py"]


def test_a_mounted_config_map_is_read_and_its_exchange_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files are links by way of `..data`, which is turned to a new folder."""
    plans = tmp_path / "dags" / "plans"
    written({"..2026_1/a.yaml": b"one", "..2026_2/a.yaml": b"two"}, plans)
    (plans / "..data").symlink_to("..2026_1")
    (plans / "a.yaml").symlink_to("..data/a.yaml")
    assert read_folder(tmp_path / "dags") == {"plans/a.yaml": b"one"}
    before = aged(tmp_path / "dags", monkeypatch)
    assert aged(tmp_path / "dags", monkeypatch).same_as(before)
    (plans / "..new").symlink_to("..2026_2")
    (plans / "..new").rename(plans / "..data")
    assert not aged(tmp_path / "dags", monkeypatch).same_as(before)
    assert read_folder(tmp_path / "dags") == {"plans/a.yaml": b"two"}


def test_what_cannot_be_read_stands_there_with_the_reason(tmp_path: Path) -> None:
    """A link to nothing, a pipe, a file too large: not deleted, and in nobody else's way."""
    (tmp_path / "nowhere.yaml").symlink_to(tmp_path / "missing")
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "large.yaml").touch()
    os.truncate(tmp_path / "large.yaml", LARGEST + 1)
    assert read_folder(written({"good.yaml": b"x"}, tmp_path)) == {
        "good.yaml": b"x",
        "large.yaml": b"This file is too large.",
        "nowhere.yaml": b"This file cannot be read: No such file or directory.",
        "pipe.yaml": b"This file is not read: this is no regular file.",
    }


def test_a_plan_that_is_too_large_is_not_read_whole(dags: Path) -> None:
    """Of many such, too, little is held; whoever reads the plan still sees that it is too large."""
    (dags / "plans" / "large.yaml").touch()
    os.truncate(dags / "plans" / "large.yaml", LARGEST)
    content = read_folder(dags)["plans/large.yaml"]
    (dags / "plans" / "large.yaml").write_bytes(content)
    assert len(content) < LARGEST / 10
    assert "the file is too large" in str(read_plans(dags / "plans")["large"])


def test_a_file_that_goes_while_the_folder_is_read_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An editor replaces it by renaming another."""
    written({"a.yaml": b"a", "b.yaml": b"b"}, tmp_path)
    read = folder.plain_bytes

    def going(path: Path, most: int, *, within: tuple[Path, ...]) -> bytes:
        if path.name == "b.yaml":
            path.unlink()
        return read(path, most, within=within)

    monkeypatch.setattr(folder, "plain_bytes", going)
    assert read_folder(tmp_path) == {"a.yaml": b"a"}


def test_a_folder_among_the_plans_that_is_closed_stops_nobody(
    dags: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plans are in none; only the folder itself must be open."""
    (dags / "plans" / "closed").mkdir()
    monkeypatch.setattr(os, "access", lambda path, _: "closed" not in str(path))  # for root nothing is closed
    assert read_folder(dags)["plans/closed"] == b"This folder cannot be read."


@pytest.mark.parametrize("name", ["plans", "beside", "lib/below"])
def test_any_other_folder_that_is_closed_is_refused_by_its_name(
    dags: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """What is in it would be taken for deleted; and an error that nobody sees would stop every change."""
    (dags / name).mkdir(parents=True, exist_ok=True)
    listed = os.scandir

    def closed(path: Path) -> object:  # for root nothing is closed
        if Path(path) == dags / name:
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", closed)
    for look in (look_at, read_folder):
        with pytest.raises(
            FolderRefused, match=f"^{name}/ in the folder of DAGs cannot be listed: Permission"
        ):
            look(dags)


@pytest.mark.parametrize(
    ("limit", "most", "shown"),
    [
        ("MOST_FILES", 5, "more than 5 files"),
        ("MOST_BYTES", 1024**2, "more than 1 MiB"),
        ("DEEPEST", 3, "more than 3 deep"),
    ],
)
def test_more_than_the_limits_is_refused_as_a_whole(
    dags: Path, monkeypatch: pytest.MonkeyPatch, limit: str, most: int, shown: str
) -> None:
    """Which of the plans were left out would be chance."""
    monkeypatch.setattr(folder, limit, most)
    read_folder(dags)
    written({f"f{number}.txt": b"x" * 300_000 for number in range(5)}, dags)
    written({"a/b/c/d/e/f.txt": b""}, dags)
    with pytest.raises(FolderRefused, match=shown):
        read_folder(dags)


def edit_in_place(file: Path) -> None:
    """Write as many bytes, and set the time of change back."""
    before = file.stat()
    file.write_bytes(b"b")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def exchange(file: Path) -> None:
    """Put another file in its place, of the same size and time."""
    before, new = file.stat(), file.with_suffix(".new")
    new.write_bytes(b"b")
    os.utime(new, ns=(before.st_atime_ns, before.st_mtime_ns))
    new.rename(file)


@pytest.mark.parametrize("change", [edit_in_place, exchange, Path.unlink])
def test_a_look_tells_of_every_change(dags: Path, monkeypatch: pytest.MonkeyPatch, change: object) -> None:
    """Also one that keeps size and time, as some editors and copying programs do."""
    before = aged(dags, monkeypatch)
    assert aged(dags, monkeypatch).same_as(before)
    time.sleep(0.02)  # the clock of a file system stands still for some milliseconds
    change(dags / "plans" / "a.yaml")  # type: ignore[operator]
    assert not aged(dags, monkeypatch).same_as(before)


def test_what_has_just_changed_is_never_taken_for_unchanged(
    dags: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second change may bear the same time as the first; a minute later nothing does."""
    fresh = look_at(dags)
    assert not look_at(dags).same_as(fresh)
    assert not look_at(dags).same_as(None)
    assert look_at(dags).same_as(aged(dags, monkeypatch))


def test_a_look_reads_no_file(dags: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs one question per file, whatever is in them."""
    monkeypatch.setattr(os, "open", None)
    assert set(look_at(dags).stamps) == {"loader.py", "plans/a.yaml"}
