"""On the real stack: two people pass a gate, one alone breaks the glass, and servers are checked."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.airflow_rest import HOLD, until

if TYPE_CHECKING:
    from tests.integration.running_stack import Run, World

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]


def approve(run: Run, wave: str, user: str) -> dict[str, Any]:
    """Approve a gate that has just asked, and return the event of that answer."""
    before = len(run.events)
    run.wait_for(f"{wave}.approve", "deferred")
    time.sleep(HOLD)
    answer = run.world.user(user).answer(*run.gate(wave), reason=f"{user} has seen it")
    assert answer.status_code == 200, answer.text

    def told() -> dict[str, Any] | None:
        return next((event for event in run.events[before:] if event.get("actor") == user), None)

    return until(f"the answer of {user} on record", told)


def test_two_people_pass_a_gate_one_breaks_the_glass_and_servers_are_checked(world: World) -> None:
    """Airflow's REST API takes each answer; the record counts people, and the judge of waves what is well."""
    sure = {"execution_type": "RECOVERY", "confirm": "several", "reason": "the Region is down"}
    run = world.start("several", **sure)
    given = [approve(run, "database", user) for user in ("alice", "bob")]
    assert [event["type"] for event in given] == ["APPROVAL_REFUSED", "APPROVAL_GIVEN"]
    assert run.starts == []
    assert approve(run, "database", "eve")["type"] == "APPROVED"
    until("the first wave to be well", lambda: run.statuses[0] == "COMPLETED")
    (server,) = [one for one in run.servers if one["waveNumber"] == 0]
    assert [check["status"] for check in server["checks"]] == ["PASSED", "PASSED"]
    assert approve(run, "application", "uma")["type"] == "BREAK_GLASS"
    assert run.record["waves"][1]["approval"]["breakGlass"] is True
    assert run.wait_for_end() == "failed"
    assert run.statuses == ["COMPLETED", "FAILED"]
    assert "check 'elsewhere' failed: localhost resolves to " in run.record["outcome"]
    world.terminate_all()
