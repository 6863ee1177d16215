"""Replication: states that follow one another as time passes, and what was done to a server shows in them."""

from __future__ import annotations

from datetime import datetime

import pytest

from drs_simulator.clock import clock
from drs_simulator.drs.dates import iso_duration
from tests.simulator.drs.replicating import HOUR, NEW, seconds, states


def test_a_new_server_is_initiated_synchronised_and_ready(add, seen, let_pass):
    """INITIATING, INITIAL_SYNC, CREATING_SNAPSHOT, CONTINUOUS, in this order, by time alone."""
    add("INITIATING")
    assert states(seen, let_pass, 20) == ["INITIATING", "INITIAL_SYNC", "CREATING_SNAPSHOT", "CONTINUOUS"]


def test_an_immediate_clock_waits_for_no_replication(backend, drs):
    """At the speed ``immediate`` a server that is started is ready when it is looked at."""
    replication = backend.source_servers["s-000000000000db001"].replication
    for deed, state in ((replication.stop, "STOPPED"), (replication.start, "CONTINUOUS")):
        deed(clock.now())
        (server, *_) = drs.describe_source_servers()["items"]
        assert server["dataReplicationInfo"]["dataReplicationState"] == state


def test_the_initiation_goes_step_by_step(add, seen, let_pass):
    """Steps succeed, or are skipped, one after another; all stay told when data flow, as is recorded."""
    add("INITIATING")
    finished = []
    while (info := seen())["dataReplicationState"] == "INITIATING":
        steps = [step["status"] for step in info["dataReplicationInitiation"]["steps"]]
        rank = {"SUCCEEDED": 0, "SKIPPED": 0, "IN_PROGRESS": 1, "NOT_STARTED": 2}
        assert steps == sorted(steps, key=rank.__getitem__)
        assert steps.count("IN_PROGRESS") == 1
        finished.append(steps.index("IN_PROGRESS"))
        let_pass(20)
    assert finished == sorted(finished)
    assert (finished[0], finished[-1]) == (0, 10)
    began = info["dataReplicationInitiation"]["startDateTime"]
    states(seen, let_pass, 60)
    kept = seen()["dataReplicationInitiation"]
    assert kept["startDateTime"] == began
    assert {step["status"] for step in kept["steps"]} <= {"SUCCEEDED", "SKIPPED"}


def test_some_servers_find_a_replication_server_that_they_share(drs):
    """Their steps around a new one are SKIPPED; those of others SUCCEEDED."""
    servers = drs.describe_source_servers()["items"]
    initiations = [server["dataReplicationInfo"]["dataReplicationInitiation"] for server in servers]
    skipped = [
        tuple(step["name"] for step in initiated["steps"] if step["status"] == "SKIPPED")
        for initiated in initiations
    ]
    assert set(skipped) == {
        (),
        (
            "LAUNCH_REPLICATION_SERVER",
            "BOOT_REPLICATION_SERVER",
            "AUTHENTICATE_WITH_SERVICE",
            "DOWNLOAD_REPLICATION_SOFTWARE",
        ),
    }


def test_an_initiation_that_stalls_tells_the_step(add, seen, let_pass):
    """The step is FAILED, and stays so; those after it are not started."""
    add("INITIATING").set_fault("stall")
    let_pass(HOUR)
    info = seen()
    steps = {step["name"]: step["status"] for step in info["dataReplicationInitiation"]["steps"]}
    assert (info["dataReplicationState"], steps["WAIT"]) == ("STALLED", "FAILED")
    assert {*steps.values()} == {"FAILED", "NOT_STARTED"}


def test_the_initial_synchronisation_progresses_to_all_bytes(add, seen, let_pass):
    """What is replicated grows to all bytes; there is no lag yet, but an estimate of the end."""
    add("INITIAL_SYNC")
    done = []
    while (info := seen())["dataReplicationState"] == "INITIAL_SYNC":
        (disk,) = info["replicatedDisks"]
        done.append(disk["replicatedStorageBytes"] / disk["totalStorageBytes"])
        assert "lagDuration" not in info
        assert info["etaDateTime"].endswith("+00:00")
        let_pass(60)
    assert done == sorted(set(done))
    assert done[0] < 0.1
    assert done[-1] > 0.9
    (disk,) = info["replicatedDisks"]
    assert disk["replicatedStorageBytes"] == disk["totalStorageBytes"] == 50 * 1024**3


