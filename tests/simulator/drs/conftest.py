"""Fixtures of what cases work with, and of a server that an agent adds and whose replication is told."""

from __future__ import annotations

import pytest
from cases import DB1, Aws
from replicating import NEW

from simulator.drs.models import drs_backends
from simulator.fleet import ServerDescription

ACCOUNT, REGION = "123456789012", "eu-west-1"


@pytest.fixture
def aws(local_aws):
    """Give clients, and what cases need first."""
    return Aws(local_aws)


@pytest.fixture
def configure(aws):
    """Give a function that changes how DB1 is launched."""
    return lambda **changes: aws.drs.update_launch_configuration(sourceServerID=DB1, **changes)


@pytest.fixture
def backend(local_aws):
    """Give the backend of the fleet's account and Region: agents reach it beside all operations."""
    return drs_backends[ACCOUNT][REGION]


@pytest.fixture
def add(backend, let_pass):
    """Give a function that adds a server whose replication begins in a state, and returns it."""

    def added(state="CONTINUOUS", **described):
        described.setdefault("replication", {"state": state})
        return backend.register_source_server(
            ServerDescription(id=NEW, hostname="new.example", **described).described()
        ).replication

    return added


@pytest.fixture
def seen(drs):
    """Give a function that describes the added server's replication."""

    def describe():
        (server,) = drs.describe_source_servers(filters={"sourceServerIDs": [NEW]})["items"]
        return server["dataReplicationInfo"]

    return describe


@pytest.fixture
def snapshots(drs):
    """Give a function that lists the added server's snapshots that are taken, oldest first."""

    def described():
        items = drs.describe_recovery_snapshots(sourceServerID=NEW, order="ASC")["items"]
        return [item["snapshotID"] for item in items if "timestamp" in item]

    return described
