"""A job is ours by its tags, type, servers and time; one that only claims it is shown, and left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
from hypothesis import given
from hypothesis import strategies as st

from drs_recovery.aws.hooks.drs import DrsHook
from drs_recovery.engine.adoption import Adoption, window
from drs_recovery.engine.jobs import contradiction, has_tags, job_tags
from drs_recovery.engine.journal import Journal
from drs_recovery.errors import StartRefused
from drs_recovery.record.intent import Intent, NoJob, StillOpen
from drs_recovery.record.models import Execution, WaveRecord
from drs_recovery.settings import settings
from drs_recovery.store.queries import read_execution
from drs_recovery.tasks import base, start
from tests.recovery.tasks.conftest import APP, DB, Drive, plan
from tests.recovery.tasks.troubles import details_of, finish, released

if TYPE_CHECKING:
    from collections.abc import Callable

SURE = {"execution_type": "RECOVERY", "confirm": "shop", "reason": "the Region is down"}
START = "database.start_recovery"


@pytest.fixture
def recovery(table: Any, monkeypatch: pytest.MonkeyPatch) -> Drive:
    """A RECOVERY of one server whose StartRecovery never arrived, which nobody knows yet."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    table.control.set_speed("real")
    drive = Drive(plan({"name": "Database", "servers": [DB]}), **SURE)
    drive.execute("open_execution")
    table.control.drop("drs", "StartRecovery", after=False, times=1)
    with pytest.raises(TaskDeferred):
        drive.execute(START)
    assert len(drive.record.waves[0].open_intents) == 1
    return drive


def forge(table: Any, drive: Drive, *servers: str, real: bool) -> str:
    """Start a job of somebody else that has the very tags of this execution's."""
    tags = job_tags(drive.record, drive.record.waves[0], 0)
    wanted = [{"sourceServerID": server} for server in servers]
    job = table.client("drs").start_recovery(sourceServers=wanted, isDrill=not real, tags=tags)["job"]
    return str(job["jobID"])


FORGED: dict[str, Callable[[Any, Drive], str]] = {
    "a drill": lambda table, drive: forge(table, drive, DB, real=False),
    "more servers": lambda table, drive: forge(table, drive, DB, APP, real=True),
    "other servers": lambda table, drive: forge(table, drive, APP, real=True),
}


def retried(drive: Drive, _: pytest.MonkeyPatch) -> None:
    """`start_recovery` looks for the job of its intent."""
    try:
        drive.execute(START)
    except TaskDeferred:
        return


