"""Replication that lags, stalls or loses its agent on demand, as DescribeSourceServers tells it."""

from __future__ import annotations

import pytest

DB1, DB2 = "s-000000000000db001", "s-000000000000db002"
HOUR = 3600


@pytest.fixture
def control(local_aws):
    """Give the control of a simulator."""
    return local_aws.control


@pytest.fixture
def reported(drs):
    """Give a function that describes the replication of a server."""

    def describe(server_id=DB1):
        (server,) = drs.describe_source_servers(filters={"sourceServerIDs": [server_id]})["items"]
        return server["dataReplicationInfo"]

    return describe


@pytest.fixture
def state(reported):
    """Give a function that tells the state of a server's replication."""
    return lambda server_id=DB1: reported(server_id)["dataReplicationState"]


def test_a_server_lags_until_the_fault_is_cleared(control, reported, state, let_pass):
    """It stays CONTINUOUS, with so much lag however long it lasts; others do not lag."""
    fault = control.lag_server(DB1, 900)
    for _ in range(2):
        assert (state(), reported()["lagDuration"]) == ("CONTINUOUS", "PT15M")
        assert "M" not in reported(DB2)["lagDuration"]
        let_pass(HOUR)
    control.remove_fault(fault)
    assert "M" not in reported()["lagDuration"]


@pytest.mark.parametrize(
    ("fault", "lost", "error"),
    [
        ("stall_server", "STALLED", "NOT_CONVERGING"),
        ("disconnect_server", "DISCONNECTED", "AGENT_NOT_SEEN"),
    ],
    ids=["stall", "disconnect"],
)
def test_a_server_is_lost_until_the_fault_is_cleared(control, reported, state, wait, *, fault, lost, error):
    """Its lag begins with what was asked for and grows; cleared, the backlog is caught up."""
    set_fault = getattr(control, fault)(DB1, 2 * HOUR)
    assert (state(), state(DB2)) == (lost, "CONTINUOUS")
    assert reported()["dataReplicationError"]["error"] == error
    assert reported()["lagDuration"].startswith("PT2H")
    wait(HOUR)
    assert reported()["lagDuration"].startswith("PT3H")
    control.remove_fault(set_fault)
    assert state() == "BACKLOG"
    assert "dataReplicationError" not in reported()
    wait(HOUR)
    assert state() == "CONTINUOUS"


@pytest.mark.parametrize("clear", ["remove", "clear", "reset"])
def test_every_way_to_clear_a_fault_mends_replication(control, state, clear):
    """One by one, all together, and by a reset; at the speed ``immediate`` nothing has to be caught up."""
    fault = control.stall_server(DB1)
    assert state() == "STALLED"
    {"remove": lambda: control.remove_fault(fault), "clear": control.clear_faults, "reset": control.reset}[
        clear
    ]()
    assert state() == "CONTINUOUS"


def test_a_later_fault_of_a_servers_replication_replaces_the_earlier(control, reported, state):
    """There is one at a time, and clearing it leaves none behind."""
    control.stall_server(DB1)
    control.disconnect_server(DB1)
    assert state() == "DISCONNECTED"
    last = control.lag_server(DB1, 90)
    assert [(f["effect"], f["hits"]) for f in control.faults()["servers"]] == [("lag", 1)]
    assert (state(), reported()["lagDuration"]) == ("CONTINUOUS", "PT1M30S")
    control.remove_fault(last)
    assert "M" not in reported()["lagDuration"]


def test_a_fault_of_replication_hits_no_launch(control, launch, look):
    """A server that stalls is launched all the same, and the fault counts its one hit."""
    control.stall_server(DB1)
    assert look(launch(DB1))["participatingServers"][0]["launchStatus"] == "LAUNCHED"
    assert control.faults()["servers"][0]["hits"] == 1
