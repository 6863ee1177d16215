"""`queue` shows who waits for room in DRS, from the record alone; `tier` changes who goes first."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from drs_recovery.cli.app import app
from drs_recovery.clock import now
from drs_recovery.engine.queue import LEFT_AFTER, tidy_queues
from drs_recovery.record.enums import Writer
from drs_recovery.store.changes import change
from drs_recovery.store.queries import read_execution
from drs_recovery.store.queue import QueueKey, queue_up, read_queue
from drs_recovery.store.read_trail import read_events
from tests.recovery.execution.test_queue import place

if TYPE_CHECKING:
    from drs_recovery.record.queue import Place
    from drs_recovery.store.store import ExecutionStore
    from tests.recovery.cli.airflow_stub import Stub

RUN = "/api/v2/dags/web_shop/dagRuns/manual__1"
HERE = QueueKey("123456789012", "eu-west-1")


def run(*arguments: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


def waiting(store: ExecutionStore, name: str, **fields: Any) -> Place:
    """Let a wave have come to wait for room just now."""
    at = now()
    times = {"since": at - timedelta(minutes=5), "seen": at}
    taken = place(name, **(times | fields))
    store.run(queue_up(HERE, taken))
    return taken


def test_nobody_waits(store: ExecutionStore) -> None:
    """It says so."""
    assert run("queue").stdout == "No wave waits for room in DRS.\n"
    assert json.loads(run("queue", "--json").stdout) == {"queues": []}


def test_the_queue_is_shown_in_order_with_those_passed_over_last(store: ExecutionStore) -> None:
    """A RECOVERY before a DRILL, then the tier; of each since when, and when it is likely to start."""
    at = now()
    waiting(store, "drill", execution_type="DRILL", tier=1)
    waiting(store, "shop", expected=at + timedelta(minutes=25))
    waiting(store, "payroll", tier=1, called=at)
    waiting(store, "dead", seen=at - timedelta(minutes=2))
    lines = run("queue").stdout.splitlines()
    assert lines[0] == "eu-west-1, account 123456789012  3 waves in the queue"
    assert [line.split()[:2] for line in lines[2:6]] == [
        ["1st", "payroll"],
        ["2nd", "shop"],
        ["3rd", "drill"],
        ["—", "dead"],
    ]
    assert "starts now" in lines[2]
    assert f"{at + timedelta(minutes=25):%H:%M:%S}" in lines[3]
    assert "passed over" in lines[6]
    (queue,) = json.loads(run("queue", "--json").stdout)["queues"]
    assert (queue["region"], queue["accountId"]) == HERE[::-1]
    assert [each["plan"] for each in queue["places"]] == ["payroll", "shop", "drill"]
    assert [each["plan"] for each in queue["passedOver"]] == ["dead"]


def test_the_tier_is_changed_on_record_and_where_it_waits(
    story: Any, signed_in: Stub, store: ExecutionStore
) -> None:
    """With who and why; the note in Airflow comes first, which only who may edit the run can write."""
    shown = story().to_the_second_gate()
    number = store.run(read_execution(shown.id)).open_waves[0].wave_number
    store.run(change(shown.id, Writer.OPEN, lambda known: known.replace(account_id=HERE.account)))
    held = waiting(store, "web_shop", execution=shown.id, wave_number=number)
    signed_in.on(f"PATCH {RUN}", (200, {}))
    result = run("tier", "web_shop", "1", "--reason", "payroll closes at noon")
    assert (result.exit_code, "is in tier 1" in result.stdout) == (0, True)
    assert store.run(read_execution(shown.id)).tier == 1
    assert [each.tier for each in store.run(read_queue(HERE))] == [1]
    assert held.tier == 3
    (event,) = [event for event in store.run(read_events(shown.id)) if event.type == "TIER_CHANGED"]
    assert (event.actor, event.detail) == ("alice", "from tier 3 to 1: payroll closes at noon")


def test_who_may_not_edit_the_run_changes_no_tier(story: Any, signed_in: Stub, store: ExecutionStore) -> None:
    """Airflow refuses the note, and nothing is on record."""
    shown = story().to_the_second_gate()
    signed_in.on(f"PATCH {RUN}", (403, {"detail": "Forbidden"}))
    assert run("tier", "web_shop", "1", "--reason", "payroll closes at noon").exit_code == 3
    assert store.run(read_execution(shown.id)).tier is None


@pytest.mark.parametrize(
    ("tier", "reason", "code"), [("0", "urgent", 2), ("6", "urgent", 2), ("two", "urgent", 2), ("1", "x", 3)]
)
def test_no_such_tier_and_no_reason(story: Any, signed_in: Stub, tier: str, reason: str, code: int) -> None:
    """Nothing is asked of anybody."""
    story().to_the_second_gate()
    assert run("tier", "web_shop", tier, "--reason", reason).exit_code == code
    assert not signed_in.requests


def test_what_has_ended_has_no_tier(story: Any, signed_in: Stub) -> None:
    """Refused with its status."""
    story().to_the_end()
    result = run("tier", "web_shop", "1", "--reason", "payroll closes at noon")
    assert (result.exit_code, "has ended: COMPLETED" in result.stderr) == (3, True), result.stderr


def test_the_maintenance_removes_what_was_left(store: ExecutionStore) -> None:
    """Places of executions that have ended, once nobody has waited for them for long."""
    at = now()
    old = {"seen": at - 2 * LEFT_AFTER}
    waiting(store, "ended", **old)
    running = waiting(store, "running", **old)
    waiting(store, "fresh")
    found = tidy_queues(store, {running.execution}, at)
    assert [each.plan for each in found[HERE]] == ["fresh"]
    assert {each.plan for each in store.run(read_queue(HERE))} == {"fresh", "running"}


def test_show_tells_where_a_wave_stands(story: Any, store: ExecutionStore) -> None:
    """In the picture and in JSON, with when it is likely to start."""
    shown = story().to_the_second_gate()
    store.run(change(shown.id, Writer.OPEN, lambda known: known.replace(account_id=HERE.account)))
    number = store.run(read_execution(shown.id)).open_waves[0].wave_number
    waiting(store, "payroll", tier=1)
    likely = now() + timedelta(minutes=25)
    waiting(store, "web_shop", execution=shown.id, wave_number=number, expected=likely)
    text = f"2nd in eu-west-1, behind 'payroll' (tier 1), likely at {likely:%H:%M:%S} UTC"
    assert json.loads(run("show", "web_shop", "--json").stdout)["queue"] == {str(number): text}
    assert f"waits for room in DRS: {text}" in " ".join(run("show", "web_shop").stdout.split())
