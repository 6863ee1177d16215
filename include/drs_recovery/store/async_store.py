"""What a trigger does with the store, without ever blocking the triggerer's event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from drs_recovery.clock import now as utc_now
from drs_recovery.store.queries import EXECUTION
from drs_recovery.store.requests import Request, asked, key, marshal, unmarshal
from drs_recovery.store.runners import no_listener, run_async, unavailable
from drs_recovery.text.denials import DENIED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from types_aiobotocore_dynamodb import DynamoDBClient

    from drs_recovery.store.requests import Item, StoreProgram
    from drs_recovery.store.runners import Listener

T = TypeVar("T")

MOST_KEYS = 100
"""Of a BatchGetItem."""

MARKS = "executionId, supersededBy, failure, endTime"
"""What marks an execution as stopped, and whose it is."""


class AsyncExecutionStore:
    """What ``ExecutionStore`` is to tasks, to triggers: on an aiobotocore client."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        *,
        clock: Callable[[], datetime] = utc_now,
        listener: Listener = no_listener,
    ) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._listener = listener

    async def run(self, program: StoreProgram[T]) -> T:
        """Run a program to its end without blocking the event loop, and return what it returns."""
        return await run_async(self._client, self._table, program, self._clock, self._listener)

    async def stopped(self, execution_ids: Collection[str]) -> set[str]:
        """Return those of the executions that go on to no other wave: superseded, failed or final.

        One request for 100, of what DynamoDB held a moment ago, and not of all of them when it is busy: it is
        a hint to look at the record, and proves nothing. Who may not ask for many asks for one at a time.
        """
        wanted, found = sorted(execution_ids), set[str]()
        for start in range(0, len(wanted), MOST_KEYS):
            names = wanted[start : start + MOST_KEYS]
            try:
                items = await self._marks(names)
            except ClientError as error:
                if error.response["Error"]["Code"] not in DENIED:
                    raise unavailable(error, self._client, self._table, "batch_get_item") from error
                items = [await self._mark(name) for name in names]
            except BotoCoreError as error:
                raise unavailable(error, self._client, self._table, "batch_get_item") from error
            found.update(item["executionId"] for item in items if len(item) > 1)
        return found

    async def _marks(self, names: Sequence[str]) -> list[Item]:
        """Read what marks executions as stopped, and their ids."""
        keys = [marshal(key(name, EXECUTION)) for name in names]
        request: Any = {"Keys": keys, "ProjectionExpression": MARKS}
        answer = await self._client.batch_get_item(RequestItems={self._table: request})
        return [unmarshal(item) for item in answer["Responses"].get(self._table, ())]

    async def _mark(self, name: str) -> Item:
        """Read the same of one execution, by the right that everything else needs too."""
        wanted = {"Key": marshal(key(name, EXECUTION)), "ProjectionExpression": MARKS}
        answer = await self.run(asked(Request("get_item", wanted)))
        return unmarshal(answer.get("Item", {}))