@pytest.mark.parametrize("state", ["BACKLOG", "RESCAN"])
def test_what_catches_up_gets_there(add, seen, wait, state):
    """The lag of a backlog or a rescan shrinks until replication is CONTINUOUS."""
    add(replication={"state": state, "lag_seconds": 1200})
    before = seconds(seen()["lagDuration"])
    wait(150)
    assert 550 < seconds(seen()["lagDuration"]) < 650 < before
    assert states(seen, wait, 20) == [state, "CONTINUOUS"]
    assert seconds(seen()["lagDuration"]) < 5


@pytest.mark.parametrize("state", ["STALLED", "PAUSED", "DISCONNECTED"])
def test_the_lag_of_what_is_lost_grows_with_time(add, seen, wait, state):
    """It stays in its state, and lags a second more each second."""
    add(replication={"state": state, "lag_seconds": 7200})
    wait(HOUR)
    info = seen()
    assert info["dataReplicationState"] == state
    assert seconds(info["lagDuration"]) == pytest.approx(3 * HOUR, abs=5)
    assert ("dataReplicationError" in info) == (state != "PAUSED")


def test_a_healthy_server_does_not_lag(add, seen, let_pass):
    """Recorded: ``P0D``, whenever it is looked at."""
    add()
    for _ in range(3):
        assert seen()["lagDuration"] == "P0D"
        let_pass(60)


@pytest.mark.parametrize("state", ["BACKLOG", "STALLED"])
def test_a_lag_is_of_whole_seconds(add, seen, let_pass, state):
    """Whatever fraction of a second has passed."""
    add(replication={"state": state, "lag_seconds": 7200.25})
    let_pass(0.7)
    assert "." not in seen()["lagDuration"]


def test_the_agent_gives_signs_of_life(add, drs, let_pass):
    """A healthy agent is seen every minute; one that is disconnected has been seen before."""

    def last_seen():
        (server,) = drs.describe_source_servers(filters={"sourceServerIDs": [NEW]})["items"]
        return datetime.fromisoformat(server["lifeCycle"]["lastSeenByServiceDateTime"])

    replication = add()
    let_pass(HOUR)
    assert 0 <= (clock.date(clock.now()) - last_seen()).total_seconds() <= 61
    replication.set_fault("disconnect")
    let_pass(HOUR)
    before = last_seen()
    let_pass(HOUR)
    assert last_seen() == before


def test_a_stopped_server_replicates_nothing_until_it_is_started(add, seen, snapshots, let_pass):
    """StopReplication deletes the snapshots; StartReplication begins with the first byte."""
    replication = add()
    assert len(snapshots()) > 6
    replication.stop(clock.now())
    let_pass(HOUR)
    info = seen()
    assert (info["dataReplicationState"], "lagDuration" in info, snapshots()) == ("STOPPED", False, [])
    replication.start(clock.now())
    assert states(seen, let_pass, 20)[0] == "INITIATING"
    let_pass(700)
    assert len(snapshots()) in {1, 2}


def test_a_disconnected_server_has_no_disks_any_more(add, seen, snapshots, let_pass):
    """DisconnectSourceServer sets totalStorageBytes to zero and takes the lag away, as the model says."""
    replication = add()
    replication.disconnect(clock.now())
    let_pass(HOUR)
    info = seen()
    assert info["dataReplicationState"] == "DISCONNECTED"
    assert [disk["totalStorageBytes"] for disk in info["replicatedDisks"]] == [0]
    assert "lagDuration" not in info
    assert snapshots() == []


@pytest.mark.parametrize("deed", ["stop", "disconnect", "stall"])
def test_a_retry_begins_the_initiation_again(add, seen, let_pass, deed):
    """RetryDataReplication helps what is stalled, stopped or disconnected."""
    replication = add()
    if deed == "stall":
        replication.set_fault("stall")
    else:
        getattr(replication, deed)(clock.now())
    let_pass(HOUR)
    replication.retry(clock.now())
    assert states(seen, let_pass, 30) == ["INITIATING", "INITIAL_SYNC", "CREATING_SNAPSHOT", "CONTINUOUS"]


def test_a_retry_changes_nothing_where_all_is_well(add, seen):
    """RetryDataReplication of a healthy server has no effect."""
    replication = add()
    replication.retry(clock.now())
    assert seen()["dataReplicationState"] == "CONTINUOUS"


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "P0D"),
        (12.5, "PT12.500000S"),
        (900, "PT15M"),
        (58838.697305, "PT16H20M38.697305S"),
        (93784, "P1DT2H3M4S"),
        (172800, "P2D"),
        (59.9999999, "PT1M"),
    ],
)
def test_durations_are_written_as_recorded(seconds, written):
    """Days, hours, minutes and seconds, without those that are zero: ``P0D``, ``PT16H20M38.697305S``."""
    assert iso_duration(seconds) == written
