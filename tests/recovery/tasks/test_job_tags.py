"""How a job is found again by its tags, those of an earlier release too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from recovery.aws.hooks.drs import DrsHook
from recovery.tasks.jobs import find_job, job_tags

if TYPE_CHECKING:
    from conftest import Drive

DB = "s-000000000000db001"


def start(table: Any, tags: dict[str, str]) -> str:
    """Start a drill of the database with these tags, as a start task does whose answer is lost."""
    job = table.client("drs").start_recovery(sourceServers=[{"sourceServerID": DB}], isDrill=True, tags=tags)[
        "job"
    ]
    return str(job["jobID"])


@pytest.mark.parametrize("wave", ["00-database", "Database"], ids=["of this release", "of the one before"])
def test_a_job_is_found_by_what_either_release_wrote_of_its_wave(drive: Drive, table: Any, wave: str) -> None:
    """A StartRecovery that was in flight during the upgrade is not sent a second time."""
    record = drive.record
    job_id = start(table, job_tags(record, record.waves[0], 0) | {"recovery:wave": wave})
    hook = DrsHook(aws_conn_id="aws_default", region_name="eu-west-1")
    assert find_job(hook, record, record.waves[0], 0, 1) == job_id
    assert find_job(hook, record, record.waves[0], 1, 1) is None


def test_a_job_of_another_wave_is_not_found(drive: Drive, table: Any) -> None:
    """Whatever else is alike."""
    record = drive.record
    start(table, job_tags(record, record.waves[0], 0) | {"recovery:wave": "01-database"})
    hook = DrsHook(aws_conn_id="aws_default", region_name="eu-west-1")
    assert find_job(hook, record, record.waves[0], 0, 1) is None
