"""The parameters of requests to DRS: filters of limited length, and what a job starts."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from mypy_boto3_drs.type_defs import StartRecoveryRequestSourceServerTypeDef

MAX_JOB_IDS_PER_FILTER = 1000
"""From the service model: the longest list that a request may carry."""


def start_of(source_server_id: str, snapshots: Mapping[str, str]) -> StartRecoveryRequestSourceServerTypeDef:
    """Return the entry of StartRecovery for a source server, from its snapshot or its latest data."""
    start: StartRecoveryRequestSourceServerTypeDef = {"sourceServerID": source_server_id}
    if snapshot := snapshots.get(source_server_id):
        start["recoverySnapshotID"] = snapshot
    return start


def job_filters(job_ids: Iterable[str] | None, since: datetime | None) -> Iterator[dict[str, Any]]:
    """Yield the requests for jobs, by their ids and from when they were made."""
    for batch in filters("jobIDs", job_ids, MAX_JOB_IDS_PER_FILTER):
        if since is None:
            yield batch
        else:
            from_date = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            yield {"filters": {**batch.get("filters", {}), "fromDate": from_date}}


def filters(name: str, ids: Iterable[str] | None, size: int) -> Iterator[dict[str, Any]]:
    """Yield one request for everything if ids is None, and none for no ids: an empty filter is everything."""
    if ids is None:
        yield {}
        return
    unique = list(dict.fromkeys(ids))
    for start in range(0, len(unique), size):
        yield {"filters": {name: unique[start : start + size]}}
