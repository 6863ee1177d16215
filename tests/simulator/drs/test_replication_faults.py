"""What goes wrong with replication, what it does to snapshots and launches, and how it mends."""

from __future__ import annotations

import pytest

from drs_simulator.clock import clock
from tests.simulator.drs.replicating import HOUR, NEW, seconds, states

LONG = 4 * HOUR
"""Longer than any initial synchronisation of a small disk takes."""


@pytest.fixture
def replicating(add, seen):
    """Give the replication of a healthy server, and the function that describes it."""
    return add(), seen


def test_a_lag_is_set_and_taken_away(add, seen):
    """The fault ``lag`` shows in lagDuration and the backlog of a server that stays CONTINUOUS."""
    replication = add()
    replication.set_fault("lag", 900)
    info = seen()
    assert (info["dataReplicationState"], info["lagDuration"]) == ("CONTINUOUS", "PT15M")
    backlog = info["replicatedDisks"][0]["backloggedStorageBytes"]
    assert backlog == pytest.approx(900 * 1024**2, abs=1024)
    replication.set_fault(None)
    assert seconds(seen()["lagDuration"]) < 5


@pytest.mark.parametrize(
    ("kind", "reported"),
    [("stall", ("STALLED", "NOT_CONVERGING")), ("disconnect", ("DISCONNECTED", "AGENT_NOT_SEEN"))],
)
def test_a_fault_takes_no_snapshots_until_it_is_mended(replicating, snapshots, wait, kind, reported):
    """Lag grows, snapshots only age; mended, the backlog is caught up and snapshots go on."""
    replication, seen = replicating
    before = snapshots()
    replication.set_fault(kind)
    wait(2 * HOUR)
    info = seen()
    assert (info["dataReplicationState"], info["dataReplicationError"]["error"]) == reported
    assert seconds(info["lagDuration"]) == pytest.approx(2 * HOUR, abs=10)
    assert snapshots() == [snapshot for snapshot in before if snapshot in snapshots()] != []
    replication.set_fault(None)
    assert states(seen, wait, 30) == ["BACKLOG", "CONTINUOUS"]
    wait(1200)
    new = [snapshot for snapshot in snapshots() if snapshot not in before]
    assert len(new) in {2, 3}
    assert snapshots()[-len(new) :] == new


def test_a_fault_of_what_is_stopped_changes_nothing(add, seen):
    """What replicates no more cannot stall."""
    replication = add()
    replication.stop(clock.now())
    replication.set_fault("stall")
    assert seen()["dataReplicationState"] == "STOPPED"


def test_a_stall_of_the_initiation_begins_it_again_when_mended(add, seen, let_pass):
    """Where no data are yet there is no lag, and nothing to catch up."""
    replication = add("INITIATING")
    replication.set_fault("stall")
    let_pass(LONG)
    info = seen()
    assert (info["dataReplicationState"], "lagDuration" in info) == ("STALLED", False)
    replication.set_fault(None)
    assert seen()["dataReplicationState"] == "INITIATING"


def test_what_lags_is_launched_with_the_data_there_are(backend, add, launch, wait):
    """The recovery point of a lagging server is the moment of its data."""
    add().set_fault("lag", 900)
    wait(HOUR)
    asked = clock.now()
    launch(NEW)
    wait(HOUR)
    backend.advance()
    (instance,) = backend.recovery_instances.values()
    assert instance.recovery_point == pytest.approx(asked - 900, abs=10)
