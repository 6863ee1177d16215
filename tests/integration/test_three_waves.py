"""The acceptance test: a three-wave recovery plan, end to end, on the real stack."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.airflow_rest import HOLD, until
from tests.integration.browser import answer_gate, find_chromium, open_gate
from tests.integration.records import plain, statuses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.integration.running_stack import World

pytestmark = [
    pytest.mark.stack,
    pytest.mark.browser,
    pytest.mark.skipif(
        find_chromium() is None, reason="no Chromium is installed: a person answers a gate in it"
    ),
]

PLAN = "web_shop"
WAVES = {
    "DBWave1": {"s-000000000000db001", "s-000000000000db002"},
    "AppWave2": {f"s-00000000000app00{n}" for n in (1, 2, 3)},
    "WebWave3": {f"s-00000000000web00{n}" for n in (1, 2, 3, 4)},
}


def starts(world: World, execution_id: str) -> list[dict[str, Any]]:
    """Return the StartRecovery calls of an execution, in the order the simulator got them."""
    return [
        call
        for call in world.requests("StartRecovery")
        if call["parameters"]["tags"]["recovery:execution"] == execution_id
    ]


def first_put(world: World, execution_id: str) -> dict[str, Any]:
    """Return the EXECUTION item as DynamoDB was first given it, with the time of that call."""
    for call in world.requests("PutItem"):
        item = plain(call["parameters"]["Item"])
        if (item["executionId"], item["item"]) == (execution_id, "EXECUTION"):
            return item | {"time": call["time"]}
    raise AssertionError(f"no record of {execution_id} was ever put")


def launched(world: World, call: dict[str, Any]) -> bool:
    """Whether every server of a job is LAUNCHED in DRS."""
    (job,) = world.client("drs").describe_jobs(filters={"jobIDs": [call["jobID"]]})["items"]
    done = [server["launchStatus"] for server in job["participatingServers"]]
    return job["status"] == "COMPLETED" and set(done) == {"LAUNCHED"}


def last_read(world: World) -> str:
    """Return when Airflow's DAG processor last read the plan."""
    dag = world.admin.call("GET", f"/dags/{PLAN}").raise_for_status().json()
    return str(dag["last_parsed_time"])


def servers_of(call: dict[str, Any]) -> set[str]:
    return {server["sourceServerID"] for server in call["parameters"]["sourceServers"]}


def ordered(times: Sequence[str]) -> bool:
    return list(times) == sorted(times)


def test_r17_three_waves_run_to_the_end_and_the_record_tells_the_truth(world: World) -> None:
    """COMPLETED is written once, by complete_execution, after the third wave and both approvals."""
    world.control.set_speed(120)
    alice, bob = world.user("alice"), world.user("bob")
    run = alice.trigger(PLAN, reason="quarterly drill").raise_for_status().json()
    run_id = run["dag_run_id"]

    # 1: three PENDING waves are on record before DRS hears of anything
    first = until("the record", lambda: world.records.of_run(PLAN, run_id))
    execution_id = first["executionId"]
    (start_1,) = until("wave 1's job", lambda: starts(world, execution_id))
    put = first_put(world, execution_id)
    assert (statuses(put), put["totalWaves"]) == (["PENDING"] * 3, 3)
    assert put["time"] < start_1["time"]
    assert servers_of(start_1) == WAVES["DBWave1"]

    # 2, 3: wave 1 completes; the execution waits, and goes on waiting
    until("wave 1 launched", lambda: launched(world, start_1))
    seen = world.records.again(first)
    assert seen["status"] in {"POLLING", "PAUSED"}
    world.admin.wait_for_task(PLAN, run_id, "appwave2.approve", "deferred")
    time.sleep(HOLD)
    seen = world.records.again(first)
    assert (seen["status"], statuses(seen)) == ("PAUSED", ["COMPLETED", "PAUSED", "PENDING"])
    assert len(starts(world, execution_id)) == 1
    read = last_read(world)

    # 4: the approval by REST, and nothing before it, creates wave 2's job
    assert alice.answer(PLAN, run_id, "appwave2.approve", reason="database is up").status_code == 200
    start_2 = until("wave 2's job", lambda: starts(world, execution_id)[1:])[0]
    assert servers_of(start_2) == WAVES["AppWave2"]
    approval = world.records.again(first)["waves"][1]["approval"]
    assert (approval["by"], approval["reason"]) == ("alice", "database is up")
    assert approval["time"] < start_2["time"]
    until("wave 2 launched", lambda: launched(world, start_2))

    # 5: the same for wave 3, answered by a person in the Airflow UI
    world.admin.wait_for_task(PLAN, run_id, "webwave3.approve", "deferred")
    assert world.records.again(first)["status"] == "PAUSED"
    assert len(starts(world, execution_id)) == 2
    time.sleep(HOLD)
    with world.browser("bob") as page:
        open_gate(page, world.stack.airflow_url, PLAN, run_id, "webwave3.approve")
        # Beside the servers that come next it names others: those that the tests' other plans have too
        expect(page.get_by_role("cell").get_by_text("app-1.shop.example")).to_have_count(0)
        expect(page.get_by_role("cell").get_by_text("web-4.shop.example")).to_be_visible()
        answer_gate(page, "Approve", "application answers")
    start_3 = until("wave 3's job", lambda: starts(world, execution_id)[2:])[0]
    assert servers_of(start_3) == WAVES["WebWave3"]

    # 6: COMPLETED only after wave 3 is LAUNCHED, once, by complete_execution; the run is a success
    def until_launched() -> bool:
        seen = world.records.again(first)
        done = launched(world, start_3)
        assert done or seen["status"] == "POLLING", seen["status"]
        return done

    until("wave 3 launched", until_launched)
    assert bob.wait_for_end(PLAN, run_id) == "success"
    final = world.records.again(first)
    assert (final["status"], statuses(final)) == ("COMPLETED", ["COMPLETED"] * 3)
    assert (final["totalWaves"], final["completedWaves"]) == (3, 3)
    assert "openSince" not in final
    assert len(starts(world, execution_id)) == 3
    servers = world.records.servers(first)
    assert {server["launchStatus"] for server in servers} == {"LAUNCHED"}
    assert all(server["recoveryInstanceId"].startswith("i-") and server["privateIp"] for server in servers)
    assert world.records.lock(PLAN) is None
    assert last_read(world) == read, "the end of a wave had Airflow read the plan's file again"

    # 7: the trail names who asked and who approved, in order
    trail = world.records.events(first)
    assert ordered([event["time"] for event in trail])
    assert trail[0]["actor"] == "alice"
    assert [event["actor"] for event in trail if event["type"] == "APPROVED"] == ["alice", "bob"]
    ends = [event for event in trail if event["type"] == "EXECUTION_ENDED"]
    assert [event["actor"] for event in ends] == ["complete_execution"]
    assert trail.index(ends[0]) > max(i for i, event in enumerate(trail) if event["type"] == "WAVE_ENDED")
