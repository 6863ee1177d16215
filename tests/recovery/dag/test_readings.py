"""What Airflow has read: whatever became of a reading, in the end it holds what is in the snapshot."""

from __future__ import annotations

import os
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from airflow.models.base import Base
from airflow.models.dag import DagModel
from airflow.models.dagbundle import DagBundleModel
from airflow.utils.session import create_session

from drs_recovery.dag.files import readings
from drs_recovery.dag.files.readings import (
    LONGEST_PAUSE,
    LOOK_AT_REST,
    LOOK_EVERY,
    Known,
    Readings,
    known_dags,
    unread,
)
from drs_recovery.dag.files.shards import LOADER, shard_of_plan
from drs_recovery.dag.files.snapshot import take_snapshot
from tests.recovery.dag.dag_files import MAINTENANCE_FILE, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy.orm import Session

PLAN = (ROOT / "dags" / "plans" / "file_server.yaml").read_text()
READ_LONG_AGO = 1_000_000_000.0


@pytest.fixture
def take(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that takes the next snapshot, of a loader, the maintenance, and plans."""
    before: list[Path] = []

    def snapshot(*stems: str, text: str = PLAN) -> Path:
        files = {LOADER: b"airflow dag shard_of_file", MAINTENANCE_FILE: b"airflow dag"}
        files |= {f"plans/{stem}.yaml": text.encode() for stem in stems}
        version = take_snapshot(files, tmp_path / "versions", before[-1] if before else None)
        before.append(tmp_path / "versions" / version)
        return before[-1]

    return snapshot


def read(snapshot: Path, *dag_ids: str, is_stale: bool = False) -> list[Known]:
    """Return what Airflow holds after it has read plans in a snapshot, and the maintenance."""
    files = {dag_id: shard_of_plan(dag_id).file for dag_id in dag_ids}
    plans = [Known(dag_id, str(snapshot / file), file, is_stale) for dag_id, file in files.items()]
    return [
        *plans,
        Known("recovery_maintenance", str(snapshot / MAINTENANCE_FILE), MAINTENANCE_FILE, is_stale=False),
    ]


def files_of(*stems: str) -> set[str]:
    """Return the DAG files of plans."""
    return {shard_of_plan(stem).file for stem in stems}


def test_what_was_read_in_the_newest_snapshot_is_read(take: Callable[..., Path]) -> None:
    """Or in an earlier one, if what the file is built from was the same there."""
    first = take("one", "two")
    assert unread(first, read(first, "one", "two")) == set()
    second = take("one", "two", "three")
    assert unread(second, [*read(first, "one", "two")[:2], *read(second, "three")]) == set()


def test_a_plan_that_airflow_does_not_know_is_not_read(take: Callable[..., Path]) -> None:
    """Its reading was killed, or what it gave was not stored."""
    snapshot = take("one", "two")
    assert unread(snapshot, read(snapshot, "one")) == files_of("two")
    assert unread(snapshot, []) == files_of("one", "two")


def test_a_plan_that_airflow_holds_stale_is_not_read(take: Callable[..., Path]) -> None:
    """It can neither be triggered nor do its runs go on: its file ran out of time, say."""
    snapshot = take("one", "two")
    known = [*read(snapshot, "one"), *read(snapshot, "two", is_stale=True)]
    assert unread(snapshot, known) == files_of("two")


def test_a_plan_that_was_read_before_it_changed_is_not_read(take: Callable[..., Path]) -> None:
    """Its reading ended after the change, so that Airflow takes the change for read."""
    first = take("one", "two")
    second = take("one", "two", text=PLAN + "# changed")
    assert unread(second, read(first, "one", "two")) == {*files_of("one", "two"), MAINTENANCE_FILE}


def test_a_plan_that_is_gone_is_not_read_until_airflow_holds_it_stale(take: Callable[..., Path]) -> None:
    """Airflow takes a DAG for gone only if its file is read again a while after it was there."""
    first = take("one", "two")
    second = take("one")
    known = [*read(second, "one"), *read(first, "two")[:1]]
    assert unread(second, known) == files_of("two")
    known = [*read(second, "one"), *read(first, "two", is_stale=True)[:1]]
    assert unread(second, known) == set()


def test_plans_of_the_undivided_loader_are_read_in_their_new_files(take: Callable[..., Path]) -> None:
    """After an upgrade."""
    snapshot = take("one")
    old = Known("one", str(snapshot.with_name("0123") / LOADER), LOADER, is_stale=True)
    assert unread(snapshot, [old]) == files_of("one")


def test_any_other_dag_file_is_read_in_each_snapshot(take: Callable[..., Path]) -> None:
    """It may be built from anything in the folder."""
    first = take("one")
    second = take("one", "two")
    assert unread(second, [*read(first, "one"), *read(second, "two")[:1]]) == {MAINTENANCE_FILE}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return a function that lets time pass."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def pass_(seconds: float) -> None:
        now[0] += seconds

    return pass_


def test_what_is_not_read_is_read_again_after_growing_pauses(
    take: Callable[..., Path], clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that can never be read costs little; the others nothing."""
    snapshot = take("one", "two")
    monkeypatch.setattr(readings, "known_dags", lambda _: read(snapshot, "one"))
    good, bad = (snapshot / shard_of_plan(stem).file for stem in ("one", "two"))
    os.utime(good, (READ_LONG_AGO, READ_LONG_AGO))
    looks, again = Readings("dags-folder"), []
    looks.changed()
    for second in range(3600):
        os.utime(bad, (READ_LONG_AGO, READ_LONG_AGO))
        looks.look(snapshot)
        if bad.stat().st_mtime != READ_LONG_AGO:
            again.append(second)
        clock(1)
    pauses = [after - before for before, after in pairwise(again)]
    assert again[0] == LOOK_EVERY
    assert pauses == sorted(pauses)
    assert max(pauses) <= LONGEST_PAUSE + LOOK_EVERY
    assert len(again) < 15
    assert good.stat().st_mtime == READ_LONG_AGO


def test_a_file_that_is_never_read_has_the_database_asked_no_more_often_than_it_is_due(
    take: Callable[..., Path], clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked for each of thousands of plans: not every five seconds while one file is broken."""
    snapshot, asked = take("one", "two"), []
    monkeypatch.setattr(readings, "known_dags", lambda _: asked.append(1) or read(snapshot, "one"))
    looks = Readings("dags-folder")
    looks.changed()
    for _ in range(3600):
        looks.look(snapshot)
        clock(1)
    assert 3600 / LOOK_AT_REST <= len(asked) < 1.5 * 3600 / LOOK_AT_REST


def test_an_archive_is_read_again_for_a_dag_in_it(
    tmp_path: Path, clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow knows it by a path in the archive, where no file is."""
    first = tmp_path / take_snapshot({"more.zip": b"x", "a.py": b"1"}, tmp_path, None)
    second = tmp_path / take_snapshot({"more.zip": b"x", "a.py": b"2"}, tmp_path, first)
    file = "more.zip/sub/dag.py"
    monkeypatch.setattr(
        readings, "known_dags", lambda _: [Known("more", f"{first}/{file}", file, is_stale=False)]
    )
    os.utime(second / "more.zip", (READ_LONG_AGO, READ_LONG_AGO))
    looks = Readings("dags-folder")
    looks.changed()
    clock(LOOK_EVERY)
    looks.look(second)
    assert (second / "more.zip").stat().st_mtime > READ_LONG_AGO


@pytest.mark.parametrize(
    "fileloc", ["x.py", "/x.py", "/dags/x.py", "/somewhere/else/a/b/x.py", "/../a/b/x.py", "", "/"]
)
def test_a_dag_of_no_snapshot_was_read_from_none(take: Callable[..., Path], fileloc: str) -> None:
    """As one that another release of Airflow has left: it hinders no other from being looked at."""
    snapshot = take("one", "two")
    odd = Known("odd", fileloc, "a/b/x.py", is_stale=False)
    assert unread(snapshot, [odd, *read(snapshot, "one")]) == {"a/b/x.py", *files_of("two")}


def test_at_rest_it_is_looked_once_a_minute_and_soon_after_a_change(
    take: Callable[..., Path], clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer of the database for all plans is not free."""
    snapshot, asked = take("one"), []
    monkeypatch.setattr(readings, "known_dags", lambda _: asked.append(1) or read(snapshot, "one"))
    looks = Readings("dags-folder")
    for _ in range(int(10 * LOOK_AT_REST)):
        looks.look(snapshot)
        clock(1)
    assert len(asked) == 10
    looks.changed()
    clock(LOOK_EVERY)
    looks.look(snapshot)
    assert len(asked) == 11


def test_a_database_that_does_not_answer_stops_nothing(
    take: Callable[..., Path], clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked again."""
    answers: list[object] = [OSError("gone"), read(snapshot := take("one"), "one")]

    def asked(_: str) -> object:
        if isinstance(answer := answers.pop(0), Exception):
            raise answer
        return answer

    monkeypatch.setattr(readings, "known_dags", asked)
    looks = Readings("dags-folder")
    looks.look(snapshot)
    clock(LOOK_AT_REST)
    looks.look(snapshot)
    assert answers == []


@pytest.fixture
def database() -> Iterator[Session]:
    """Airflow's database, as far as bundles and DAGs are in it."""
    tables = [DagBundleModel.__table__, DagModel.__table__]
    with create_session() as session:
        Base.metadata.create_all(session.connection(), tables)
    with create_session() as session:
        yield session
    with create_session() as session:
        Base.metadata.drop_all(session.connection(), tables)


def test_only_what_airflow_holds_of_this_bundle_is_asked_for(database: Session) -> None:
    """Another bundle may have DAGs of the same files, and a row of before an upgrade none at all."""
    row = {"fileloc": "/versions/0123/a/x.py", "relative_fileloc": "a/x.py", "bundle_name": "dags-folder"}
    rows = [
        {"dag_id": "ours", **row, "is_stale": False},
        {"dag_id": "gone", **row, "is_stale": True},
        {"dag_id": "theirs", **row, "bundle_name": "other", "is_stale": False},
        {"dag_id": "older", **row, "relative_fileloc": None, "is_stale": False},
    ]
    database.add_all(DagBundleModel(name=name) for name in ("dags-folder", "other"))
    database.commit()
    database.add_all(DagModel(**values) for values in rows)
    database.commit()
    known = known_dags("dags-folder")
    assert {(dag.dag_id, dag.version, dag.is_stale) for dag in known} == {
        ("ours", "0123", False),
        ("gone", "0123", True),
    }
