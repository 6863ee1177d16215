"""What the doctor looks at: this Airflow through its API, and the table, each asked once."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from pydantic import ValidationError

from drs_recovery.cli.doctor.answers import (
    DagList,
    Entry,
    ErrorList,
    PluginErrorList,
    PluginList,
    PoolSeen,
    TaskList,
)
from drs_recovery.cli.record import dynamodb
from drs_recovery.clock import now
from drs_recovery.errors import AirflowApiError
from drs_recovery.names import CLEAN_UP, MAINTENANCE, PUT_BACK, path_part
from drs_recovery.report.worker import KEY, TASK, WorkerReport, WorkerSeen
from drs_recovery.settings import settings
from drs_recovery.store.queries import list_executions
from drs_recovery.store.store import ExecutionStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from drs_recovery.cli.airflow import AirflowClient
    from drs_recovery.cli.airflow_models import Dag
    from drs_recovery.cli.doctor.answers import ImportFailure, PluginFailure, TaskSeen
    from drs_recovery.record.models import Execution

PAGE = 100
"""Entries that Airflow gives at once, at most."""

MOST_WORKERS = 10
"""Workers that are asked for: with some executors every task has a host of its own."""

NEWEST = 50
"""Executions that are read."""

RECENT = timedelta(minutes=30)
"""A host that ran nothing for so long may be gone."""


class Installation:
    """An installation, looked at with the rights of whoever asks.

    What cannot be looked at raises AirflowApiError, or what botocore raises.
    """

    def __init__(self, connect: Callable[[], AirflowClient], why_not: str | None = None) -> None:
        self._connect = connect
        self.why_not = why_not
        """Why nobody can sign in to Airflow; absent: somebody can."""

        self.airflow_answers = False
        """Whether Airflow has told its time."""

        self.aws_ahead: timedelta | None = None
        """How far AWS's clock is ahead of this machine's, by its answer; right to a second."""

        self.unreadable: list[str] = []
        """What could not be read of the executions."""

    @cached_property
    def client(self) -> AirflowClient:
        """Airflow as the user who asks."""
        return self._connect()

    def close(self) -> None:
        """Close the connections."""
        if "client" in self.__dict__:
            self.client.close()

    @cached_property
    def plans(self) -> tuple[Dag, ...]:
        """The DAGs of plans, stale ones too."""
        found: list[Dag] = []
        while True:
            page = self.client.read(
                DagList, "/dags", tags="recovery", exclude_stale=False, limit=PAGE, offset=len(found)
            )
            found += page.dags
            if not page.dags or len(found) >= page.total_entries:
                return tuple(found)

    @cached_property
    def beside(self) -> Mapping[str, Dag | None]:
        """The DAGs beside those of plans, by their ids, stale or not; None for one that is not there."""
        return {dag_id: self.client.dag(dag_id) for dag_id in (MAINTENANCE, CLEAN_UP, PUT_BACK)}

    @property
    def maintenance(self) -> Dag | None:
        """The DAG of the maintenance."""
        return self.beside[MAINTENANCE]

    @property
    def dags(self) -> tuple[Dag, ...]:
        """All DAGs of the product."""
        return (*self.plans, *(one for one in self.beside.values() if one))

    @cached_property
    def pool(self) -> PoolSeen | None:
        """The pool of the product's tasks."""
        return self.client.find(PoolSeen, f"/pools/{path_part(settings().pool)}")

    @cached_property
    def plugin_source(self) -> str | None:
        """Where the API server has the product's plugin from; None if it has none."""
        plugins = self.client.read(PluginList, "/plugins", limit=PAGE).plugins
        return next((one.source for one in plugins if one.name == "recovery"), None)

    @cached_property
    def plugin_errors(self) -> tuple[PluginFailure, ...]:
        """The plugins that the API server could not load."""
        return self.client.read(PluginErrorList, "/plugins/importErrors").import_errors

    @cached_property
    def import_errors(self) -> tuple[ImportFailure, ...]:
        """The DAG files that Airflow cannot import."""
        return self.client.read(ErrorList, "/importErrors", limit=PAGE).import_errors

    @cached_property
    def tasks(self) -> tuple[TaskSeen, ...]:
        """The tasks of the maintenance in its newest runs, newest first; none where it is not there."""
        if self.maintenance is None:
            return ()
        path = f"/dags/{MAINTENANCE}/dagRuns/~/taskInstances"
        return self.client.read(TaskList, path, order_by="-run_after", limit=PAGE).task_instances

    @property
    def runs(self) -> tuple[TaskSeen, ...]:
        """Of those the task that reads the record, and says what its worker is."""
        return tuple(one for one in self.tasks if one.task_id == TASK)

    @cached_property
    def workers(self) -> tuple[WorkerSeen, ...]:
        """The workers that ran the maintenance of late, newest first, with what each said last.

        Of a run that has not ended nobody knows whether its worker is still to say it.
        """
        seen: dict[str, WorkerSeen] = {}
        for run in (one for one in self.runs if one.succeeded or one.failed):
            if run.hostname and run.start_date and run.hostname not in seen:
                if self.client.now() - run.start_date > RECENT or len(seen) == MOST_WORKERS:
                    break
                seen[run.hostname] = self._worker(run, run.hostname, run.start_date)
        return tuple(seen.values())

    @property
    def reports(self) -> tuple[tuple[str, WorkerReport], ...]:
        """What each worker said of itself, with its host, newest first."""
        return tuple((one.host, one.report) for one in self.workers if one.report)

    @property
    def reports_seen(self) -> tuple[tuple[str, WorkerReport], ...]:
        """The same, or nothing if Airflow does not tell."""
        return self.reports if self.workers_seen else ()

    @property
    def workers_seen(self) -> tuple[WorkerSeen, ...]:
        """The workers, or none if Airflow does not tell."""
        if self.why_not or not self.airflow_answers:
            return ()
        try:
            return self.workers
        except AirflowApiError:
            return ()

    @property
    def newest_run(self) -> tuple[TaskSeen, ...]:
        """The tasks of the newest run of the maintenance."""
        return tuple(one for one in self.tasks if one.dag_run_id == self.tasks[0].dag_run_id)

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """A client for the table."""
        return dynamodb()

    @property
    def store(self) -> ExecutionStore:
        """The execution records."""
        return ExecutionStore(self.dynamodb, settings().table)

    @cached_property
    def table(self) -> Any:
        """DynamoDB's answer to DescribeTable; its date is noted, also that of a refusal."""
        try:
            answer: Any = self.dynamodb.describe_table(TableName=settings().table)
        except ClientError as error:
            self._note_time(error.response)
            raise
        self._note_time(answer)
        return answer

    @cached_property
    def executions(self) -> list[Execution]:
        """The newest executions that can be read; of the others ``unreadable`` tells."""
        return self.store.run(list_executions(limit=NEWEST, passed_over=self.unreadable.append))

    def _note_time(self, answer: Mapping[str, Any]) -> None:
        """Note AWS's time: its header drops the fraction of a second, which is half of one on average."""
        if date := answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date"):
            with suppress(ValueError):  # of what stands between, and is no date
                told = parsedate_to_datetime(date).astimezone(UTC)
                self.aws_ahead = told + timedelta(seconds=0.5) - now()

    def _worker(self, run: TaskSeen, host: str, at: datetime) -> WorkerSeen:
        path = f"/dags/{MAINTENANCE}/dagRuns/{path_part(run.dag_run_id)}/taskInstances/{TASK}"
        entry = self.client.find(Entry, f"{path}/xcomEntries/{KEY}")
        if entry is None:
            return WorkerSeen(host=host, at=at, early=run.succeeded)
        try:
            said = WorkerReport.model_validate_json(entry.text)
        except ValidationError:  # an XCom is anybody's
            return WorkerSeen(host=host, at=at)
        ahead = (said.time - entry.timestamp).total_seconds()
        return WorkerSeen(host=host, at=at, report=said, ahead=ahead)
