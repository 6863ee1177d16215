"""How a job is found again by its tags, those of an earlier release too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from drs_recovery.aws.hooks.drs import DrsHook
from drs_recovery.clock import now
from drs_recovery.engine.adoption import Adoption
from drs_recovery.engine.jobs import job_tags
from drs_recovery.engine.journal import Journal
from drs_recovery.record.intent import Intent

if TYPE_CHECKING:
    from tests.recovery.tasks.conftest import Drive

DB = "s-000000000000db001"


def start(table: Any, tags: dict[str, str]) -> str:
    """Start a drill of the database with these tags, as a start task does whose answer is lost."""
    job = table.client("drs").start_recovery(sourceServers=[{"sourceServerID": DB}], isDrill=True, tags=tags)[
        "job"
    ]
    return str(job["jobID"])


def found(drive: Drive, batch: int) -> str | None:
    """Return the job of a batch that was announced just now, as a start task looks for it."""
    hook = DrsHook(aws_conn_id="aws_default", region_name="eu-west-1")
    adoption = Adoption(hook, drive.store, Journal("database.start_recovery"), drive.record)
    intent = Intent(attempt=1, batch=batch, servers=(DB,), time=now())
    return adoption.job_of(drive.record.waves[0], intent)


@pytest.mark.parametrize("wave", ["00-database", "Database"], ids=["of this release", "of the one before"])
def test_a_job_is_found_by_what_either_release_wrote_of_its_wave(drive: Drive, table: Any, wave: str) -> None:
    """A StartRecovery that was in flight during the upgrade is not sent a second time."""
    record = drive.record
    job_id = start(table, job_tags(record, record.waves[0], 0) | {"recovery:wave": wave})
    assert found(drive, 0) == job_id
    assert found(drive, 1) is None


def test_a_job_of_another_wave_is_not_found(drive: Drive, table: Any) -> None:
    """Whatever else is alike."""
    record = drive.record
    start(table, job_tags(record, record.waves[0], 0) | {"recovery:wave": "01-database"})
    assert found(drive, 0) is None
