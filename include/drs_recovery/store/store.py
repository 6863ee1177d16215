"""The store of executions: programs of its writers and queries, run on one DynamoDB table.

A program is what a function of ``drs_recovery.store.programs``, or a query, returns; nothing is asked of
DynamoDB before the store runs it. All raise RecordUnavailable when DynamoDB does not do what it is asked,
ExecutionNotFound for an execution that is not on record, and TransitionRefused for what the record or the
table of writers does not allow. What is done twice, by a retry of a task or of the HTTP client, has effect
once. An ``event`` given to a change is appended after it, once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from drs_recovery.clock import now as utc_now
from drs_recovery.store.runners import no_listener, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

    from drs_recovery.store.requests import StoreProgram
    from drs_recovery.store.runners import Listener

T = TypeVar("T")


class ExecutionStore:
    """Executions in a table, for tasks, pages and the command line; ``clock`` is what programs go by.

    ``listener`` is told of each event that these programs put on record, right after it, and never twice.
    """

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

    def run(self, program: StoreProgram[T]) -> T:
        """Run a program to its end and return what it returns."""
        return run(self._client, self._table, program, self._clock, self._listener)
