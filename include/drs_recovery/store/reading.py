"""The reading half of the store of executions: what pages, the command line and every writer read."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from drs_recovery.store import intents as intents_
from drs_recovery.store import queries, servers, trail
from drs_recovery.store.changes import read
from drs_recovery.store.frozen import read_plan
from drs_recovery.store.passed_over import PassedOver, log_it
from drs_recovery.store.runners import run
from drs_recovery.store.whole import read_whole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

    from drs_recovery.record.events import Event
    from drs_recovery.record.models import Execution, Intent
    from drs_recovery.record.server_record import ServerRecord
    from drs_recovery.store.requests import Steps

T = TypeVar("T")


class ExecutionReader:
    """Executions in a table, as they are on record.

    All methods raise RecordUnavailable when DynamoDB does not do what it is asked, and ExecutionNotFound for
    an execution that is not on record.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def _run(self, steps: Steps[T]) -> T:
        return run(self._client, self._table, steps)

    def get(self, execution_id: str) -> Execution:
        """Read an execution, consistently."""
        return self._run(read(execution_id))

    def plan(self, execution_id: str) -> str:
        """Read the frozen plan."""
        return self._run(read_plan(execution_id))

    def servers(
        self,
        execution_id: str,
        wave_number: int | None = None,
        *,
        passed_over: PassedOver = log_it,
    ) -> list[ServerRecord]:
        """Read the servers of an execution, or of one of its waves, consistently.

        ``passed_over`` is told, in words, of each that cannot be read.
        """
        return self._run(servers.read_servers(execution_id, wave_number, passed_over))

    def server_ids(self, execution_id: str) -> set[str]:
        """Read which servers an execution is for, also those of which nothing else can be read."""
        return self._run(servers.read_server_ids(execution_id))

    def with_servers(self, execution_id: str, intents: Iterable[Intent]) -> list[Intent]:
        """Return intents of the record with their servers, which are in items of their own."""
        return self._run(intents_.with_servers(execution_id, intents))

    def whole(self, execution: Execution) -> Execution:
        """Return an execution with what its record has no room for: the intents of all attempts, in full."""
        return self._run(read_whole(execution))

    def events(self, execution_id: str) -> list[Event]:
        """Read the audit trail in the order of its times."""
        return self._run(trail.read_events(execution_id))

    def open_executions(self, *, passed_over: PassedOver = log_it) -> list[Execution]:
        """Read the executions that are not final, oldest first, each consistently.

        ``passed_over`` is told, in words, of each that cannot be read.
        """
        return self._run(queries.open_executions(passed_over))

    def due_clean_ups(self, at: datetime, *, passed_over: PassedOver = log_it) -> list[Execution]:
        """Read the ended drills whose clean-up is due and not over, in the same way."""
        return self._run(queries.due_clean_ups(at, passed_over))

    def list(
        self, plan_id: str | None = None, limit: int = 20, *, passed_over: PassedOver = log_it
    ) -> list[Execution]:
        """Read executions, newest first, from an index that may be a moment behind."""
        return self._run(queries.list_executions(plan_id, limit, passed_over))
