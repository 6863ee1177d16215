"""What is launched is what a server's replication has brought: the log's events are the service model's.

When DRS falls back to a snapshot before, or cannot, is shown by those events' names (job log, user guide);
which state of replication makes it, is decided here: the stricter.
"""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.simulator.drs.replicating import HOUR, NEW

NO_DATA = ("STOPPED", "INITIATING", "INITIAL_SYNC", "CREATING_SNAPSHOT")
HALTED = ("STALLED", "PAUSED", "DISCONNECTED")


@pytest.fixture
def launched(launch, look, drs, let_pass):
    """Give a function that launches the added server; it returns the job's server and the log about it."""

    def run(meanwhile=None, **wanted):
        asked = drs.start_recovery(sourceServers=[{"sourceServerID": NEW, **wanted}], isDrill=True)["job"]
        if meanwhile:
            meanwhile(asked)
        let_pass(HOUR)
        (server,) = look(asked)["participatingServers"]
        items = drs.describe_job_log_items(jobID=asked["jobID"])["items"]
        return server, [i for i in items if i["eventData"].get("sourceServerID") == NEW]

    return run


def _events(log):
    return [item["event"] for item in log]


def _errors(log):
    return [item["eventData"]["rawError"] for item in log if item["eventData"].get("rawError")]


def _taken(drs, snapshot_id):
    snapshots = drs.describe_recovery_snapshots(sourceServerID=NEW)["items"]
    return next(s["timestamp"] for s in snapshots if s["snapshotID"] == snapshot_id)


def _point(drs):
    (instance,) = drs.describe_recovery_instances()["items"]
    return datetime.fromisoformat(instance["pointInTimeSnapshotDateTime"])


@pytest.mark.parametrize("state", NO_DATA)
def test_a_server_without_data_is_not_launched(drs, ec2, add, launched, state):
    """Before the first snapshot, and when replication is stopped, there is nothing to launch."""
    add(state)
    server, log = launched()
    assert server["launchStatus"] == "FAILED"
    assert _events(log) == ["SNAPSHOT_START", "SNAPSHOT_FAIL", "USING_PREVIOUS_SNAPSHOT_FAILED"]
    assert _errors(log) == [f"Source Server {NEW} is {state}: no snapshot can be taken of its latest data."]
    assert drs.describe_recovery_instances()["items"] == []
    assert ec2.describe_instances()["Reservations"] == []
    (described,) = drs.describe_source_servers(filters={"sourceServerIDs": [NEW]})["items"]
    assert described["lastLaunchResult"] == "FAILED"


@pytest.mark.parametrize("state", HALTED)
def test_a_server_whose_data_come_no_more_is_launched_from_its_last_snapshot(
    drs, add, launched, snapshots, state
):
    """The snapshot fails, the one before is used, and the recovery point is that of the one before."""
    add(state, replication={"state": state, "lag_seconds": 2 * HOUR})
    last = snapshots()[-1]
    taken = _taken(drs, last)
    server, log = launched()
    assert server["launchStatus"] == "LAUNCHED"
    assert _events(log)[:3] == ["SNAPSHOT_START", "SNAPSHOT_FAIL", "USING_PREVIOUS_SNAPSHOT"]
    assert "LAUNCH_START" in _events(log)
    assert _point(drs) == datetime.fromisoformat(taken)
    (converted,) = [item["eventData"] for item in log if item["event"] == "CONVERSION_START"]
    assert converted["conversionProperties"]["dataTimestamp"] == taken


@pytest.mark.parametrize("state", ["STALLED", "DISCONNECTED"])
def test_a_server_whose_data_never_came_is_not_launched(add, launched, state):
    """What stalls or is lost in its initiation has no snapshot before."""
    added = add("INITIATING")
    added.set_fault("stall" if state == "STALLED" else "disconnect")
    server, log = launched()
    assert server["launchStatus"] == "FAILED"
    assert _events(log)[-1] == "USING_PREVIOUS_SNAPSHOT_FAILED"


