"""The check `sql`, at a real PostgreSQL: a worker asks, and the trigger waits for the next look."""

from __future__ import annotations

import asyncio
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import TaskDeferred
from sqlalchemy import create_engine, text

from drs_recovery.settings import settings
from drs_recovery.store.servers import read_servers
from drs_recovery.tasks.databases import DatabaseError, first_row, without_secrets
from drs_recovery.tasks.wave_trigger import WaveTrigger
from launcher import postgres
from tests.recovery.tasks.conftest import APP, DB, Drive, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WAIT = "both.wait_for_recovery"
PASSWORD = "b4t/tery st4ple"


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """Give SQLAlchemy's URL of a PostgreSQL."""
    with tempfile.TemporaryDirectory(prefix="ledger ") as folder:
        data = Path(folder) / "postgresql"
        yield postgres.start(data)
        postgres.stop(data)


@pytest.fixture
def ledger(database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Name a connection to it, and return its URL."""
    uri = database.replace("postgresql+psycopg2://postgres@", "postgres://postgres:b4t%2Ftery%20st4ple@")
    monkeypatch.setenv("AIRFLOW_CONN_LEDGER", uri)
    return database


def execute(url: str, statement: str) -> None:
    """Change something in the database."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.mark.usefixtures("ledger")
def test_the_first_row_is_what_the_database_answers() -> None:
    """A percent sign is one, and no row is none."""
    assert first_row("ledger", "select count(*), 'x' from pg_database where datname like 'post%'") == (1, "x")
    assert first_row("ledger", "select 1 where false") is None


@pytest.mark.usefixtures("ledger")
def test_the_words_of_the_database_are_shown_without_its_password() -> None:
    """Also where the query itself names it."""
    with pytest.raises(DatabaseError, match='relation "orders" does not exist'):
        first_row("ledger", "select 1 from orders")
    with pytest.raises(DatabaseError, match='invalid input syntax for type integer: "') as quoted:
        first_row("ledger", f"select cast('{PASSWORD}' as int)")
    assert PASSWORD not in str(quoted.value)
    assert quoted.value.__cause__ is None
    assert without_secrets("as other/w0rd, or other%2Fw0rd", "other/w0rd") == "as ***, or ***"
    assert without_secrets("at postgres://me:b4t%2Ftery+st4ple@host", PASSWORD) == "at postgres://***@host"


def test_a_connection_that_leads_to_no_database_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not there, is of another kind, or nobody answers."""
    with pytest.raises(DatabaseError, match="nowhere"):
        first_row("nowhere", "select 1")
    monkeypatch.setenv("AIRFLOW_CONN_BRIDGE", "http://127.0.0.1:9")
    with pytest.raises(DatabaseError, match="of the kind http leads to no database of SQL"):
        first_row("bridge", "select 1")
    monkeypatch.setenv("AIRFLOW_CONN_GONE", "postgres://me@127.0.0.1:9/db")
    with pytest.raises(DatabaseError, match=re.compile("refused")):
        first_row("gone", "select 1")


@pytest.fixture
def launched(table: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Drive]:
    """Give what makes a drill whose servers are launched, and whose database should have orders."""
    for name in ("POLL_RELAXED", "POLL", "PHASE"):
        monkeypatch.setenv(f"RECOVERY_{name}_SECONDS", "0.1")
    monkeypatch.setenv("RECOVERY_HOLD_SECONDS", "0")
    settings.cache_clear()
    asked = {"connection": "ledger", "query": "select count(*) > 0 from orders", "expect": True}

    def drill(*others: dict[str, Any], **keys: Any) -> Drive:
        check = {"name": "has orders", "sql": asked, "every": "1s", **keys}
        drive = Drive(plan({"name": "Both", "servers": [DB, APP], "checks": [*others, check]}))
        drive.execute("open_execution")
        drive.execute("both.start_recovery")
        return drive

    return drill


def handed_over(drive: Drive, deferred: pytest.ExceptionInfo[TaskDeferred]) -> Any:
    """Return the event with which the trigger resumes the sensor."""

    async def run() -> Any:
        async with asyncio.timeout(30):
            (event,) = [event async for event in WaveTrigger(**deferred.value.trigger.serialize()[1]).run()]
        return event.payload

    assert drive.statuses[0] in {"STARTED", "CHECKING"}
    return asyncio.run(run())


def test_a_worker_asks_until_the_database_is_well(launched: Callable[..., Drive], ledger: str) -> None:
    """What it found is on record with each server; then the wave is COMPLETED, by the worker."""
    drive = launched()
    with pytest.raises(TaskDeferred) as deferred:
        drive.execute(WAIT)
    event = handed_over(drive, deferred)
    assert event["status"] == "success"
    with pytest.raises(TaskDeferred) as deferred:
        drive.resume(WAIT, event)
    assert drive.statuses == ["CHECKING"]
    servers = drive.store.run(read_servers(drive.execution_id))
    (said,) = {one.check_text for one in servers}
    assert said is not None
    assert said.startswith("check 'has orders' is waited for: ledger: relation \"orders\" does not exist")
    execute(ledger, "create table orders as select 1 as id")
    assert drive.resume(WAIT, handed_over(drive, deferred)) == "COMPLETED"
    assert drive.statuses == ["COMPLETED"]
    servers = drive.store.run(read_servers(drive.execution_id))
    assert {one.checks[0].found for one in servers} == {"ledger answers 'true'"}


def test_a_database_that_nobody_waits_for_is_asked_once(
    table: Any, launched: Callable[..., Drive], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trigger, which completes a wave that is well by itself, leaves the look to a worker first."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    drive = launched({"name": "instance", "ec2": "ok", "every": "1s"}, optional=True)
    unseen = table.control.throttle("drs", "DescribeJobs")
    with pytest.raises(TaskDeferred) as deferred:
        drive.execute(WAIT)
    table.control.remove_fault(unseen)
    assert drive.resume(WAIT, handed_over(drive, deferred)) == "COMPLETED"
    servers = drive.store.run(read_servers(drive.execution_id))
    assert {one.checks_status for one in servers} == {"PASSED"}
    assert {(one.checks[1].found or "")[:7] for one in servers} == {"ledger:"}
