"""Which data a server is launched from: chosen and frozen when its execution opens, and never other data."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.clock import now
from drs_recovery.engine.gate_text import gate_body
from drs_recovery.engine.recovery_points import taken
from drs_recovery.record.recovery_point import newest
from drs_recovery.store.frozen import read_plan
from drs_recovery.store.servers import read_servers
from tests.recovery.tasks.checked import SURE, refused, warned
from tests.recovery.tasks.conftest import APP, DB, WEB, Drive, plan
from tests.recovery.tasks.troubles import errors

ALL = {"name": "All", "servers": [DB, APP, WEB]}
HOURS_AGO = timedelta(hours=3)


def snapshots(table: Any, server: str) -> dict[str, datetime]:
    """Return the recovery snapshots that DRS has taken of a server, with the times of their data."""
    items = table.client("drs").describe_recovery_snapshots(sourceServerID=server)["items"]
    return {one.snapshot_id: one.time for one in taken(items)}


def remove(table: Any, server: str, snapshot: str) -> None:
    """Let somebody delete a snapshot of a server in EC2."""
    items = table.client("drs").describe_recovery_snapshots(sourceServerID=server)["items"]
    (item,) = (one for one in items if one["snapshotID"] == snapshot)
    table.client("ec2").delete_snapshot(SnapshotId=item["ebsSnapshots"][0])


def started_from(table: Any) -> dict[str, str | None]:
    """Return what each server was started from, in all StartRecovery calls that became a job."""
    return {
        one["sourceServerID"]: one.get("recoverySnapshotID")
        for call in table.control.requests(operation="StartRecovery")
        if "jobID" in call
        for one in call["parameters"]["sourceServers"]
    }


def frozen(drive: Drive) -> dict[str, Any]:
    """Return the servers on record, by id."""
    return {one.source_server_id: one for one in drive.store.run(read_servers(drive.execution_id))}


def at(time: datetime) -> str:
    return time.isoformat()


@pytest.fixture
def then(table: Any) -> datetime:
    """A moment three hours ago, of which each server has a snapshot that is not after it."""
    table.control.set_speed("manual")
    return datetime.now(UTC) - HOURS_AGO


def test_each_server_is_launched_from_the_newest_snapshot_that_is_not_after_the_time(
    table: Any, then: datetime
) -> None:
    """One moment for the whole wave: chosen in DRS, on record with its time, and named in StartRecovery."""
    drive = Drive(plan(ALL, recovery_point=at(then), rpo="15m"))
    drive.execute("open_execution")
    for server, record in frozen(drive).items():
        known = snapshots(table, server)
        assert record.recovery_point == max(time for time in known.values() if time <= then)
        assert known[record.recovery_snapshot_id] == record.recovery_point
    assert drive.record.lag.seconds >= HOURS_AGO.total_seconds()
    assert "the chosen data are above the RPO of 15m" in warned(drive)["recovery_points"]
    drive.execute("all.start_recovery")
    wanted = {server: record.recovery_snapshot_id for server, record in frozen(drive).items()}
    assert started_from(table) == wanted
    assert None not in wanted.values()


@pytest.mark.parametrize(
    ("points", "chosen"),
    [
        ((None, None, None), "latest"),
        (("then", None, None), "then"),
        (("then", "latest", None), "latest"),
        ((None, {"before": "start"}, None), "newest"),
        (("then", {"before": "start"}, "latest"), "latest"),
        ((None, "latest", "then"), "then"),
        ((None, "then", "before start"), "newest"),
    ],
)
def test_the_run_s_point_wins_then_the_wave_s_then_the_plan_s(
    table: Any, then: datetime, points: tuple[Any, Any, Any], chosen: str
) -> None:
    """Latest is no snapshot at all: DRS takes one."""
    of_plan, of_wave, of_run = (
        {"recovery_point": at(then) if point == "then" else point} if point else {} for point in points
    )
    drive = Drive(plan(ALL | of_wave, **of_plan), **of_run)
    drive.execute("open_execution")
    known = [(time, one) for one, time in snapshots(table, DB).items()]
    wanted = {
        "latest": None,
        "newest": max(known)[1],
        "then": max(one for one in known if one[0] <= then)[1],
    }
    assert frozen(drive)[DB].recovery_snapshot_id == wanted[chosen]


def test_a_run_may_name_snapshots_of_single_servers(table: Any, then: datetime) -> None:
    """They win over every other point; one that the server has not, or of no server of the plan, blocks."""
    oldest = min(snapshots(table, DB), key=snapshots(table, DB).__getitem__)
    drive = Drive(plan(ALL), recovery_points={DB: oldest})
    drive.execute("open_execution")
    assert {server: one.recovery_snapshot_id for server, one in frozen(drive).items()} == {
        DB: oldest,
        APP: None,
        WEB: None,
    }
    other = Drive(plan(ALL, id="other"), recovery_points={APP: oldest, "s-99999999999999999": oldest})
    text = refused(other)
    assert "names what no wave of this plan launches: s-99999999999999999" in text
    assert f"(wanted: {oldest})" in text
    assert f"{APP} (app-1.shop.example, shop-app-1): its snapshots are pit-" in text


def test_a_server_without_such_a_snapshot_blocks_also_a_recovery_and_names_the_oldest(
    table: Any, starts: Any
) -> None:
    """Nobody gets other data than were wanted."""
    table.control.set_speed("manual")
    oldest = min(snapshots(table, DB).items(), key=lambda one: one[1])
    long_ago = at(oldest[1] - timedelta(seconds=1))
    text = refused(Drive(plan(ALL), recovery_point=long_ago, **SURE))
    assert f"its oldest is {oldest[0]} of {oldest[1]:%Y-%m-%d %H:%M:%S} UTC" in text
    assert "`preflight: {recovery_points: warn}`" in text
    future = refused(Drive(plan(ALL, id="soon"), recovery_point=at(datetime.now(UTC) + timedelta(hours=1))))
    assert "that is after the start of the execution" in future
    assert starts() == 0


def test_a_server_that_its_wave_does_not_need_is_left_out_and_never_launched_from_the_latest(
    table: Any, then: datetime
) -> None:
    """It warns; the start leaves it out by name, and the others are launched."""
    for snapshot in snapshots(table, WEB):
        remove(table, WEB, snapshot)
    drive = Drive(plan(ALL | {"optional": [WEB]}, recovery_point=at(then)))
    drive.execute("open_execution")
    assert "DRS has no recovery snapshot of it" in warned(drive)["recovery_points"]
    drive.execute("all.start_recovery")
    assert started_from(table).keys() == {DB, APP}
    assert errors(drive)[WEB].startswith("no recovery snapshot of it was there when the execution opened")


@pytest.mark.parametrize("when", ["before the look", "after the look"])
def test_a_snapshot_that_is_gone_fails_its_server_by_name_and_no_other(
    table: Any, then: datetime, when: str
) -> None:
    """Between the gate and the start, and between the look and the call: never the latest instead."""
    drive = Drive(plan(ALL, recovery_point=at(then)))
    drive.execute("open_execution")
    gone = frozen(drive)[WEB].recovery_snapshot_id
    if when == "before the look":
        remove(table, WEB, gone)
    else:
        table.control.deny(
            "drs",
            "StartRecovery",
            resource=gone,
            error="ValidationException",
            message="There is no such snapshot.",
        )
    drive.execute("all.start_recovery")
    assert started_from(table).keys() == {DB, APP}
    assert None not in started_from(table).values()
    assert errors(drive).keys() == {WEB}
    if when == "before the look":
        assert f"its recovery snapshot {gone} is gone from DRS" in errors(drive)[WEB]
    table.control.clear_faults()
    table.control.set_speed("immediate")
    with pytest.raises(AirflowFailException, match=rf"1 of its 3 servers .*{WEB}"):
        drive.execute("all.wait_for_recovery")
    drive.clear()
    if when == "before the look":
        with pytest.raises(AirflowFailException, match="Nothing of All was started"):
            drive.execute("all.start_recovery")
    else:
        drive.execute("all.start_recovery")
    assert started_from(table).get(WEB, gone) == frozen(drive)[WEB].recovery_snapshot_id == gone


def test_a_lost_answer_is_adopted_with_its_point(table: Any, then: datetime) -> None:
    """The job is found by its tags, and nothing is started a second time."""
    drive = Drive(plan(ALL, recovery_point=at(then)))
    drive.execute("open_execution")
    table.control.drop("drs", "StartRecovery", after=True, times=1)
    (job,) = drive.execute("all.start_recovery")
    assert drive.record.waves[0].job_ids == (job,)
    assert len(table.control.requests(operation="StartRecovery")) == 1
    assert started_from(table)[DB] == frozen(drive)[DB].recovery_snapshot_id


@pytest.mark.parametrize("strictness", ["block", "warn"])
def test_snapshots_that_cannot_be_asked_for_are_none(table: Any, then: datetime, strictness: str) -> None:
    """It blocks; where the plan only warns of it, nothing is launched from other data."""
    table.control.deny("drs", "DescribeRecoverySnapshots")
    drive = Drive(plan(ALL, recovery_point=at(then), preflight={"recovery_points": strictness}))
    if strictness == "block":
        assert "its recovery snapshots cannot be asked for" in refused(drive)
        return
    drive.execute("open_execution")
    assert re.search(r"AccessDenied.*docs/production\.md, The policies", warned(drive)["recovery_points"])
    with pytest.raises(AirflowFailException, match="Nothing of All was started"):
        drive.execute("all.start_recovery")
    assert started_from(table) == {}


def test_one_call_that_is_refused_asks_for_no_other_server(table: Any, then: datetime) -> None:
    """Five hundred servers are not five hundred time-outs."""
    table.control.deny("drs", "DescribeRecoverySnapshots")
    refused(Drive(plan(ALL, recovery_point=at(then))))
    assert len(table.control.requests(operation="DescribeRecoverySnapshots")) == 1


def test_the_gate_shows_what_is_launched(table: Any, then: datetime) -> None:
    """The time of the data and their age; a run's point is on record too, and 0.2 must not overlook it."""
    drive = Drive(plan(ALL | {"pause_before_wave": True}, rpo="1h"), recovery_point=at(then))
    drive.execute("open_execution")
    record = frozen(drive)[DB]
    servers = drive.store.run(read_servers(drive.execution_id))
    body = gate_body(drive.plan, drive.record, drive.record.waves[0], servers, at=now(), base_url="http://x")
    assert f"{record.recovery_point:%Y-%m-%d %H:%M:%S} UTC, 3h" in body
    assert record.recovery_snapshot_id in body
    assert "above the target of 1h" in body
    assert drive.record.request.recovery_point == at(then)
    assert json.loads(drive.store.run(read_plan(drive.execution_id)))["format"] == 2


def test_r06_one_that_is_only_due_is_no_snapshot() -> None:
    """R-06: what was taken may lack its `timestamp`; then its data are of when it was due."""
    due = {"snapshotID": "pit-2", "sourceServerID": DB, "expectedTimestamp": "2026-11-27T02:10:00+00:00"}
    there = due | {
        "snapshotID": "pit-1",
        "expectedTimestamp": "2026-11-27T02:00:00Z",
        "ebsSnapshots": ["snap-1"],
    }
    found = taken([due | {"ebsSnapshots": []}, there])  # type: ignore[list-item]
    assert [one.snapshot_id for one in found] == ["pit-1"]
    assert newest(found, datetime(2026, 11, 27, 2, tzinfo=UTC)) == found[0]
    assert newest(found, datetime(2026, 11, 27, 1, 59, tzinfo=UTC)) is None
