"""What an approver reads of policies: who is missing, who may be missing next, and who goes on without."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from drs_recovery.clock import now
from drs_recovery.engine.attempt import Clear
from drs_recovery.engine.gate import Asks, GateRequest, open_gate
from drs_recovery.engine.gate_text import gate_body
from drs_recovery.engine.journal import Journal
from drs_recovery.record.enums import ExecutionType
from drs_recovery.store.queue import QueueKey, queue_up
from drs_recovery.store.servers import read_servers
from tests.recovery.execution.test_queue import place
from tests.recovery.tasks.conftest import APP, DB, WEB, Drive, plan
from tests.recovery.tasks.policies import DATA, FULL, NEXT, OTHER, opened, wave_fails

GHOST = "s-99999999999999999"


def test_an_approver_reads_what_the_waves_before_met_and_what_may_be_missing_next(table: Any) -> None:
    """Who did not launch so far, who is optional next, how many must be launched."""
    table.control.fail_server(APP, raw_error=FULL)
    drive = opened(
        {"name": "Data", "servers": [DB, APP], "optional": [APP]},
        {"name": "Web", "servers": [WEB, OTHER], "optional": [OTHER], "pause_before_wave": True},
    )
    drive.wave("data")
    record, servers = drive.record, drive.store.run(read_servers(drive.execution_id))
    body = gate_body(drive.plan, record, record.waves[1], servers, at=now(), base_url="http://airflow")
    assert "**Data** PARTIAL: 1 of 2 servers launched" in body
    assert f"optional app-1.shop.example (shop-app-1, {APP}): {FULL}" in body
    assert "| Source server | Hostname | Name | Optional |\n| --- | --- | --- | --- |\n" in body
    assert f"| `{OTHER}` | `web-2.shop.example` | `shop-web-2` | yes |\n" in body
    assert "Every server that is not optional must be launched." in body


@pytest.mark.parametrize(
    ("policy", "texts"),
    [
        ({}, "Every server must be launched."),
        ({"minimum_launched": 1}, "At least 1 of the 2 servers must be launched."),
        ({"optional": [WEB, OTHER]}, "All are optional: one that is launched is enough."),
    ],
    ids=["all", "minimum", "optional"],
)
def test_an_approver_reads_how_many_must_be_launched(table: Any, policy: dict[str, Any], texts: str) -> None:
    """Before anything runs."""
    drive = opened({"name": "Web", "servers": [WEB, OTHER], "pause_before_wave": True, **policy})
    record, servers = drive.record, drive.store.run(read_servers(drive.execution_id))
    assert texts in gate_body(
        drive.plan, record, record.waves[0], servers, at=now(), base_url="http://airflow"
    )


@pytest.mark.parametrize("tier", [1, 5])
def test_an_approver_reads_who_would_be_started_first(table: Any, tier: int) -> None:
    """Where DRS is short of room; and nothing where nobody is before the wave."""
    drive = opened({"name": "Web", "servers": [WEB], "pause_before_wave": True})
    likely = now() + timedelta(minutes=25)
    times = {"since": now(), "seen": now(), "expected": likely}
    other = place("payroll", execution_type=ExecutionType.DRILL, tier=tier, **times)
    drive.store.run(queue_up(QueueKey("123456789012", "eu-west-1"), other))
    request = GateRequest(0, "Web", Clear(0, lambda _: False), asked=True)
    asks = open_gate(drive.record, request, drive.store, Journal("web.approve"))
    assert isinstance(asks, Asks)
    texts = {
        1: f"2nd in eu-west-1, behind 'payroll' (tier 1), which is likely to start at {likely:%H:%M:%S} UTC",
        5: None,
    }
    assert asks.queue == texts[tier]
    body = gate_body(
        drive.plan, asks.execution, asks.wave, [], at=now(), base_url="http://x", queue=asks.queue
    )
    assert ("DRS is short of room" in body) == (tier == 1)
    assert ("2nd in eu-west-1" in body) == (tier == 1)


def test_an_approver_reads_of_a_failed_wave_that_the_plan_goes_on(table: Any) -> None:
    """The approval is given knowing it; a wave without a policy has a plain table."""
    table.control.fail_server(DB, raw_error=FULL)
    drive = opened(DATA, NEXT | {"pause_before_wave": True})
    wave_fails(drive, "data")
    record, servers = drive.record, drive.store.run(read_servers(drive.execution_id))
    body = gate_body(drive.plan, record, record.waves[1], servers, at=now(), base_url="http://airflow")
    assert "The plan says `on_failure: continue`" in body
    assert "| Source server | Hostname | Name |\n| --- | --- | --- |\n" in body


@pytest.mark.parametrize("servers", [[WEB, GHOST], [GHOST]], ids=["one of two", "all"])
def test_an_approver_reads_who_will_not_be_started_and_why(table: Any, servers: list[str]) -> None:
    """A server that DRS did not know when the execution was opened starts only if it does by then."""
    drive = Drive(
        plan({"name": "Web", "servers": servers, "pause_before_wave": True}),
        execution_type="RECOVERY",
        confirm="shop",
    )
    drive.execute("open_execution")
    record, known = drive.record, drive.store.run(read_servers(drive.execution_id))
    body = gate_body(drive.plan, record, record.waves[0], known, at=now(), base_url="http://airflow")
    assert f"| `{GHOST}`" not in body
    assert "Not started, unless DRS knows them by then:\n\n- `s-9" in body
    assert f"- `{GHOST}`: DRS knows no such source server" in body
    assert ("| none | | |" in body) is (servers == [GHOST])
    assert (f"| `{WEB}` |" in body) is (WEB in servers)
