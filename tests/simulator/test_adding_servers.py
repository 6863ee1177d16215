"""Adding a server is an operation of the control API, by the keys and rules of a fleet file."""

from __future__ import annotations

import re

import httpx
import pytest

from drs_simulator.client import ControlRefused

NEW = "s-00000000000new001"


def test_a_server_that_is_added_can_be_launched(local_aws, drs, launch, look):
    """It replicates as its description says, and is like any other; DeleteSourceServer removes it."""
    local_aws.control.add_server(NEW, "new.example", disks_gib=[50, 100], tags={"Tier": "new"})
    (server,) = drs.describe_source_servers(filters={"sourceServerIDs": [NEW]})["items"]
    assert server["sourceProperties"]["identificationHints"]["hostname"] == "new.example"
    assert (len(server["sourceProperties"]["disks"]), server["tags"]) == (2, {"Tier": "new"})
    assert look(launch(NEW))["participatingServers"][0]["launchStatus"] == "LAUNCHED"
    local_aws.control.reset()
    assert drs.describe_source_servers(filters={"sourceServerIDs": [NEW]})["items"] == []


def test_a_server_that_is_added_follows_its_replication(local_aws, drs, let_pass):
    """One that has just been connected is INITIATING, and has neither lag nor snapshots until it is ready."""
    local_aws.control.add_server(NEW, "new.example", replication={"state": "INITIATING"})
    assert drs.describe_recovery_snapshots(sourceServerID=NEW)["items"] == []
    let_pass(86_400)
    (server,) = drs.describe_source_servers(filters={"sourceServerIDs": [NEW]})["items"]
    assert server["dataReplicationInfo"]["dataReplicationState"] == "CONTINUOUS"
    assert drs.describe_recovery_snapshots(sourceServerID=NEW)["items"]


def test_servers_are_added_where_drs_is_initialised(local_aws):
    """Another Region has none before InitializeService."""
    elsewhere = local_aws.client("drs", region="eu-central-1")
    with pytest.raises(ControlRefused, match=r"region: 'eu-central-1': .* after InitializeService"):
        local_aws.control.add_server(NEW, "new.example", region="eu-central-1")
    elsewhere.initialize_service()
    local_aws.control.add_server(NEW, "new.example", region="eu-central-1")
    assert [server["sourceServerID"] for server in elsewhere.describe_source_servers()["items"]] == [NEW]


def test_many_are_added_as_a_fleet_counts_them(local_aws, drs):
    """``count`` and ``{n}`` mean what they mean in a file."""
    servers = [{"count": 3, "id": "s-000000000new{n:05}", "hostname": "new-{n}"}]
    answer = httpx.post(f"{local_aws.url}/simulator/servers", json={"servers": servers}, trust_env=False)
    ids = [f"s-000000000new0000{n}" for n in (1, 2, 3)]
    assert answer.json() == {"added": ids}
    assert len(drs.describe_source_servers(filters={"sourceServerIDs": ids})["items"]) == 3


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"servers": [{"id": "s-1", "hostname": "a"}]}, r"servers\.0\.id: 's-1': allowed is s-\["),
        ({"servers": [{"id": NEW}]}, r"servers\.0\.hostname: is required"),
        (
            {"servers": [{"id": NEW, "hostname": "a", "snapshots": 1}]},
            r"servers\.0\.snapshots: allowed are count",
        ),
        ({"servers": [{"id": NEW, "hostname": "a"}] * 2}, f"servers: each id once, not {NEW}"),
        (
            {"servers": [{"id": "s-000000000000db001", "hostname": "a"}]},
            "each id once, not s-000000000000db001",
        ),
        ({"servers": [], "region": "eu-west-9"}, "region: 'eu-west-9': allowed are the Regions"),
        ([], "allowed is a mapping"),
    ],
    ids=["id", "hostname", "unknown key", "twice", "there already", "region", "no mapping"],
)
def test_what_no_fleet_could_say_is_refused(local_aws, drs, body, message):
    """The message has the place, the value and what is allowed; nothing is added."""
    before = drs.describe_source_servers()["items"]
    answer = httpx.post(f"{local_aws.url}/simulator/servers", json=body, trust_env=False)
    assert answer.status_code == 400
    assert re.search(message, answer.json()["error"])
    assert len(drs.describe_source_servers()["items"]) == len(before)