@pytest.mark.parametrize("state", HALTED)
def test_a_snapshot_that_is_asked_for_is_launched_whatever_replication_does(
    drs, add, launched, snapshots, state
):
    """With recoverySnapshotID no new snapshot is needed."""
    add(state, replication={"state": state, "lag_seconds": 2 * HOUR})
    wanted = snapshots()[-3]
    taken = _taken(drs, wanted)
    server, log = launched(recoverySnapshotID=wanted)
    assert (server["launchStatus"], _errors(log)) == ("LAUNCHED", [])
    assert _point(drs) == datetime.fromisoformat(taken)


@pytest.mark.parametrize("operation", ["stop_replication", "disconnect_source_server"])
def test_what_is_given_up_is_not_launched(drs, add, launched, operation):
    """StopReplication and DisconnectSourceServer delete the snapshots: nothing is left to launch."""
    add()
    getattr(drs, operation)(sourceServerID=NEW)
    server, log = launched()
    assert server["launchStatus"] == "FAILED"
    assert _events(log)[-1] == "USING_PREVIOUS_SNAPSHOT_FAILED"


def test_a_fault_makes_no_snapshot_that_there_is_not(local_aws, add, launched):
    """A snapshot that fails by a fault is followed by the one before, if there is one."""
    added = add("INITIATING")
    local_aws.control.use_previous_snapshot(NEW)
    added.set_fault("stall")
    server, log = launched()
    assert server["launchStatus"] == "FAILED"
    assert _events(log)[-1] == "USING_PREVIOUS_SNAPSHOT_FAILED"


def test_a_server_without_data_leaves_others_of_its_job_alone(local_aws, add, drs, look, let_pass):
    """Its launch fails alone."""
    other = "s-000000000000db001"
    add("STOPPED")
    wanted = [{"sourceServerID": server_id} for server_id in (NEW, other)]
    job = drs.start_recovery(sourceServers=wanted, isDrill=True)["job"]
    let_pass(HOUR)
    statuses = {s["sourceServerID"]: s["launchStatus"] for s in look(job)["participatingServers"]}
    assert statuses == {NEW: "FAILED", other: "LAUNCHED"}


@pytest.fixture
def delete(drs, ec2):
    """Give a function that deletes a recovery snapshot in EC2, and returns its first EBS snapshot."""

    def deleted(snapshot_id):
        listed = drs.describe_recovery_snapshots(sourceServerID=NEW)["items"]
        (ids,) = [s["ebsSnapshots"] for s in listed if s["snapshotID"] == snapshot_id]
        ec2.delete_snapshot(SnapshotId=ids[-1])
        return ids[0]

    return deleted


@pytest.mark.parametrize(
    ("mode", "event", "call"),
    [("OPTIMAL", "CONVERSION_FAIL", "CreateVolume"), ("FAST", "LAUNCH_FAILED", "RunInstances")],
)
def test_a_snapshot_that_is_deleted_meanwhile_is_not_launched(request, delete, mode, event, call):
    """Its data are read at the end of the conversion, or of a launch without one: EC2 refuses that then."""
    drs, add, launched, snapshots = map(request.getfixturevalue, ("drs", "add", "launched", "snapshots"))
    add("STALLED", replication={"state": "STALLED", "lag_seconds": 2 * HOUR})
    drs.update_launch_configuration(sourceServerID=NEW, recoveryMode=mode)
    for asked_for in (True, False):
        last, gone = snapshots()[-1], []
        wanted = {"recoverySnapshotID": last} if asked_for else {}
        server, log = launched(lambda _, last=last, gone=gone: gone.append(delete(last)), **wanted)
        assert (server["launchStatus"], _events(log)[-1]) == ("FAILED", event)
        assert _errors(log)[-1] == (
            f"An error occurred (InvalidSnapshot.NotFound) when calling the {call} operation: "
            f"The snapshot '{gone[0]}' does not exist."
        )
    assert drs.describe_recovery_instances()["items"] == []


def test_a_snapshot_is_needed_until_the_conversion_ends(add, launched, delete, snapshots, request):
    """What is converted no longer needs the snapshot it came from; this is inferred."""
    drs, let_pass = map(request.getfixturevalue, ("drs", "let_pass"))
    add()
    last = snapshots()[-1]

    def converted(job):
        events = []
        while "CONVERSION_END" not in events:
            let_pass(10)
            events = _events(drs.describe_job_log_items(jobID=job["jobID"])["items"])
        delete(last)

    server, _ = launched(converted, recoverySnapshotID=last)
    assert server["launchStatus"] == "LAUNCHED"
