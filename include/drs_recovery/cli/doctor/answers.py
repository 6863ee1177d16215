"""Airflow's answers, with the fields that the doctor reads."""

from __future__ import annotations

import json
from typing import Any

from pydantic import AwareDatetime  # noqa: TC002 - pydantic reads the annotations

from drs_recovery.cli.airflow_models import Answer, Dag, TaskInstance

FAILED = frozenset({"failed", "up_for_retry", "upstream_failed"})


class DagList(Answer):
    """A page of DAGs."""

    dags: tuple[Dag, ...]
    total_entries: int


class TaskSeen(TaskInstance):
    """A task that ran, or is to run; ``hostname`` is empty before it does."""

    dag_run_id: str
    run_after: AwareDatetime
    hostname: str | None = None
    start_date: AwareDatetime | None = None
    end_date: AwareDatetime | None = None

    @property
    def succeeded(self) -> bool:
        """Whether it did its work."""
        return self.state == "success"

    @property
    def failed(self) -> bool:
        """Whether it, or its last try, did not."""
        return self.state in FAILED


class TaskList(Answer):
    """Tasks of several runs."""

    task_instances: tuple[TaskSeen, ...]


class Entry(Answer):
    """An XCom, with the time at which the API server got it."""

    timestamp: AwareDatetime
    value: Any

    @property
    def text(self) -> str:
        """The value as JSON, which is how Airflow holds one that a task has pushed."""
        return self.value if isinstance(self.value, str) else json.dumps(self.value)


class PoolSeen(Answer):
    """A pool of task slots; fewer than 0 are endless."""

    slots: int
    occupied_slots: int = 0
    include_deferred: bool = False


class Plugin(Answer):
    """A plugin that the API server has loaded."""

    name: str
    source: str


class PluginList(Answer):
    """The plugins."""

    plugins: tuple[Plugin, ...]


class PluginFailure(Answer):
    """A plugin that the API server could not load."""

    source: str
    error: str


class PluginErrorList(Answer):
    """Those plugins."""

    import_errors: tuple[PluginFailure, ...]


class ImportFailure(Answer):
    """A DAG file that cannot be imported."""

    filename: str
    bundle_name: str | None = None
    stack_trace: str


class ErrorList(Answer):
    """Those files."""

    import_errors: tuple[ImportFailure, ...]
