"""What the DAG processor and workers call in the bucket of snapshots is what their roles may, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from drs_recovery.dag.files.kept import KeptSnapshots, snapshots_at
from drs_recovery.errors import SnapshotGone
from tests import iam
from tests.recovery.dag.dag_files import version_of
from tests.recovery.dag.stores import BUNDLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import LocalAws
    from tests.recovery.dag.stores import Machine, Store

ON_OBJECTS = {
    "GET": "s3:GetObject",
    "HEAD": "s3:GetObject",
    "PUT": "s3:PutObject",
    "DELETE": "s3:DeleteObject",
}

SHOWN_BY_NO_CALL = {"s3:ListBucket"}
"""A worker lists nothing: the right lets S3 tell what is not there from what nobody may have."""


def called(local_aws: LocalAws, key: str) -> set[str]:
    """Return the rights that the requests with an access key needed."""
    mine = [one for one in local_aws.control.requests(service="s3") if one["accessKey"] == key]
    return {_right(*one["operation"].split(" ")) for one in mine}


def _right(method: str, path: str) -> str:
    return ON_OBJECTS[method] if "/" in path.strip("/") else {"GET": "s3:ListBucket"}[method]


def test_each_calls_what_its_role_may(
    s3: Store, local_aws: LocalAws, machine_of: Callable[..., Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One takes a snapshot, looks for what is old, removes it; the other fetches it, and asks for another."""
    for key in ("WRITES", "READS"):
        monkeypatch.setenv(f"AIRFLOW_CONN_AWS_{key}", f"aws://{key}:secret@")
    processor = machine_of("processor", s3.address, store_conn_id="aws_writes").bundle()
    processor.initialize()
    machine_of("worker", s3.address, store_conn_id="aws_reads").bundle(version_of(processor)).initialize()
    with pytest.raises(SnapshotGone):
        machine_of("worker", s3.address, store_conn_id="aws_reads").bundle("0" * 40).initialize()
    kept = KeptSnapshots(snapshots_at(s3.address, "aws_writes", BUNDLE))
    (version,) = kept.versions()
    assert kept.stored(version)
    kept.remove(version)
    assert called(local_aws, "READS") == iam.actions("snapshots_read") - SHOWN_BY_NO_CALL
    assert called(local_aws, "WRITES") == iam.actions("snapshots_read", "snapshots_write")
