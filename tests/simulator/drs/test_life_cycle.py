"""What DRS tells of a server's life and machine: its dates agree, and nothing that agents tell is left out.

The members and their forms are those of answers that were recorded on AWS, or that its CLI's reference shows.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import get_args

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from drs_simulator.clock import clock
from drs_simulator.drs.stages import STARTING
from drs_simulator.fleet import ReplicationDescription
from tests.budgets import examples
from tests.simulator.drs.replicating import NEW, seconds

STATES = get_args(ReplicationDescription.model_fields["state"].annotation)


def _server(drs, server_id=NEW):
    (server,) = drs.describe_source_servers(filters={"sourceServerIDs": [server_id]})["items"]
    return server


@settings(
    max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    state=st.sampled_from(STATES),
    lag=st.sampled_from([0, 90, 7200.5]),
    passed=st.floats(0, 2 * 86_400),
    deeds=st.lists(st.sampled_from(["stop", "start", "retry", "stall", "mend"]), max_size=3),
)
@example(state="INITIAL_SYNC", lag=0, passed=0.0, deeds=["start"])
def test_the_dates_of_a_server_are_in_a_possible_order(add, drs, let_pass, **drawn):
    """Added, first byte, oldest snapshot, what the agent sent last, now: whatever was done to it."""
    lag = 0 if drawn["state"] in {"STOPPED", *STARTING} else drawn["lag"]
    replication = add(replication={"state": drawn["state"], "lag_seconds": lag})
    for deed in drawn["deeds"]:
        let_pass(drawn["passed"] / 4)
        if deed in {"stall", "mend"}:
            replication.set_fault("stall" if deed == "stall" else None)
        else:
            getattr(replication, deed)(clock.now())
    let_pass(drawn["passed"])
    server, now = _server(drs), clock.date(clock.now())
    life, shown = server["lifeCycle"], server["dataReplicationInfo"]
    snapshots = drs.describe_recovery_snapshots(sourceServerID=NEW, order="ASC")["items"]
    dates = [
        life["addedToServiceDateTime"],
        life.get("firstByteDateTime"),
        *(snapshot["timestamp"] for snapshot in snapshots if "timestamp" in snapshot),
    ]
    in_order = [datetime.fromisoformat(date) for date in dates if date]
    seen = datetime.fromisoformat(life["lastSeenByServiceDateTime"])
    assert in_order == sorted(in_order)
    assert in_order[-1] <= now
    updated = datetime.fromisoformat(server["sourceProperties"]["lastUpdatedDateTime"])
    assert in_order[0] <= updated <= seen <= now
    assert ("firstByteDateTime" in life) == ("elapsedReplicationDuration" in life)
    assert len(in_order) == 1 or "firstByteDateTime" in life
    if initiated := shown.get("dataReplicationInitiation"):
        began = datetime.fromisoformat(initiated["startDateTime"])
        assert in_order[0] <= began <= (in_order[1] if len(in_order) > 1 else now)


def test_a_server_tells_for_how_long_it_has_replicated(add, drs, let_pass):
    """From its first byte until now, by the dates that are shown."""
    add("INITIATING")
    assert not {"firstByteDateTime", "elapsedReplicationDuration"} & {*_server(drs)["lifeCycle"]}
    let_pass(1000)
    life = _server(drs)["lifeCycle"]
    began = datetime.fromisoformat(life["firstByteDateTime"])
    elapsed = timedelta(seconds=seconds(life["elapsedReplicationDuration"]))
    assert abs(clock.date(clock.now()) - began - elapsed) < timedelta(seconds=1)


def test_a_server_that_was_never_launched_tells_so(drs, launch):
    """Recorded: ``lastLaunch`` is there before the first launch, and ``initiated`` in it is empty."""
    server_id = "s-000000000000db001"
    assert _server(drs, server_id)["lifeCycle"]["lastLaunch"] == {"initiated": {}}
    job = launch(server_id)
    launched = _server(drs, server_id)["lifeCycle"]["lastLaunch"]
    assert (launched["initiated"]["jobID"], launched["status"]) == (job["jobID"], "LAUNCHED")


def test_a_server_tells_its_hardware(drs):
    """Processors, memory, disks, system, and interfaces with hardware addresses; each server its own."""
    servers = drs.describe_source_servers()["items"]
    for server in servers:
        shown = server["sourceProperties"]
        (interface,) = shown["networkInterfaces"]
        assert re.fullmatch("0a(:[0-9a-f]{2}){5}", interface["macAddress"])
        assert interface["isPrimary"]
        assert all(shown[name] for name in ("cpus", "ramBytes", "os", "disks", "recommendedInstanceType"))
        assert {*shown["identificationHints"]} == {"fqdn", "hostname"}
    assert len({server["sourceProperties"]["networkInterfaces"][0]["macAddress"] for server in servers}) == 16


def test_all_of_a_healthy_disk_is_rescanned(drs):
    """Recorded: ``rescannedStorageBytes`` of a CONTINUOUS server are all its bytes."""
    for disk in _server(drs, "s-000000000000db001")["dataReplicationInfo"]["replicatedDisks"]:
        assert disk["rescannedStorageBytes"] == disk["totalStorageBytes"] > 0


def test_a_server_that_replicates_already_was_added_long_ago(drs):
    """Its fleet says that it is CONTINUOUS: it has been so for a month, and all its snapshots are younger."""
    life = _server(drs, "s-000000000000db001")["lifeCycle"]
    assert seconds(life["elapsedReplicationDuration"]) > 30 * 86_400
