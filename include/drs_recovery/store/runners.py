"""Running the store's programs on DynamoDB, blocking with boto3 or not with aiobotocore.

A refused condition is an answer; a refusal for size is RecordTooLarge to the program, which may write less.
Anything else that DynamoDB refuses, or that keeps it from answering, is RecordUnavailable, with its message;
each step is one write of one item, so nothing is left half-written.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProxyConnectionError,
    SSLError,
)

from drs_recovery.errors import RecordTooLarge, RecordUnavailable
from drs_recovery.store.requests import Now, Request, Wait
from drs_recovery.text.address import hide_who_signs_in, without_who_signs_in
from drs_recovery.text.denials import cure_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from types_aiobotocore_dynamodb import DynamoDBClient as AsyncDynamoDBClient

    from drs_recovery.record.events import News
    from drs_recovery.store.requests import Item, StoreProgram

T = TypeVar("T")
Clock: TypeAlias = Callable[[], datetime]
Listener: TypeAlias = Callable[["News"], None]
"""Who is told of an event when it has gone on record; it raises nothing."""

REMEDIES: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    (
        (NoCredentialsError, PartialCredentialsError),
        "name a profile in AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    ),
    ((SSLError,), "the file of the authority that has signed its certificate is named in AWS_CA_BUNDLE"),
    ((ProxyConnectionError,), "mend HTTP_PROXY or HTTPS_PROXY, or name the host in NO_PROXY"),
)
"""What people can do about an error of botocore's own that does not say so."""

NO_INDEX = "; an earlier release has made that table: `recovery init` adds what it lacks"
"""What people can do about a table without one of our indexes."""

_INDEX = re.compile(r"specified index|Invalid index")
"""In DynamoDB's message for an index that a table lacks, and in local AWS's."""

_SIZE = re.compile(r"size (to update )?has exceeded")
"""In DynamoDB's message for an item, an update or an expression that is larger than it takes."""


def lacks_index(error: Exception) -> bool:
    """Whether an error says that the table lacks one of our indexes, as one of an earlier release does."""
    return _INDEX.search(str(error)) is not None


def no_listener(_: News) -> None:
    """Hear nothing."""


def run(
    client: DynamoDBClient,
    table: str,
    program: StoreProgram[T],
    clock: Clock,
    listener: Listener = no_listener,
) -> T:
    """Run a program to its end and return what it returns."""

    async def ask(request: Request) -> Item:
        return getattr(client, request.operation)(TableName=table, **request.arguments)  # type: ignore[no-any-return]

    async def pause(seconds: float) -> None:
        time.sleep(seconds)  # noqa: ASYNC251 - no event loop runs this

    running = _run(program, ask, pause, clock, partial(_refused, client, table), listener=listener)
    try:
        running.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    raise AssertionError("a blocking client was waited for")


async def run_async(
    client: AsyncDynamoDBClient,
    table: str,
    program: StoreProgram[T],
    clock: Clock,
    listener: Listener = no_listener,
) -> T:
    """Run a program to its end without blocking the event loop, and return what it returns."""

    async def ask(request: Request) -> Item:
        return await getattr(client, request.operation)(TableName=table, **request.arguments)  # type: ignore[no-any-return]

    return await _run(program, ask, asyncio.sleep, clock, partial(_refused, client, table), listener=listener)


async def _run(
    program: StoreProgram[T],
    ask: Callable[[Request], Awaitable[Item]],
    pause: Callable[[float], Awaitable[None]],
    clock: Clock,
    refused: Callable[[Request, ClientError | BotoCoreError], RecordTooLarge | None],
    *,
    listener: Listener,
) -> T:
    """Do what a program asks for, step by step; only ``ask`` and ``pause`` may wait."""
    answer: Item | RecordTooLarge | datetime | None = None
    while True:
        try:
            step = _next(program, answer)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        match step:
            case Now():
                answer = clock()
            case Wait(seconds):
                await pause(seconds)
                answer = None
            case Request():
                try:
                    answer = await ask(step)
                except (ClientError, BotoCoreError) as error:
                    answer = refused(step, error)
                else:
                    if step.news is not None:
                        listener(step.news)


def _next(program: StoreProgram[T], answer: Item | RecordTooLarge | datetime | None) -> Request | Wait | Now:
    """Go on with an answer; a refusal for size is raised where the request was made."""
    return program.throw(answer) if isinstance(answer, RecordTooLarge) else program.send(answer)


def _refused(
    client: Any, table: str, request: Request, error: ClientError | BotoCoreError
) -> RecordTooLarge | None:
    """Return what a refusal means: None that the condition did not hold; raise what it is no answer to."""
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
    no_index = NO_INDEX if lacks_index(error) else ""
    if code == "ResourceNotFoundException" and not no_index:
        return RecordUnavailable(f"there is no {place}: make it with `recovery init` ({error})")
    remedy = next((f"; {text}" for kinds, text in REMEDIES if isinstance(error, kinds)), "")
    remedy += cure_of(code, str(error)) + no_index
    return RecordUnavailable(f"{operation} on {place}: {hide_who_signs_in(str(error))}{remedy}")


def place_of(client: Any, table: str) -> str:
    """Return a table with its address, which names nobody who signs in there, and its Region."""
    where = without_who_signs_in(client.meta.endpoint_url)
    return f"table {table!r} at {where} ({client.meta.region_name})"
