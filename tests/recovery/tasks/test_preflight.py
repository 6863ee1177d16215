"""`open_execution` looks before anything is launched: what it finds blocks, or warns for all to see."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.store.servers import read_servers
from drs_simulator.drs.models import drs_backends
from tests.recovery.tasks.checked import ONE, SURE, add, details_of, refused, warned
from tests.recovery.tasks.conftest import DB, Drive, plan


def test_a_healthy_fleet_has_one_event(table: Any) -> None:
    """No warning on record, how old the data are, and nine requests, two of them to try rights."""
    drive = Drive(plan(rto="4h", rpo="15m"))
    drive.execute("open_execution")
    assert details_of(drive) == ["no check found a problem"]
    assert drive.record.warnings == ()
    assert drive.record.lag.unknown == 0
    assert 0 <= drive.record.lag.seconds <= 4
    assert (drive.record.rto_seconds, drive.record.rpo_seconds) == (14400, 900)
    calls = [call["operation"] for call in table.control.requests() if call["service"] != "dynamodb"]
    assert sorted(calls) == [
        "DescribeInstances",
        "DescribeJobLogItems",
        "DescribeJobs",
        "DescribeRecoveryInstances",
        "DescribeSourceServers",
        "GetCallerIdentity",
        "GetLaunchConfiguration",
        "ListLaunchActions",
        "ListServiceQuotas",
    ]


@pytest.mark.parametrize("state", ["STOPPED", "INITIATING", "INITIAL_SYNC"])
def test_a_server_without_data_blocks_a_drill_and_no_recovery(table: Any, state: str, starts: Any) -> None:
    """A new server of a tag in its first sync must not keep a real recovery of all the others out."""
    table.control.set_speed("manual")
    add("s-00000000000new001", state)
    wave = {"name": "All", "servers": [DB, "s-00000000000new001"]}
    text = refused(Drive(plan(wave)))
    assert f"servers: no data to launch, replication is {state}: s-00000000000new001 (new.example)" in text
    real = Drive(plan(wave), run_id="manual__2", **SURE)
    real.execute("open_execution")
    assert state in warned(real)["servers"]
    assert starts() == 0


@pytest.mark.parametrize("gone", ["unknown", "without data"])
@pytest.mark.parametrize(
    ("policy", "warns"),
    [
        ({}, False),
        ({"optional": ["s-00000000000new001"]}, True),
        ({"optional": [DB]}, False),
        ({"minimum_launched": 1}, True),
        ({"minimum_launched": "51%"}, False),
        ({"optional": [DB, "s-00000000000new001"]}, True),
    ],
    ids=["needed", "optional", "the other optional", "enough without", "not enough", "all optional"],
)
def test_a_drill_starts_without_a_server_that_its_wave_does_not_need(
    table: Any, gone: str, policy: dict[str, Any], warns: bool
) -> None:
    """What is found is shown either way; it blocks where the wave could not meet its policy any more."""
    table.control.set_speed("manual")
    if gone == "without data":
        add("s-00000000000new001", "STOPPED")
    drive = Drive(plan({"name": "All", "servers": [DB, "s-00000000000new001"], **policy}))
    if warns:
        drive.execute("open_execution")
        assert "s-00000000000new001" in warned(drive)["servers"]
    else:
        assert "s-00000000000new001" in refused(drive)


@pytest.mark.parametrize("wave", [[DB, "s-99999999999999999"], ["s-99999999999999999"]], ids=["one", "all"])
def test_servers_that_drs_does_not_know_block_a_drill_and_no_recovery(
    table: Any, wave: list[str], starts: Any
) -> None:
    """A typo is found before a drill; a server that was deleted keeps no real recovery of the others out."""
    ghosts = {"name": "Ghosts", "servers": wave}
    text = refused(Drive(plan(ghosts)))
    assert "servers: DRS knows no source server s-99999999999999999; it knows 16 in this account" in text
    real = Drive(plan(ghosts), run_id="manual__2", **SURE)
    real.execute("open_execution")
    assert "s-99999999999999999" in warned(real)["servers"]
    records = {server.source_server_id: server for server in real.store.run(read_servers(real.execution_id))}
    assert set(records) == set(wave)
    missing = records["s-99999999999999999"]
    assert missing.launch_status is None
    assert "DRS knows no such source server" in (missing.error or "")
    assert starts() == 0


def test_a_plan_may_let_a_drill_go_on_without_a_server_that_its_wave_needs(table: Any) -> None:
    """The refusal names how; then the drill launches what is left, and its wave is what it is."""
    gone = "s-99999999999999999"
    wave = {"name": "Database", "servers": [DB, gone], "pause_before_wave": True}
    assert "or let the plan warn of it only: `preflight: {servers: warn}`" in refused(Drive(plan(wave)))
    drive = Drive(plan(wave, preflight={"servers": "warn"}), run_id="manual__2")
    drive.execute("open_execution")
    assert gone in warned(drive)["servers"]
    drive.park("database.approve")
    drive.answer("database.approve")
    drive.execute("database.start_recovery")
    with pytest.raises(AirflowFailException, match="DRS knows no such source server"):
        drive.execute("database.wait_for_recovery")
    launched = {
        one.source_server_id: one.launch_status for one in drive.store.run(read_servers(drive.execution_id))
    }
    assert launched == {DB: "LAUNCHED", gone: None}
    assert drive.statuses == ["FAILED"]


def test_an_optional_server_of_a_tag_that_is_gone_fails_no_recovery(table: Any) -> None:
    """The plan names it by id, the wave by tags: the policy fits no servers, which is shown and judged."""
    wave = {"name": "Web", "servers": {"tags": {"Tier": "db"}}, "optional": ["s-99999999999999999"]}
    assert "optional: none of its servers is 's-99999999999999999'" in refused(Drive(plan(wave)))
    real = Drive(plan(wave), run_id="manual__2", **SURE)
    real.execute("open_execution")
    assert "none of its servers is" in warned(real)["servers"]


@pytest.mark.parametrize(
    ("fault", "state", "text"),
    [("stall_server", "STALLED", "NOT_CONVERGING"), ("disconnect_server", "DISCONNECTED", "AGENT_NOT_SEEN")],
)
def test_an_outage_warns_and_is_recovered(table: Any, fault: str, state: str, text: str) -> None:
    """In DRS's words; the worst lag is on record, and its RPO missed; a plan may block it."""
    table.control.set_speed("manual")
    getattr(table.control, fault)(DB, seconds=7200)
    real = Drive(plan(rpo="15m"), **SURE)
    real.execute("open_execution")
    assert (
        f"replication is {state}: {DB} (db-1.shop.example, shop-db-1): {text}" in warned(real)["replication"]
    )
    assert "above the RPO of 15m" in warned(real)["lag"]
    assert "lags 2h" in warned(real)["lag"]
    assert real.record.lag.seconds >= 7200
    strict = plan(rpo="15m", id="strict", preflight={"replication": "block", "lag": "block_drills"})
    text = refused(Drive(strict))
    assert "replication: replication is" in text
    assert "lag: above the RPO" in text