def ended(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """`complete_execution` settles what was in flight when the run was ended."""
    monkeypatch.setattr("drs_recovery.engine.finish.PATIENCE", 0)
    drive.states[START] = "failed"
    finish(drive, "complete_execution")


def cleared(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new attempt settles the intents of the last."""
    ended(drive, monkeypatch)
    drive.clear()
    later = base.now() + timedelta(seconds=settings().adoption_seconds + 5)
    for module in (base, start):
        monkeypatch.setattr(module, "now", lambda: later)
    try:
        drive.execute(START)
    except (TaskDeferred, AirflowFailException, StartRefused):
        return


@pytest.mark.parametrize("look", [retried, ended, cleared])
@pytest.mark.parametrize("forged", FORGED)
def test_a_job_that_only_claims_to_be_ours_is_reported_and_left(
    table: Any, recovery: Drive, forged: str, look: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever a job is looked for, however often: never on record, and in the trail once."""
    job = FORGED[forged](table, recovery)
    for _ in range(2):
        look(recovery, monkeypatch)
    assert job not in recovery.record.job_ids
    (texts,) = details_of(recovery, "JOB_DISOWNED")
    assert job in texts


@pytest.mark.parametrize("look", [retried, ended])
def test_a_job_from_before_the_announcement_is_not_ours(
    table: Any, recovery: Drive, look: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was there before anybody could ask for it; clocks are at most five minutes apart."""
    store, record = recovery.store, recovery.record
    (intent,) = record.waves[0].open_intents
    job = forge(table, recovery, DB, real=True)
    ahead = datetime.now(UTC) + timedelta(minutes=10)
    _move(table, recovery, ahead)
    look(recovery, monkeypatch)
    assert store.run(read_execution(recovery.execution_id)).job_ids == frozenset()
    assert intent.time < ahead
    (texts,) = details_of(recovery, "JOB_DISOWNED")
    assert job in texts
    assert "before it was announced" in texts


def test_a_drill_s_forged_job_makes_no_recovery_completed(table: Any, recovery: Drive) -> None:
    """The real one starts when that job has ended, and is what the RECOVERY is judged by."""
    job = forge(table, recovery, DB, real=False)
    released(table)
    with pytest.MonkeyPatch.context() as patch:
        late = base.now() + timedelta(seconds=settings().adoption_seconds + 5)
        for module in (base, start):
            patch.setattr(module, "now", lambda: late)
        (own,) = recovery.execute(START)
    assert own != job
    (known,) = DrsHook(aws_conn_id="aws_default", region_name="eu-west-1").list_jobs([own])
    assert known["initiatedBy"] == "START_RECOVERY"


def _move(table: Any, drive: Drive, time: datetime) -> None:
    """Let the intent, and its wave, have begun at another time."""
    table.client("dynamodb").update_item(
        TableName="recovery-executions",
        Key={"executionId": {"S": drive.execution_id}, "item": {"S": "EXECUTION"}},
        UpdateExpression="SET waves[0].intents[0].#time = :at, waves[0].startTime = :at",
        ExpressionAttributeNames={"#time": "time"},
        ExpressionAttributeValues={":at": {"S": time.isoformat().replace("+00:00", "Z")}},
    )


NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
INTENT = Intent(attempt=1, batch=0, servers=(DB, APP), time=NOW)
WAVE = WaveRecord(wave_number=0, wave_name="Database", intents=(INTENT,), start_time=NOW)
RECORD = Execution(
    execution_id="00000000-0000-0000-0000-000000000001",
    plan_id="shop",
    plan_name="Shop",
    plan_hash="0",
    dag_run_id="manual__1",
    execution_type="RECOVERY",
    total_waves=1,
    waves=(WAVE,),
    start_time=NOW,
)
TOLD: dict[str, Any] = {
    "type": "LAUNCH",
    "initiatedBy": "START_RECOVERY",
    "participatingServers": [{"sourceServerID": server} for server in (APP, DB)],
    "creationDateTime": "2026-01-01T11:56:00.5+00:00",
}
WRONG: dict[str, list[Any]] = {
    "type": ["TERMINATE", "CREATE_CONVERTED_SNAPSHOT"],
    "initiatedBy": ["START_DRILL", "FAILBACK", "DIAGNOSTIC"],
    "participatingServers": [[{"sourceServerID": DB}], [{"sourceServerID": s} for s in (DB, APP, "s-x")]],
    "creationDateTime": ["2026-01-01T11:54:59Z", "2025-12-31T12:00:00+00:00"],
}


@given(st.sets(st.sampled_from(sorted(TOLD))), st.none() | st.sampled_from(sorted(WRONG)), st.data())
def test_what_is_absent_contradicts_nothing_and_what_is_wrong_always_does(
    absent: set[str], wrong: str | None, data: Any
) -> None:
    """Every member of a job is optional in the service model, and a new job may lack some."""
    job: Any = {"jobID": "drsjob-00000000000000001", "tags": job_tags(RECORD, WAVE, 0)}
    job |= {name: value for name, value in TOLD.items() if name not in absent}
    if wrong:
        job[wrong] = data.draw(st.sampled_from(WRONG[wrong]))
    assert has_tags(job, RECORD, WAVE, INTENT)
    assert (contradiction(job, RECORD, WAVE, INTENT) is None) is (wrong is None)
    job["tags"] = {**job["tags"], "recovery:batch": "1"}
    assert not has_tags(job, RECORD, WAVE, INTENT)


def test_a_batch_that_is_announced_again_knows_its_first_job() -> None:
    """It was taken for lost, and shows late: as old as the first announcement of the attempt."""
    again = INTENT.replace(time=NOW + timedelta(hours=1))
    job: Any = {"jobID": "drsjob-00000000000000001", "tags": job_tags(RECORD, WAVE, 0), **TOLD}
    assert has_tags(job, RECORD, WAVE, again)
    assert contradiction(job, RECORD, WAVE, again) is None
    once_more = WAVE.replace(attempt=2, start_time=NOW + timedelta(hours=1))
    assert not has_tags(job, RECORD, once_more, again.replace(attempt=2))
    assert contradiction(job, RECORD, once_more, again.replace(attempt=2)) is not None


def test_a_look_counts_for_when_it_began(recovery: Drive) -> None:
    """The window ends while DRS answers: a job may have shown meanwhile, which the answer does not hold."""
    wave = recovery.record.waves[0]
    (intent,) = wave.open_intents
    times = [intent.time + window() - timedelta(seconds=1)]
    hook = DrsHook(region_name="eu-west-1")
    hook.conn.meta.events.register(
        "after-call.drs.DescribeJobs", lambda **_: times.append(intent.time + 2 * window())
    )
    adoption = Adoption(hook, recovery.store, Journal("database", lambda: times[-1]), recovery.record)
    assert isinstance(adoption.resolve(wave, intent), StillOpen)
    assert len(times) == 2
    assert isinstance(adoption.resolve(wave, intent), NoJob)
