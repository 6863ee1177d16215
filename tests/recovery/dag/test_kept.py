"""Snapshots that are kept for all machines: what is got is what was kept, or a sentence says why not."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from drs_recovery.dag.files.archive import packed
from drs_recovery.dag.files.contents import version_of
from drs_recovery.dag.files.kept import KeptSnapshots, snapshots_at
from drs_recovery.errors import SnapshotGone, SnapshotRefused, SnapshotsUnavailable
from tests.recovery.dag.stores import BUCKET, BUNDLE, Store

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import LocalAws

FILES = {"recovery_plans.py": b"airflow dag", "plans/a.yaml": b"a"}
VERSION = version_of(FILES)
OTHER = version_of({})


def test_what_is_kept_is_got(store: Store) -> None:
    """By its version, by anybody who reaches the store; the last one is the newest."""
    store.kept.store(OTHER, {})
    store.kept.store(VERSION, FILES)
    assert store.kept.fetch(VERSION) == FILES
    assert store.kept.newest() == VERSION
    assert store.kept.versions() == {VERSION, OTHER}


def test_the_one_that_was_stored_last_is_the_newest_also_if_it_is_an_old_one(store: Store) -> None:
    """The folder was changed back."""
    for version, files in ((VERSION, FILES), (OTHER, {}), (VERSION, FILES)):
        store.kept.store(version, files)
    assert store.kept.newest() == VERSION


def test_an_empty_store_has_none(store: Store) -> None:
    """And says of one that is asked for why that may be."""
    assert (store.kept.newest(), store.kept.versions()) == (None, set())
    with pytest.raises(SnapshotGone, match=r"RECOVERY_SNAPSHOT_DAYS.*Start a new run"):
        store.kept.fetch(VERSION)


@pytest.mark.parametrize("version", ["../../etc/passwd", "0123", "", "z" * 40, f"{VERSION}\n"])
def test_what_is_no_version_is_not_there(store: Store, version: str) -> None:
    """It is no way to another object."""
    with pytest.raises(SnapshotGone):
        store.kept.fetch(version)


def test_what_is_removed_is_gone_and_no_other(store: Store) -> None:
    """Removing it again is no trouble."""
    store.kept.store(VERSION, FILES)
    store.kept.store(OTHER, {})
    store.kept.remove(VERSION)
    store.kept.remove(VERSION)
    assert store.kept.versions() == {OTHER}


def test_another_content_under_its_name_is_refused(store: Store) -> None:
    """Whoever can write to the store gets no code of theirs to run; the sentence says what is wrong."""
    evil = FILES | {"recovery_plans.py": b"airflow dag; import os"}
    store.place.write(f"{VERSION}.tar.gz", packed(evil))
    with pytest.raises(SnapshotRefused) as caught:
        store.kept.fetch(VERSION)
    said = str(caught.value)
    assert f"{store.place.shown}/{VERSION}.tar.gz" in said
    assert f"its hash is {version_of(evil)}, expected {VERSION}" in said
    assert "Remove that object" in said


@pytest.mark.parametrize("spoilt", [b"", b"<html>", packed(FILES)[:-9]], ids=["empty", "other", "half"])
def test_what_is_no_archive_is_refused(store: Store, spoilt: bytes) -> None:
    """As one that a proxy has cut off."""
    store.place.write(f"{VERSION}.tar.gz", spoilt)
    with pytest.raises((SnapshotRefused, SnapshotsUnavailable)) as caught:
        store.kept.fetch(VERSION)
    assert VERSION in str(caught.value) or store.address in str(caught.value)
    assert caught.value.__suppress_context__


def test_what_was_spoilt_is_mended_when_it_is_stored_again(store: Store) -> None:
    """As the message that refuses it says."""
    store.place.write(f"{VERSION}.tar.gz", b"spoilt")
    store.kept.store(VERSION, FILES)
    assert store.kept.fetch(VERSION) == FILES


def test_what_is_not_what_its_version_says_is_not_stored(store: Store) -> None:
    """Somebody has changed a snapshot on the disk of the DAG processor."""
    with pytest.raises(SnapshotRefused, match=f"is {OTHER}, expected {VERSION}"):
        store.kept.store(VERSION, {})
    assert store.kept.versions() == set()


@pytest.mark.parametrize("said", [b"", b"newest", b"../../x", b"\xff" * 200], ids=repr)
def test_a_newest_that_is_no_version_is_none(store: Store, said: bytes) -> None:
    """It is a name, and no path."""
    store.place.write("newest", said or b"\n")
    assert store.kept.newest() is None


def test_a_version_of_an_earlier_release_is_checked_too(store: Store) -> None:
    """It has fewer digits."""
    store.kept.store(VERSION[:20], FILES)
    assert store.kept.fetch(VERSION[:20]) == FILES


def test_a_folder_that_is_not_mounted_is_no_empty_store(tmp_path: Path) -> None:
    """Nothing is written in its place, where nobody else would see it."""
    kept = KeptSnapshots(snapshots_at(str(tmp_path / "mnt"), None, BUNDLE))
    for ask in (kept.newest, kept.versions, lambda: kept.store(VERSION, FILES), lambda: kept.fetch(VERSION)):
        with pytest.raises(
            SnapshotsUnavailable, match=r"mnt.*No such file or directory.*docs/production\.md"
        ):
            ask()
    assert not (tmp_path / "mnt").exists()


def test_a_folder_holds_no_half_of_a_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A DAG processor that dies while it writes leaves the object that was there."""
    kept = KeptSnapshots(snapshots_at(f"file://{tmp_path}", None, BUNDLE))
    kept.store(VERSION, FILES)
    monkeypatch.setattr(os, "getpid", lambda: 1)
    monkeypatch.setattr(type(tmp_path), "rename", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        kept.store(VERSION, FILES)
    assert kept.fetch(VERSION) == FILES


@pytest.mark.parametrize(
    ("store", "said"),
    [
        ("snapshots", "neither an absolute path"),
        ("s3://", "names no bucket"),
        ("s3:///", "names no bucket"),
        ("s3://key:secret@bucket/x", "store_conn_id"),
        ("s3://conn@bucket", "store_conn_id"),
    ],
)
def test_what_is_no_store_is_refused_at_once(store: str, said: str) -> None:
    """With what is allowed, and no secret."""
    with pytest.raises(ValueError, match=said) as caught:
        snapshots_at(store, None, BUNDLE)
    assert "secret@" not in str(caught.value)


def test_a_scheme_that_airflow_does_not_know_says_so() -> None:
    """It is asked for only by what needs it."""
    kept = KeptSnapshots(snapshots_at("nowhere://bucket/x", None, BUNDLE))
    with pytest.raises(SnapshotsUnavailable, match="No filesystem registered for scheme nowhere"):
        kept.newest()


def test_a_bucket_that_is_not_there_is_no_empty_store(s3: Store) -> None:
    """AWS's word for it is shown."""
    kept = KeptSnapshots(snapshots_at("s3://missing/x", None, BUNDLE))
    with pytest.raises(
        SnapshotsUnavailable, match=r"in s3://missing/x/dags-folder\. It answered: NoSuchBucket"
    ):
        kept.newest()


def test_a_bucket_that_refuses_is_shown_in_its_own_words(s3: Store, local_aws: LocalAws) -> None:
    """With the cure, and without asking again and again."""
    local_aws.control.deny("s3", message="no identity-based policy allows it")
    with pytest.raises(
        SnapshotsUnavailable, match=r"AccessDenied.*no identity-based policy.*docs/production"
    ):
        s3.kept.store(VERSION, FILES)
    assert len(local_aws.control.requests(service="s3")) == 1


def test_a_store_that_does_not_answer_is_not_waited_for_long(
    s3: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is a secret in the message: that of an address, or of the credentials."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://user:hush@127.0.0.1:{closed.getsockname()[1]}")
        with pytest.raises(SnapshotsUnavailable, match="s3://snapshots/airflow/dags-folder") as caught:
            s3.kept.newest()
    assert "hush" not in str(caught.value)
    assert "testing" not in str(caught.value)


def test_an_airflow_connection_leads_there(
    s3: Store, local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its credentials sign, and its name is in what goes wrong; its secret is not."""
    monkeypatch.setenv("AIRFLOW_CONN_SNAPSHOTS", "aws://AKIDOFCONN:hush@/?region_name=eu-west-1")
    kept = KeptSnapshots(snapshots_at(s3.address, "snapshots", BUNDLE))
    kept.store(VERSION, FILES)
    assert {request["accessKey"] for request in local_aws.control.requests(service="s3")} >= {"AKIDOFCONN"}
    local_aws.client("s3").delete_object(Bucket=BUCKET, Key=f"airflow/{BUNDLE}/newest")
    local_aws.control.deny("s3")
    with pytest.raises(SnapshotsUnavailable, match="by the connection 'snapshots'") as caught:
        kept.newest()
    assert "hush" not in str(caught.value)
