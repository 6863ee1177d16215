"""Whatever goes wrong while an execution is archived, nothing of it is lost, and the next look goes on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowException

from drs_recovery.clock import now
from drs_recovery.storage import Folder
from drs_recovery.store.requests import marshal
from drs_recovery.tasks import archive
from tests.recovery.tasks.archive.conftest import (
    LONG_AFTER,
    TABLE,
    expiring,
    kept,
    raw,
    remove_expired,
)
from tests.recovery.tasks.sweeping import change_raw, drilled

if TYPE_CHECKING:
    from tests.recovery.tasks.conftest import Drive

Archive = Callable[..., list[str]]


def refused(inner: Any, folder: Folder, name: str, content: bytes) -> None:
    """Do not write, for want of a right."""
    with folder._asked("stored in"):
        raise PermissionError(13, "Permission denied")


def swallowed(inner: Any, folder: Folder, name: str, content: bytes) -> None:
    """Do not write, and say nothing."""


def cut(inner: Any, folder: Folder, name: str, content: bytes) -> None:
    """Write all but the last byte."""
    inner(folder, name, content[:-1])


def longer(inner: Any, folder: Folder, name: str, content: bytes) -> None:
    """Write a byte more."""
    inner(folder, name, content + b"\n")


@pytest.mark.parametrize(
    ("writes", "texts"),
    [
        (refused, "cannot be stored in .*Permission denied.*Nothing more leaves the table"),
        (swallowed, "does not hold what was written there: 0 bytes came back"),
        (cut, r"does not hold what was written there: \d+ bytes came back"),
        (longer, r"does not hold what was written there: \d+ bytes came back"),
    ],
)
def test_what_is_not_archived_does_not_expire(
    table: Any, look: Archive, writes: Any, texts: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task says in a sentence what is wrong, and the next one goes on."""
    drive, inner = drilled(), Folder.write
    with monkeypatch.context() as patch:
        patch.setattr(Folder, "write", lambda *given: writes(inner, *given))
        with pytest.raises(AirflowException, match=f"archived none; .*{texts}"):
            look()
    assert expiring(table, drive.execution_id) == set()
    assert (drive.record.archived.place, drive.record.archived.expires) == (None, None)
    assert look() == [drive.execution_id]


def test_a_store_that_is_away_is_asked_once(table: Any, look: Archive, tmp_path: Path) -> None:
    """And not for each execution that is due; no record says that it is being archived."""
    drives = [drilled(run_id=f"manual__{number}", id=f"shop{number}") for number in range(2)]
    with pytest.raises(AirflowException) as caught:
        look(str(tmp_path / "not" / "mounted"))
    assert str(caught.value).count("No such file") == 1
    assert [drive.record.archived for drive in drives] == [None, None]
    assert not any(expiring(table, drive.execution_id) for drive in drives)


def test_what_is_no_store_is_named_by_its_setting(table: Any, look: Archive) -> None:
    """Nothing is tried then."""
    with pytest.raises(ValueError, match="RECOVERY_ARCHIVE 'somewhere' is neither an absolute path"):
        look("somewhere")


