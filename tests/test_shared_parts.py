"""What tests share of libraries changes nothing that one of them does: clients do not hear of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest

if TYPE_CHECKING:
    from tests.conftest import LocalAws

EVENT = "before-call.drs.DescribeJobs"
VALUES = {
    "S": "text",
    "N": "1.50",
    "B": b"\x00\xff",
    "BOOL": True,
    "NULL": True,
    "SS": ["a", "b"],
    "NS": ["1", "2"],
    "BS": [b"\x01"],
    "L": [{"S": ""}, {"B": b"\x02"}, {"M": {"of": {"L": []}}}],
    "M": {"a": {"L": [{"N": "1"}, {"NULL": True}]}, "b": {"B": b"\x03"}},
}


def test_a_handler_of_one_client_is_none_of_another(local_aws: LocalAws) -> None:
    """Whoever was made first, of the same session or not; and it is gone when it is taken away."""
    session = boto3.Session(region_name="eu-west-1")
    clients = [session.client("drs"), session.client("drs"), local_aws.client("drs")]
    heard: list[int] = []
    handlers: list[Any] = [lambda number=number, **_: heard.append(number) for number in range(len(clients))]
    for client, handler in zip(clients, handlers, strict=True):
        client.meta.events.register(EVENT, handler)
    later = local_aws.client("drs")
    for client in (*clients, later):
        client.describe_jobs()
    assert heard == [0, 1, 2]
    clients[1].meta.events.unregister(EVENT, handlers[1])
    for client in clients:
        client.describe_jobs()
    assert heard == [0, 1, 2, 0, 2]


def test_a_handler_of_a_session_is_none_of_another(local_aws: LocalAws) -> None:
    """Its clients have it, but for one that takes it away."""
    heard: list[str] = []
    session = boto3.Session(region_name="eu-west-1")

    def hear(model: Any, **_: object) -> None:
        heard.append(model.name)

    session.events.register(EVENT, hear)
    deaf, hearing = session.client("drs"), session.client("drs")
    deaf.meta.events.unregister(EVENT, hear)
    deaf.describe_jobs()
    hearing.describe_jobs()
    local_aws.client("drs").describe_jobs()
    boto3.Session(region_name="eu-west-1").client("drs").describe_jobs()
    assert heard == ["DescribeJobs"]


@pytest.mark.parametrize("kind", VALUES)
def test_a_value_of_dynamodb_is_read_as_it_was_written(local_aws: LocalAws, kind: str) -> None:
    """Also what is no JSON, at any depth."""
    client = local_aws.client("dynamodb")
    client.create_table(
        TableName="values",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    item: Any = {"id": {"S": "1"}, "value": {kind: VALUES[kind]}}
    client.put_item(TableName="values", Item=item)
    assert client.get_item(TableName="values", Key={"id": {"S": "1"}})["Item"] == item
