"""Instances at loopback addresses have a page each, as long as they run; messages can be posted and read."""

from __future__ import annotations

import boto3
import httpx
import pytest

from drs_simulator.instance_pages import PORT
from drs_simulator.server import Server
from tests.airflow_rest import until


@pytest.fixture
def server():
    """Give the fleet as the command serves it."""
    with Server(speed="immediate", pages=True) as server:
        yield server


def _page(address):
    try:
        return httpx.get(f"http://{address}:{PORT}/", trust_env=False).text
    except httpx.TransportError:
        return None


def test_an_instance_that_runs_has_a_page_at_its_address(server):
    """In the fleet's loopback network; one that is terminated refuses connections."""
    own = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    ec2 = boto3.client("ec2", region_name="eu-west-1", endpoint_url=server.url, **own)
    asked = {"ImageId": "ami-12c6146b", "SubnetId": "subnet-0000000000001501a"}
    (instance,) = ec2.run_instances(MinCount=1, MaxCount=1, **asked)["Instances"]
    address = instance["PrivateIpAddress"]
    assert address.startswith("127.40.2.")
    assert f"{instance['InstanceId']} runs." in until("its page", lambda: _page(address))
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    until("no page", lambda: _page(address) is None)


def test_messages_are_kept_until_the_reset(server):
    """JSON as it is, and anything else as text."""
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        client.post("/simulator/messages", json={"title": "Trading: DRILL"}).raise_for_status()
        client.post("/simulator/messages", content="it is back").raise_for_status()
        kept = [{"title": "Trading: DRILL"}, "it is back"]
        assert client.get("/simulator/messages").json() == {"messages": kept}
        client.post("/simulator/reset").raise_for_status()
        assert client.get("/simulator/messages").json() == {"messages": []}
