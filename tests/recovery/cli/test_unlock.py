"""`unlock` frees a plan, as somebody who may edit it, with a reason in the trail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from drs_recovery.cli.app import app
from drs_recovery.store import lock
from drs_recovery.store.read_trail import read_events

if TYPE_CHECKING:
    from tests.recovery.cli.airflow_stub import Stub

DAG = "/api/v2/dags/web_shop"
DETAILS = {
    "dag_id": "web_shop",
    "is_paused": False,
    "is_stale": False,
    "tags": [],
    "has_import_errors": False,
}


@pytest.fixture
def airflow(signed_in: Stub) -> Stub:
    """Give an Airflow with alice signed in, who may edit the plan."""
    signed_in.on(f"GET {DAG}/details", (200, DETAILS))
    signed_in.on(f"PATCH {DAG}", (200, DETAILS))
    return signed_in


def unlock(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(app, ("unlock", "web_shop", *arguments), catch_exceptions=False)


def test_a_plan_is_freed_with_its_reason_in_the_trail(story: Any, airflow: Stub) -> None:
    """It says what held the plan, and that it goes on; a second time there is nothing to free."""
    shown = story().freeze()
    result = unlock("--reason", "its run hangs")
    assert result.exit_code == 0
    assert shown.id in result.stdout
    released = [event for event in shown.store.run(read_events(shown.id)) if event.type == "LOCK_RELEASED"]
    assert [(event.actor, event.detail) for event in released] == [
        ("alice", "the plan was unlocked by hand: its run hangs")
    ]
    assert "not held" in unlock("--reason", "again").stdout


def test_a_plan_whose_lock_cannot_be_read_is_freed_too(story: Any, airflow: Stub) -> None:
    """The message says that the holder is unknown, and where to look for what runs."""
    shown = story().freeze()
    spoilt = {"executionId": {"S": "PLAN#web_shop"}, "item": {"S": "LOCK"}}
    shown.client.put_item(TableName=shown.table, Item=spoilt)
    result = unlock("--reason", "its lock is spoilt")
    assert result.exit_code == 0
    assert "The execution that held it is unknown" in result.stdout
    assert "recovery list" in " ".join(result.stdout.split())
    assert shown.store.run(lock.unlock("web_shop", "test", "look")) is None


def test_a4_who_may_not_edit_the_plan_frees_nothing(story: Any, airflow: Stub) -> None:
    """Airflow's own refusal is shown, and the plan stays held."""
    shown = story().freeze()
    airflow.on(f"PATCH {DAG}", (403, {"detail": "Forbidden"}))
    result = unlock("--reason", "its run hangs")
    assert (result.exit_code, "Forbidden" in result.stderr) == (3, True)
    assert shown.store.run(lock.unlock("web_shop", "test", "look")) is not None


def test_a_reason_is_needed(story: Any, airflow: Stub) -> None:
    """Without one nothing is asked of anybody."""
    result = unlock("--reason", " ")
    assert (result.exit_code, "3 characters" in result.stderr) == (3, True)
    assert airflow.requests == []
