"""The DAG files of a snapshot: each with its share of the plans, and read again only when that changes."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from drs_recovery.dag.files.division import division_of
from drs_recovery.dag.files.folder import read_folder
from drs_recovery.dag.files.shards import LOADER, SHARDS, Shard, shard_of_file, shard_of_plan
from drs_recovery.dag.files.snapshot import take_snapshot
from tests.recovery.dag.dag_files import MAINTENANCE_FILE, PLAN, ROOT, dags_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

READ_LONG_AGO = 1_000_000_000.0


@pytest.fixture
def dags(tmp_path: Path) -> Path:
    """A folder of DAGs with the shipped DAG files and three plans, each of another share."""
    (tmp_path / "dags" / "plans").mkdir(parents=True)
    for name in (LOADER, MAINTENANCE_FILE):
        shutil.copy(ROOT / "dags" / name, tmp_path / "dags")
    for stem in ("one", "two", "three"):
        (tmp_path / "dags" / "plans" / f"{stem}.yaml").write_text(PLAN)
    return tmp_path / "dags"


@pytest.fixture
def take(dags: Path, tmp_path: Path) -> Callable[[], Path]:
    """Return a function that takes the next snapshot, after Airflow has read the one before."""
    before: list[Path] = []

    def snapshot() -> Path:
        for path in before[-1].rglob("*.py") if before else ():
            os.utime(path, (READ_LONG_AGO, READ_LONG_AGO))
        version = take_snapshot(read_folder(dags), tmp_path / "versions", before[-1] if before else None)
        before.append(tmp_path / "versions" / version)
        return before[-1]

    return snapshot


def to_be_read(snapshot: Path) -> set[str]:
    """Return the DAG files that have changed since Airflow has read them."""
    return {path.name for path in snapshot.glob("*.py") if path.stat().st_mtime > READ_LONG_AGO}


def file_of(stem: str) -> str:
    """Return the DAG file of a plan."""
    return shard_of_plan(stem).file


def test_each_plan_is_in_one_file_and_every_file_has_a_plan(take: Callable[[], Path]) -> None:
    """The loader for all is not there besides: each DAG would be made twice."""
    snapshot = take()
    found = {path.name: set(dag_ids(path)) for path in snapshot.glob("recovery_plans*.py")}
    assert found == {file_of(stem): {stem} for stem in ("one", "two", "three")}


def test_plans_are_spread_over_the_shares() -> None:
    """Of many plans each share has about as many; by which names they go does not matter."""
    for name in ("plan_{:04}", "{}", "shop-{:x}.eu"):
        counts = Counter(shard_of_plan(name.format(number)).number for number in range(5000))
        assert len(counts) == SHARDS
        assert max(counts.values()) < 2 * 5000 / SHARDS


def test_a_share_is_known_by_the_name_of_its_file() -> None:
    """Copies of the loader with such names share the plans in any repository; counted from 0 or from 1."""
    assert shard_of_file("/x/recovery_plans_07_of_64.py") == Shard(7, 64)
    for first in (0, 1):
        files = [f"recovery_plans_{number}_of_3.py" for number in range(first, first + 3)]
        for dag_id in ("one", "two", "three", "web_shop"):
            assert [shard_of_file(file).has(dag_id) for file in files].count(True) == 1
    for whole in (LOADER, "recovery_plans_1_of_0.py", "other.py"):
        assert shard_of_file(whole).has("one")


@pytest.mark.parametrize("numbers", [(0, 1, 2), (1, 2, 3), (2, 3), (2,)], ids=str)
def test_one_of_the_files_tells_that_the_plans_cannot_be_listed(
    tmp_path: Path, numbers: tuple[int, ...]
) -> None:
    """Whichever there are, and whether they count from 0 or from 1: else all plans would go unheard."""
    files = [tmp_path / f"recovery_plans_{number:02}_of_3.py" for number in numbers]
    for file in files:
        shutil.copy(ROOT / "dags" / LOADER, file)
    assert [dag_ids(file) for file in files] == [["recovery_plans"], *([] for _ in numbers[1:])]


def test_one_of_the_files_tells_that_no_plan_is_left(dags: Path, take: Callable[[], Path]) -> None:
    """It is read again, also if its own plans went before."""
    take()
    (dags / "plans" / "one.yaml").unlink()
    take()
    for plan in (dags / "plans").iterdir():
        plan.unlink()
    snapshot = take()
    shown = {path.name for path in snapshot.glob("recovery_plans_*.py") if dag_ids(path)}
    assert len(shown) == 1
    assert shown < to_be_read(snapshot)


def test_only_the_file_of_a_changed_plan_is_read_again(dags: Path, take: Callable[[], Path]) -> None:
    """And those that may look at anything in the folder, as the maintenance does."""
    assert to_be_read(take()) == {file_of("one"), file_of("two"), file_of("three"), MAINTENANCE_FILE}
    (dags / "plans" / "two.yaml").write_text(PLAN.replace("One", "Two"))
    assert to_be_read(take()) == {file_of("two"), MAINTENANCE_FILE}
    (dags / "plans" / "plan.schema.json").write_text("{}")
    assert to_be_read(take()) == {MAINTENANCE_FILE}


def test_a_plan_that_breaks_is_a_change_of_its_file_alone(dags: Path, take: Callable[[], Path]) -> None:
    """Its last good version, and the error, are built from it."""
    take()
    (dags / "plans" / "two.yaml").write_text("waves: [")
    assert to_be_read(take()) == {file_of("two"), MAINTENANCE_FILE}


def test_a_plan_that_is_gone_has_its_file_read_again(dags: Path, take: Callable[[], Path]) -> None:
    """The file stays: a plan that is back in a moment was never gone for Airflow."""
    take()
    (dags / "plans" / "two.yaml").unlink()
    snapshot = take()
    assert to_be_read(snapshot) == {file_of("two"), MAINTENANCE_FILE}
    assert list(dag_ids(snapshot / file_of("two"))) == []
    for file in (dags / "plans").iterdir():
        file.unlink()
    assert to_be_read(take()) == {file_of("one"), file_of("three"), MAINTENANCE_FILE}


def test_code_beside_the_plans_changes_every_file(dags: Path, take: Callable[[], Path]) -> None:
    """Whatever the loader may import from there."""
    take()
    (dags / "helper.py").write_text("x = 1")
    assert {file_of("one"), file_of("two"), file_of("three")} < to_be_read(take())


def test_a_change_that_is_taken_back_is_read_again(dags: Path, take: Callable[[], Path]) -> None:
    """Though its snapshot was there before."""
    first = take()
    (dags / "plans" / "two.yaml").write_text(PLAN.replace("One", "Two"))
    (dags / "plans" / "four.yaml").write_text(PLAN)
    take()
    (dags / "plans" / "two.yaml").write_text(PLAN)
    (dags / "plans" / "four.yaml").unlink()
    assert take() == first
    assert to_be_read(first) == {file_of("two"), file_of("four"), MAINTENANCE_FILE}
    assert set(division_of(first)) == {file_of(stem) for stem in ("one", "two", "three", "four")}


def test_the_same_again_is_not_read_again(take: Callable[[], Path]) -> None:
    """As a process that starts again finds it."""
    take()
    assert to_be_read(take()) == set()


def test_unchanged_files_are_on_disk_once(dags: Path, take: Callable[[], Path]) -> None:
    """A snapshot of thousands of plans costs as much as what has changed in it."""
    first = take()
    (dags / "plans" / "two.yaml").write_text(PLAN.replace("One", "Two"))
    second = take()
    shared = {
        stem
        for stem in ("one", "two")
        if (first / f"plans/{stem}.yaml").samefile(second / f"plans/{stem}.yaml")
    }
    assert shared == {"one"}


def test_without_links_files_are_copied(
    take: Callable[[], Path], dags: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not every file system has them."""

    def refused(*_: object) -> None:
        raise PermissionError

    take()
    monkeypatch.setattr(os, "link", refused)
    (dags / "plans" / "two.yaml").write_text(PLAN.replace("One", "Two"))
    assert (take() / "plans" / "one.yaml").read_text() == PLAN


def test_only_changed_plans_are_read_for_a_snapshot(
    dags: Path, take: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And only those that something can be carried of; a thousand others would take Airflow's time."""
    from drs_recovery.dag.files import last_good  # noqa: PLC0415

    read, original = [], last_good.read_plans
    monkeypatch.setattr(
        last_good, "read_plans", lambda plans, only: read.append(only) or original(plans, only=only)
    )
    take()
    (dags / "plans" / "two.yaml").write_text(PLAN.replace("One", "Two"))
    (dags / "plans" / "new.yaml").write_text(PLAN)
    (dags / "plans" / "new_and_broken.yaml").write_text("waves: [")
    take()
    assert read == ["two"]


def dag_ids(file: Path) -> list[str]:
    """Return the ids of the DAGs of a file."""
    return sorted(dag.dag_id for dag in dags_of(file))
