"""`cancel` ends the DAG run, and tells the end that is on record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from drs_recovery.cli.app import app
from drs_recovery.cli.commands import cancel as command
from drs_recovery.store.read_trail import read_events

if TYPE_CHECKING:
    from tests.recovery.cli.airflow_stub import Stub

RUN = "/api/v2/dags/web_shop/dagRuns/manual__1"


@pytest.fixture
def airflow(signed_in: Stub, monkeypatch: pytest.MonkeyPatch) -> Stub:
    """Give an Airflow with alice signed in, whose teardown never gets to run."""
    monkeypatch.setattr(command, "LONGEST_WAIT", 0)
    signed_in.on(f"PATCH {RUN}", (200, {}))
    return signed_in


def cancel(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(app, ("cancel", "web_shop", *arguments), catch_exceptions=False)


def patches(airflow: Stub) -> list[Any]:
    """Return what was asked of the run."""
    return [body for request, body in airflow.requests if request == f"PATCH {RUN}"]


def test_c1_the_run_is_noted_then_ended(story: Any, airflow: Stub) -> None:
    """Who and why first, so that the teardown finds it; without an end on record the exit code says so."""
    shown = story().to_the_second_gate()
    result = cancel("--reason", "the Region is back")
    (asked,) = [event for event in shown.store.run(read_events(shown.id)) if event.type == "CANCEL_ASKED"]
    assert (asked.actor, asked.detail) == ("alice", "the Region is back")
    assert patches(airflow) == [
        {"note": "cancelled by alice: the Region is back"},
        {"state": "failed"},
    ]
    assert (result.exit_code, "does not show the end yet" in result.stdout) == (1, True)


def test_a_cancel_that_did_not_arrive_is_taken_back(story: Any, airflow: Stub) -> None:
    """The run lives on: a later end of it must not be told as this cancellation."""
    shown = story().to_the_second_gate()
    airflow.on(f"PATCH {RUN}", (200, {}), (404, {"detail": "gone"}))
    assert cancel().exit_code == 3
    types = [
        event.type for event in shown.store.run(read_events(shown.id)) if event.type.startswith("CANCEL")
    ]
    assert types == ["CANCEL_ASKED", "CANCEL_FAILED"]


def test_what_is_final_is_not_cancelled(story: Any, airflow: Stub) -> None:
    """Refused with its status, and nothing is changed."""
    story().to_the_end()
    result = cancel()
    assert (result.exit_code, patches(airflow)) == (3, [])
    assert "has ended: COMPLETED" in result.stderr


def test_a4_who_may_not_edit_the_run_cancels_nothing(story: Any, airflow: Stub) -> None:
    """Airflow's own words are shown."""
    shown = story().to_the_second_gate()
    airflow.on(f"PATCH {RUN}", (403, {"detail": "Forbidden"}))
    result = cancel()
    assert not any(event.type == "CANCEL_ASKED" for event in shown.store.run(read_events(shown.id)))
    assert (result.exit_code, "Forbidden" in result.stderr) == (3, True)