def test_all_problems_are_reported_at_once(table: Any) -> None:
    """The failure has every one that blocks; record and trail have those that warn, too."""
    table.control.set_speed("manual")
    add("s-00000000000new001", "STOPPED")
    table.control.stall_server(DB, seconds=60)
    table.control.set_quotas(concurrentJobs=0)
    drive = Drive(plan({"name": "All", "servers": [DB, "s-00000000000new001"]}))
    text = refused(drive)
    assert "servers: no data" in text
    assert "quotas: the quota of concurrent jobs in progress (L-D88FAC3A) is 0; 'All' needs 1" in text
    assert "STALLED" not in text
    assert list(warned(drive)) == ["replication"]
    (event,) = details_of(drive)
    assert [line.split(":")[0] for line in event.splitlines()] == ["blocked", "blocked", "warned"]


def test_a_server_that_fails_back_is_never_launched(table: Any) -> None:
    """It replicates to where its recovery instance came from: not even a recovery launches that.

    Nor does it keep the others of its wave from being launched: that is for the wave's policy to judge.
    """
    add("s-00000000000new001")
    backend = drs_backends["123456789012"]["eu-west-1"]
    backend.source_servers["s-00000000000new001"].replication_direction = "FAILBACK"
    text = "replicates in the direction FAILBACK, not FAILOVER: s-00000000000new001"
    back = {"name": "Back", "servers": ["s-00000000000new001", DB]}
    assert f"direction: {text}" in refused(Drive(plan(back)))
    spared = Drive(plan(back | {"optional": ["s-00000000000new001"]}, id="spared"))
    real = Drive(plan(back), run_id="manual__2", **SURE)
    for drive, ends in ((spared, "PARTIAL"), (real, "FAILED")):
        drive.execute("open_execution")
        assert warned(drive)["direction"].startswith(text)
        drive.execute("back.approve")
        drive.execute("back.start_recovery")
        named = {
            server["sourceServerID"]
            for call in table.control.requests(operation="StartRecovery")
            for server in call["parameters"]["sourceServers"]
        }
        assert named == {DB}
        with pytest.raises(AirflowFailException) if ends == "FAILED" else nullcontext():
            drive.execute("back.wait_for_recovery")
        assert drive.statuses == [ends]


def test_r02_jobs_that_run_are_looked_at_first(table: Any) -> None:
    """The one in the way is named before the start that waits for it; a plan may block instead."""
    table.control.set_speed("manual")
    job = table.client("drs").start_recovery(sourceServers=[{"sourceServerID": DB}], isDrill=True)["job"]
    drive = Drive(plan(ONE))
    drive.execute("open_execution")
    assert warned(drive) == {
        "active_jobs": f"{job['jobID']} (START_DRILL) runs, and holds {DB} (db-1.shop.example, shop-db-1)"
    }
    strict = plan(ONE, id="strict", preflight={"active_jobs": "block"})
    assert job["jobID"] in refused(Drive(strict))


def test_r14_a_drill_names_the_instances_it_will_replace(table: Any) -> None:
    """Yesterday's instances are listed, not silently destroyed."""
    table.client("drs").start_recovery(sourceServers=[{"sourceServerID": DB}], isDrill=True)
    (there,) = table.client("drs").describe_recovery_instances()["items"]
    drive = Drive(plan(ONE))
    drive.execute("open_execution")
    (text,) = warned(drive).values()
    assert f"a launch replaces these of drills: {there['recoveryInstanceID']} of {DB}" in text
