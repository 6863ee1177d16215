"""Running the store's steps on DynamoDB, blocking with boto3 or not with aiobotocore.

A refused condition is an answer; a refusal for size is RecordTooLarge to the steps, which may write less.
Anything else that DynamoDB refuses, or that keeps it from answering, is RecordUnavailable in its own words;
each step is one write of one item, so nothing is left half-written.
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProxyConnectionError,
    SSLError,
)

from drs_recovery.errors import RecordTooLarge, RecordUnavailable
from drs_recovery.store.requests import Wait
from drs_recovery.text.address import hide_who_signs_in, without_who_signs_in

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from types_aiobotocore_dynamodb import DynamoDBClient as AsyncDynamoDBClient

    from drs_recovery.store.requests import Item, Request, Steps

T = TypeVar("T")

REMEDIES: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    (
        (NoCredentialsError, PartialCredentialsError),
        "name a profile in AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    ),
    ((SSLError,), "the file of the authority that has signed its certificate is named in AWS_CA_BUNDLE"),
    ((ProxyConnectionError,), "mend HTTP_PROXY or HTTPS_PROXY, or name the host in NO_PROXY"),
)
"""What people can do about an error of botocore's own that does not say so."""

_SIZE = re.compile(r"size (to update )?has exceeded")
"""In DynamoDB's words for an item, an update or an expression that is larger than it takes."""


def run(client: DynamoDBClient, table: str, steps: Steps[T]) -> T:
    """Run steps to their end and return what they return."""
    answer: Item | RecordTooLarge | None = None
    while True:
        try:
            step = _next(steps, answer)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        if isinstance(step, Wait):
            time.sleep(step.seconds)
            answer = None
            continue
        try:
            answer = getattr(client, step.operation)(TableName=table, **step.arguments)
        except (ClientError, BotoCoreError) as error:
            answer = _refused(error, client, table, step)


async def run_async(client: AsyncDynamoDBClient, table: str, steps: Steps[T]) -> T:
    """Run steps to their end without blocking the event loop, and return what they return."""
    answer: Item | RecordTooLarge | None = None
    while True:
        try:
            step = _next(steps, answer)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        if isinstance(step, Wait):
            await asyncio.sleep(step.seconds)
            answer = None
            continue
        try:
            answer = await getattr(client, step.operation)(TableName=table, **step.arguments)
        except (ClientError, BotoCoreError) as error:
            answer = _refused(error, client, table, step)


def _next(steps: Steps[T], answer: Item | RecordTooLarge | None) -> Request | Wait:
    """Go on with an answer; a refusal for size is raised where the request was made."""
    return steps.throw(answer) if isinstance(answer, RecordTooLarge) else steps.send(answer)


def _refused(
    error: ClientError | BotoCoreError, client: Any, table: str, request: Request
) -> RecordTooLarge | None:
    """Return what a refusal means to the steps: None that the condition did not hold; raise anything else."""
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else None
    if code == "ConditionalCheckFailedException":
        return None
    if code == "ValidationException" and _SIZE.search(str(error)):
        return RecordTooLarge(f"{request.operation} on {place_of(client, table)}: {error}")
    raise unavailable(error, client, table, request.operation) from error


def unavailable(error: Exception, client: Any, table: str, operation: str) -> RecordUnavailable:
    """Return the error of a table that did not do what was asked, naming where it was asked."""
    place = place_of(client, table)
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else None
    if code == "ResourceNotFoundException":
        return RecordUnavailable(f"there is no {place}: make it with `recovery init` ({error})")
    remedy = next((f"; {words}" for kinds, words in REMEDIES if isinstance(error, kinds)), "")
    return RecordUnavailable(f"{operation} on {place}: {hide_who_signs_in(str(error))}{remedy}")


def place_of(client: Any, table: str) -> str:
    """Return a table with its address, which names nobody who signs in there, and its Region."""
    where = without_who_signs_in(client.meta.endpoint_url)
    return f"table {table!r} at {where} ({client.meta.region_name})"
