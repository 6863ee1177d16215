"""What a trigger does with the store, without ever blocking the triggerer's event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from drs_recovery.store.changes import EXECUTION, read
from drs_recovery.store.programs import wait_for_recovery
from drs_recovery.store.requests import Request, asked, key, marshal, unmarshal
from drs_recovery.store.runners import run_async, unavailable
from drs_recovery.store.servers import read_servers
from drs_recovery.store.store import now
from drs_recovery.store.trail import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from types_aiobotocore_dynamodb import DynamoDBClient

    from drs_recovery.record.enums import WaveStatus
    from drs_recovery.record.events import Event
    from drs_recovery.record.models import Execution
    from drs_recovery.record.server_record import ServerRecord
    from drs_recovery.store.requests import Item

MOST_KEYS = 100
"""Of a BatchGetItem."""

MARKS = "executionId, supersededBy, failure, endTime"
"""What marks an execution as stopped, and whose it is."""

DENIED = "AccessDeniedException"


class AsyncExecutionStore:
    """The triggers' part of ``ExecutionStore``, on an aiobotocore client."""

    def __init__(self, client: DynamoDBClient, table: str, *, clock: Callable[[], datetime] = now) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    async def poll(
        self,
        execution_id: str,
        wave_number: int,
        attempt: int,
        changed: Sequence[ServerRecord] = (),
        event: Event | None = None,
    ) -> Execution:
        """Write progress, each server with all that is known of it; what is over is left as it is."""
        steps = wait_for_recovery.poll(execution_id, wave_number, attempt, changed, event)
        return await run_async(self._client, self._table, steps)

    async def polled(self, execution_id: str, at: datetime) -> None:
        """Write when DRS was last asked."""
        await run_async(self._client, self._table, wait_for_recovery.polled(execution_id, at))

    async def end_wave(
        self,
        execution_id: str,
        wave_number: int,
        attempt: int,
        servers: Sequence[ServerRecord],
        status: WaveStatus,
        *,
        failure: str | None = None,
        event: Event | None = None,
    ) -> Execution:
        """Write a wave's servers, then its final status; COMPLETED only if all on record are LAUNCHED."""
        steps = wait_for_recovery.end_wave(
            execution_id,
            wave_number,
            attempt,
            servers,
            status,
            failure=failure,
            at=self._clock(),
            event=event,
        )
        return await run_async(self._client, self._table, steps)

    async def tell(self, execution_id: str, event: Event) -> None:
        """Tell the audit trail something that changes nothing else."""
        await run_async(self._client, self._table, tell(execution_id, event))

    async def get(self, execution_id: str) -> Execution:
        """Read an execution, consistently."""
        return await run_async(self._client, self._table, read(execution_id))

    async def servers(self, execution_id: str, wave_number: int | None = None) -> list[ServerRecord]:
        """Read the servers of an execution, or of one of its waves, consistently."""
        return await run_async(self._client, self._table, read_servers(execution_id, wave_number))

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
                if error.response["Error"]["Code"] != DENIED:
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
        answer = await run_async(self._client, self._table, asked(Request("get_item", wanted)))
        return unmarshal(answer.get("Item", {}))
