"""Local AWS's DynamoDB answers what moto's own answers, with less work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws
from moto.core.serialize import SERVICE_SPECIFIC_SERIALIZERS, JSONSerializer
from moto.dynamodb.models.table import Table

from drs_simulator import dynamodb
from drs_simulator.registration import register

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import LocalAws

PARTITIONS, ITEMS = ("a", "b", "3"), 7
"""The last is named as some items are, by which an index finds those of all."""


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave moto as it is installed."""
    monkeypatch.setattr(Table, "query", getattr(Table.query, "__wrapped__", Table.query))
    monkeypatch.delitem(SERVICE_SPECIFIC_SERIALIZERS, "dynamodb", raising=False)
    dynamodb.mend.cache_clear()
    yield
    dynamodb.mend.cache_clear()


@pytest.fixture
def ask(moto: None) -> Iterator[Callable[..., Any]]:
    """Return a function that queries a table of some partitions, which an index turns round."""
    with mock_aws():
        client = boto3.client(
            "dynamodb", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        hash_key, range_key = [
            [{"AttributeName": one, "KeyType": "HASH"}, {"AttributeName": other, "KeyType": "RANGE"}]
            for one, other in (("p", "s"), ("s", "p"))
        ]
        client.create_table(
            TableName="t",
            KeySchema=hash_key,
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("p", "s")],
            GlobalSecondaryIndexes=[
                {"IndexName": "turned", "KeySchema": range_key, "Projection": {"ProjectionType": "ALL"}}
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        for partition in PARTITIONS:
            for number in range(ITEMS):
                client.put_item(TableName="t", Item={"p": {"S": partition}, "s": {"S": f"{number}"}})

        def query(name: str, value: str, **more: Any) -> Any:
            asked = {
                "KeyConditionExpression": f"{name} = :v",
                "ExpressionAttributeValues": {":v": {"S": value}},
            }
            answer = client.query(TableName="t", **asked, **more)
            return [(item["p"]["S"], item["s"]["S"]) for item in answer["Items"]], answer.get(
                "LastEvaluatedKey"
            )

        yield query


QUERIES: list[tuple[str, str, dict[str, Any]]] = [
    ("p", "b", {}),
    ("p", "b", {"Limit": 3}),
    ("p", "b", {"ScanIndexForward": False, "Limit": 2}),
    ("p", "b", {"ExclusiveStartKey": {"p": {"S": "b"}, "s": {"S": "4"}}}),
    ("p", "nobody", {}),
    ("s", "3", {"IndexName": "turned"}),
    ("s", "3", {"IndexName": "turned", "Limit": 2}),
]


@pytest.mark.parametrize(("name", "value", "more"), QUERIES)
def test_a_query_finds_what_it_finds_in_moto(
    ask: Callable[..., Any], name: str, value: str, more: dict[str, Any]
) -> None:
    """Also page by page, backwards, in an index, and where there is nothing."""
    theirs = ask(name, value, **more)
    dynamodb.mend()
    assert ask(name, value, **more) == theirs
    assert theirs[0] or value == "nobody"


def test_a_query_reads_no_other_partition(ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """And leaves all of them in the table, whatever becomes of it."""
    read: list[int] = []
    everything = Table.all_items

    def all_items(self: Table) -> Any:
        read.append(len(found := everything(self)))
        return found

    monkeypatch.setattr(Table, "all_items", all_items)
    register()
    ask("p", "b")
    assert read == [ITEMS]
    ask("s", "3", IndexName="turned")
    assert len(ask("p", "a")[0]) == ITEMS


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


def test_of_a_plain_value_nothing_else_is_looked_for(
    ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By itself moto looks for ten types in each."""
    looked: list[str] = []
    get_value = JSONSerializer.get_value

    def count(self: JSONSerializer, value: Any, key: str, shape: Any) -> Any:
        looked.append(key)
        return get_value(self, value, key, shape)

    monkeypatch.setattr(JSONSerializer, "get_value", count)
    ask("p", "b")
    assert looked.count("NULL") == 2 * ITEMS
    looked.clear()
    register()
    ask("p", "b")
    assert "Items" in looked
    assert "NULL" not in looked
