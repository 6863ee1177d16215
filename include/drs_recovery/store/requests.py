"""What the store asks of DynamoDB, one request of one item at a time, for every sender.

The store's logic is written once, as generators that yield requests and are sent the answers; a runner for
boto3 and one for aiobotocore drive them (``drs_recovery.store.runners``).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from drs_recovery.errors import RecordTooLarge, RecordUnavailable

if TYPE_CHECKING:
    from datetime import datetime

    from drs_recovery.record.events import News

Item: TypeAlias = dict[str, Any]
"""Attributes of an item in plain Python values."""

Operation = Literal["get_item", "put_item", "update_item", "delete_item", "query"]


TRIES = 14
"""Writers of parallel waves meet on one version; 14 tries with their pauses take about 4 s."""

SHORT = 100
"""Characters that are kept of a text if DynamoDB has no room for more."""


@dataclass(frozen=True)
class Request:
    """One call, without its table; the answer is DynamoDB's, or None where the condition refused it.

    ``news`` is for who listens to the store, once DynamoDB has done it.
    """

    operation: Operation
    arguments: Item
    news: News | None = None


@dataclass(frozen=True)
class Wait:
    """A pause before the next request."""

    seconds: float


@dataclass(frozen=True)
class Now:
    """A question for the time, by the clock of the runner of the program."""


T = TypeVar("T")
Size = TypeVar("Size")
StoreProgram: TypeAlias = Generator[Request | Wait | Now, Any, T]
"""What a writer or a query does, step by step, and what it returns."""

_to_dynamodb = TypeSerializer().serialize
_from_dynamodb = TypeDeserializer().deserialize


def marshal(item: Mapping[str, Any]) -> Item:
    """Return an item as DynamoDB's typed values."""
    return {name: _to_dynamodb(value) for name, value in item.items()}


def unmarshal(item: Mapping[str, Any]) -> Item:
    """Return DynamoDB's typed values as an item; numbers are Decimal, which models turn into int (R-28)."""
    return {name: _from_dynamodb(value) for name, value in item.items()}


def key(execution_id: str, item: str) -> Item:
    """Return the key of an item of an execution, or of a plan's lock."""
    return {"executionId": execution_id, "item": item}


def now() -> StoreProgram[datetime]:
    """Return the time."""
    at: datetime = yield Now()
    return at


def asked(request: Request) -> StoreProgram[Item]:
    """Return DynamoDB's answer to one request."""
    answer: Item = yield request
    return answer


def get(execution_id: str, item: str) -> StoreProgram[Item | None]:
    """Read one item consistently."""
    answer = yield Request("get_item", {"Key": marshal(key(execution_id, item)), "ConsistentRead": True})
    found = answer.get("Item")
    return None if found is None else unmarshal(found)


def put_new(execution_id: str, item: str, attributes: Item, news: News | None = None) -> StoreProgram[bool]:
    """Put an item unless it is there; whether it was put."""
    answer = yield Request(
        "put_item",
        {
            "Item": marshal(attributes | key(execution_id, item)),
            "ConditionExpression": "attribute_not_exists(executionId)",
        },
        news,
    )
    return answer is not None


def retrying(step: Callable[[], StoreProgram[T | None]], trouble: str) -> StoreProgram[T]:
    """Take a step that reads and writes, and again while others were first, for which it returns None.

    RecordUnavailable with the ``trouble`` after many tries. The pauses have full jitter, so that writers do
    not meet again.
    """
    for retry in range(TRIES):
        if (done := (yield from step())) is not None:
            return done
        yield Wait(random.uniform(0, min(0.8, 0.02 * 2**retry)))  # noqa: S311 - no secret
    raise RecordUnavailable(trouble)


def smaller_and_smaller(write: Callable[[Size], StoreProgram[T]], sizes: Sequence[Size]) -> StoreProgram[T]:
    """Write something as large as it is, and smaller as long as DynamoDB refuses it for its size."""
    for size in sizes[:-1]:
        with suppress(RecordTooLarge):
            return (yield from write(size))
    return (yield from write(sizes[-1]))


def shorter_and_shorter(text: str | None) -> tuple[str, str, str]:
    """Return a text whole, its beginning, and none: the sizes of an item that holds little more than it."""
    message = text or ""
    return message, message if len(message) <= SHORT else f"{message[:SHORT]} (shortened)", ""


def query(arguments: Item) -> StoreProgram[list[Item]]:
    """Read all pages of a query (P-4)."""
    found: list[Item] = []
    page: Item = {}
    while True:
        answer = yield Request("query", arguments | page)
        found.extend(unmarshal(item) for item in answer["Items"])
        if (last := answer.get("LastEvaluatedKey")) is None:
            return found
        page["ExclusiveStartKey"] = last


def query_some(arguments: Item, limit: int, read: Callable[[Item], T | None]) -> StoreProgram[list[T]]:
    """Read the first items of a query, so many as are asked for; those that say nothing do not count."""
    found: list[T] = []
    page: Item = {"Limit": limit}
    while True:
        answer = yield Request("query", arguments | page)
        message = (read(unmarshal(item)) for item in answer["Items"])
        found += islice((one for one in message if one is not None), limit - len(found))
        last = answer.get("LastEvaluatedKey")
        if last is None or len(found) >= limit:
            return found
        page["ExclusiveStartKey"] = last


def query_items(execution_id: str, prefix: str) -> StoreProgram[list[Item]]:
    """Read the items of an execution whose range key begins so, consistently and in key order."""
    return (
        yield from query(
            {
                "KeyConditionExpression": "executionId = :id AND begins_with(#item, :prefix)",
                "ExpressionAttributeNames": {"#item": "item"},
                "ExpressionAttributeValues": marshal({":id": execution_id, ":prefix": prefix}),
                "ConsistentRead": True,
            }
        )
    )