def test_one_in_trouble_holds_no_other_back(
    table: Any, look: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it fails."""
    drives = [drilled(run_id=f"manual__{number}", id=f"shop{number}") for number in range(2)]
    write = Folder.write

    def but_the_first(self: Folder, name: str, content: bytes) -> None:
        if name.startswith(drives[0].execution_id):
            raise OSError(5, "Input/output error")
        write(self, name, content)

    monkeypatch.setattr(Folder, "write", but_the_first)
    monkeypatch.setattr(archive, "MOST", 1)
    with pytest.raises(AirflowException, match=f"archived {drives[1].execution_id}; .*Input/output error"):
        look()
    assert expiring(table, drives[1].execution_id)


@pytest.fixture
def half(table: Any, look: Archive, monkeypatch: pytest.MonkeyPatch) -> tuple[Drive, set[str], set[str]]:
    """Give an execution that took too long to archive, all its items, and those that are removed already."""
    drive = drilled()
    whole = set(raw(table, drive.execution_id))
    clock = iter([now() + LONG_AFTER] * 7)
    with monkeypatch.context() as patch:
        patch.setattr(archive, "now", lambda: next(clock, now() + 2 * LONG_AFTER))
        assert look() == []
    removed = expiring(table, drive.execution_id)
    remove_expired(table, drive.execution_id)
    return drive, whole, removed


def test_one_that_took_too_long_goes_on_and_what_is_gone_stays_in_the_archive(
    table: Any, look: Archive, half: tuple[Drive, set[str], set[str]]
) -> None:
    """DynamoDB has removed a part before the next look came."""
    drive, whole, removed = half
    assert removed < whole - {"EXECUTION"}
    assert drive.record.archived.expires is None
    assert look() == [drive.execution_id]
    assert kept(table, drive).keys() == whole
    assert expiring(table, drive.execution_id) == whole - removed - {"EXECUTION"}


def test_each_look_marks_some_however_late_it_is(
    table: Any, look: Archive, half: tuple[Drive, set[str], set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading the rest alone takes all the time that a look has; after some of them it is done."""
    drive, whole, removed = half
    for _ in whole - removed:
        times = iter([now() + LONG_AFTER] * 3)
        with monkeypatch.context() as patch:
            patch.setattr(archive, "now", lambda times=times: next(times, now() + 2 * LONG_AFTER))
            look()
        if drive.record.archived.expires:
            break
    assert kept(table, drive).keys() == whole
    assert drive.record.archived.expires is not None


def test_in_a_new_store_it_goes_on_only_with_the_file_that_has_the_rest(
    table: Any, look: Archive, half: tuple[Drive, set[str], set[str]], tmp_path: Path
) -> None:
    """What has left the table is in that file alone."""
    drive, whole, _ = half
    (new := tmp_path / "new" / "executions").mkdir(parents=True)
    file = Path(drive.record.archived.place)
    with pytest.raises(
        AirflowException, match=f"may be in {file} alone, and {new}/.* copy that file to here"
    ):
        look(str(new.parent))
    assert expiring(table, drive.execution_id) == set()
    shutil.copy(file, new / file.name)
    assert look(str(new.parent)) == [drive.execution_id]
    assert kept(table, drive).keys() == whole
    assert drive.record.archived.place.startswith(str(new))


@pytest.mark.parametrize("content", ["{}", "", '{"format": 2, "executionId": "x", "items": []}'])
def test_what_is_no_archive_is_not_taken_for_one(
    table: Any, look: Archive, half: tuple[Drive, set[str], set[str]], content: str
) -> None:
    """Somebody wrote into the file that has the rest."""
    drive, whole, _ = half
    file = Path(drive.record.archived.place)
    before = file.read_bytes()
    file.write_text(content)
    with pytest.raises(AirflowException, match=r"holds no archive in format 1 of .* bring an earlier"):
        look()
    assert expiring(table, drive.execution_id) == set()
    file.write_bytes(before)
    assert look() == [drive.execution_id]
    assert kept(table, drive).keys() == whole


@pytest.mark.parametrize("change", ["SET servers = :other", "SET addedSince = :other"])
def test_what_changes_meanwhile_does_not_expire_as_it_was(
    table: Any, look: Archive, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task that somebody cleared writes its item again, or a part of it, right after it was archived."""
    drive, write = drilled(), Folder.write

    def and_change(self: Folder, *given: Any) -> None:
        write(self, *given)
        table.client("dynamodb").update_item(
            TableName=TABLE,
            Key=marshal({"executionId": drive.execution_id, "item": "PLAN"}),
            UpdateExpression=change,
            ExpressionAttributeValues=marshal({":other": ["other"]}),
        )

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "write", and_change)
        with pytest.raises(AirflowException, match=r"PLAN of execution .* changed while it was archived"):
            look()
    assert drive.record.archived.expires is None
    assert look() == [drive.execution_id]
    assert {"L": [{"S": "other"}]} in kept(table, drive)["PLAN"].values()


def test_one_look_at_a_time_goes_on(table: Any, look: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was given up lives on while the next works: it marks nothing, and takes no record back."""
    drive, write, later = drilled(), Folder.write, list[list[str]]()

    def and_another(self: Folder, *given: Any) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(Folder, "write", write)
            later.append(look())
        write(self, *given)

    monkeypatch.setattr(Folder, "write", and_another)
    with pytest.raises(AirflowException, match="another process archives execution"):
        look()
    assert later == [[drive.execution_id]]
    times = {item["expires"]["N"] for item in raw(table, drive.execution_id).values() if "expires" in item}
    assert times == {str(int(drive.record.archived.expires.timestamp()))}
    assert look() == []


def test_what_was_opened_again_since_it_was_found_is_left(
    table: Any, look: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And has ended anew since, so that it is young."""
    drive, find = drilled(), archive.due_for_archive

    def ended_earlier(before: datetime, most: int) -> Any:
        found = yield from find(before, most)
        return [one.replace(end_time=one.end_time - timedelta(days=1)) for one in found]

    with monkeypatch.context() as patch:
        patch.setattr(archive, "due_for_archive", ended_earlier)
        with pytest.raises(AirflowException, match=r"was opened again: it is not archived"):
            look()
    assert drive.record.archived is None
    change_raw(table, drive, "SET cleanupDue = :due", {":due": {"S": "2026-03-01T08:00:00.000000Z"}})
    assert look() == []
