"""What the lines of a log carry beside what Airflow puts there: execution, wave, attempt and job.

A task has a process of its own. Triggers share one, where each has an asyncio task, whose context this is;
what such a task starts inherits it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from structlog.contextvars import bind_contextvars, bound_contextvars

from drs_recovery.names import role_of
from drs_recovery.record.clean_up import EXECUTION_ID
from drs_recovery.record.enums import EventType
from drs_recovery.record.models import execution_id

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from airflow.sdk import Context

    from drs_recovery.record.events import News


class CarriesExecution:
    """A mixin before an operator of a plan's DAG: all lines of its tasks carry the execution, and the wave.

    Airflow calls this before each start of a task, also after a deferral, in the context of its own lines.
    """

    def pre_execute(self, context: Context) -> Any:
        """Let the lines carry what the DAG run says; the record has the attempt."""
        run = context["dag_run"]
        carry_execution(execution_id(run.dag_id, run.run_id), context["ti"].task_id)
        return super().pre_execute(context)  # type: ignore[misc] # of the operator that this stands before


class CarriesFollowed:
    """The same before an operator of a follow-up, whose DAG run names the execution that it follows."""

    def pre_execute(self, context: Context) -> Any:
        """Let the lines carry the execution."""
        carry_execution(str((context["dag_run"].conf or {}).get(EXECUTION_ID)))
        return super().pre_execute(context)  # type: ignore[misc] # as above


def carry_execution(execution_id: str, task_id: str | None = None, attempt: int | None = None) -> None:
    """Let all lines from here on carry an execution, the task group of a wave's task, and its attempt."""
    carried: dict[str, str | int] = {"execution": execution_id}
    if task_id and (group := role_of(task_id).group):
        carried["wave"] = group
    if attempt is not None:
        carried["attempt"] = attempt
    bind_contextvars(**carried)


def carry_jobs(job_ids: Iterable[str]) -> None:
    """Let all lines from here on carry the jobs that are watched."""
    bind_contextvars(job=", ".join(job_ids))


def carry_news(news: News) -> None:
    """Let lines carry the attempt that has just been opened."""
    if news.event.type is EventType.ATTEMPT_OPENED and news.event.attempt is not None:
        bind_contextvars(attempt=news.event.attempt)


def about_execution(execution_id: str) -> AbstractContextManager[None]:
    """Let the lines of a block carry an execution, in a task that sees to several."""
    return bound_contextvars(execution=execution_id)


def about_job(job_id: str) -> AbstractContextManager[None]:
    """Let the lines of a block carry one job."""
    return bound_contextvars(job=job_id)
