"""What any release left in the table is listed, shown, maintained and archived, for ever.

``v…`` beside this file holds it, as ``__main__`` wrote it with the tasks of that release; the records that
``tests/recovery/execution/test_old_records.py`` continues step by step are looked at too.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from drs_recovery.clock import now
from drs_recovery.dag.maintenance import maintenance_dag
from drs_recovery.record.events import PREFIX
from drs_recovery.settings import settings
from drs_recovery.store.queries import due_clean_ups, due_put_backs, open_executions
from drs_recovery.store.requests import unmarshal
from drs_recovery.store.store import ExecutionStore
from drs_recovery.tasks import archive
from tests.recovery.cli.cli_surroundings import NO_AIRFLOW, document, recovery
from tests.recovery.tasks.conftest import TaskInstance, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_recovery.record.models import Execution
    from drs_recovery.store.requests import StoreProgram

__all__ = ["table"]

HERE = Path(__file__).parent
WHOLE = sorted(HERE.glob("v*/*.json"))
RECORDS = [*WHOLE, *sorted((HERE.parent / "execution" / "old_records").glob("v*/*.json"))]
NEWEST = max(path.parent.name for path in WHOLE)

Items = list[dict[str, Any]]


def read(path: Path) -> Items:
    found: Items = json.loads(path.read_text())
    return found


def kinds(items: Items) -> set[str]:
    """Return what kinds of items there are: by their range keys, and a queue's by its own."""
    return {item["item"]["S"].partition("#")[0] for item in items}


@pytest.fixture(params=RECORDS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def items(table: Any, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Items:
    """What a release left in the table, in the table of this one."""
    monkeypatch.setenv("RECOVERY_AIRFLOW_URL", NO_AIRFLOW)
    settings.cache_clear()
    found = read(request.param)
    for item in found:
        table.client("dynamodb").put_item(TableName="recovery-executions", Item=item)
    return found


def executions(items: Items) -> dict[str, dict[str, Any]]:
    """Return the records among items, by their ids."""
    return {item["executionId"]["S"]: unmarshal(item) for item in items if item["item"]["S"] == "EXECUTION"}


def test_each_release_has_its_records() -> None:
    """In the newest each kind of item that there is, but what stands beside a record of 340 KB."""
    assert {path.parent.name for path in WHOLE} >= {"v0_2", "v0_3"}
    assert set().union(*(kinds(read(path)) for path in WHOLE if path.parent.name == NEWEST)) == {
        *("EXECUTION", "PLAN", "SERVER", "EVENT", "LOCK", "TASK", "APPROVAL", "LAUNCH", "PUT_BACK"),
        *("INTENT", "IDS", "LONG", "PLACE", "QUEUE"),
    }


def test_it_is_listed_shown_maintained_and_archived(
    table: Any, items: Items, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it is shown. Where its DAG run is gone it is ended; what is due is found, the rest archived."""
    known = executions(items)
    is_shown(items, known)
    monkeypatch.setattr("drs_recovery.tasks.reconcile.is_ours", lambda _: True)
    monkeypatch.setattr("drs_recovery.tasks.airflow_runs.is_ours", lambda _: True)
    _run("reconcile", {record["dagRunId"] for record in known.values()})
    assert _found(table, open_executions(passed_over=pytest.fail)) == []
    due = {
        one.execution_id
        for program in (due_clean_ups, due_put_backs)
        for one in _found(table, program(now() + timedelta(days=1), passed_over=pytest.fail))
    }
    monkeypatch.setenv("RECOVERY_ARCHIVE", str(tmp_path))
    settings.cache_clear()
    later = now() + timedelta(days=401)
    monkeypatch.setattr(archive, "now", lambda: later)
    assert set(_run("archive")) == known.keys() - due


def is_shown(items: Items, known: dict[str, dict[str, Any]]) -> None:
    """Each execution, server and event, and its plan; nothing is passed over."""
    listed = recovery("list", "--json")
    assert listed.exit_code == 0
    assert "passed over" not in listed.stderr
    assert {one["executionId"] for one in json.loads(listed.stdout)["executions"]} == known.keys()
    for execution_id, record in known.items():
        shown = document("show", execution_id)
        mine = Counter(
            item["item"]["S"].partition("#")[0] for item in items if item["executionId"]["S"] == execution_id
        )
        assert shown["execution"]["status"] == record["status"]
        assert len(shown["execution"]["waves"]) == record["totalWaves"]
        assert len(shown["servers"]) == mine["SERVER"]
        assert len(shown["approvals"]) == mine["APPROVAL"]
        assert len(shown["launchSettings"]) == mine["LAUNCH"]
        assert len(shown["events"]) == mine[PREFIX.rstrip("#")]
        assert not [event for event in shown["events"] if event["type"] == "UNREADABLE"]
        assert (shown["plan"] is not None) == bool(mine["PLAN"])
    assert recovery("show", next(iter(known))).exit_code == 0
    assert recovery("queue").exit_code == 0


def _found(table: Any, program: StoreProgram[list[Execution]]) -> Sequence[Execution]:
    return ExecutionStore(table.client("dynamodb"), settings().table).run(program)


def _run(task_id: str, gone: set[str] | None = None) -> list[str]:
    """Execute a task of the maintenance, to which these DAG runs are gone."""
    task = maintenance_dag(Path("no such folder")).get_task(task_id)
    instance = TaskInstance(task_id, "recovery_maintenance", "r", deleted=gone or set())
    done: list[str] = type(task).execute(task, {"ti": instance})
    return done
