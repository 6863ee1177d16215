"""Whether workers run tasks: the maintenance runs each minute, in a worker, and reads the record."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from drs_recovery.cli.doctor.finding import Found, fault, ok, unknown, words_of
from drs_recovery.errors import AirflowApiError
from drs_recovery.names import MAINTENANCE
from drs_recovery.text.durations import roughly
from drs_recovery.text.lists import listed
from drs_recovery.text.values import ABSENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.cli.doctor.answers import TaskSeen
    from drs_recovery.cli.doctor.looks import Installation

LATE = timedelta(minutes=3)
"""A run is due each minute; so much later something is wrong, on a machine however busy."""

WAITING = frozenset({"scheduled", "queued"})


def check(it: Installation) -> Iterator[Found]:
    """Yield how its newest runs went: scheduler, executor, worker, connection and table at once."""
    now = it.client.now()
    newest = next((one for one in it.runs if one.state is not None), None)
    if newest is None:
        yield unknown(
            f"{MAINTENANCE} has never run: whether workers run tasks is not known",
            "It runs each minute, unless it is paused or the scheduler is away.",
        )
        return
    failures = [_failure(it, task) for task in _failed(it)]
    yield from failures
    last = next((one.end_date for one in it.runs if one.end_date and (one.succeeded or one.failed)), None)
    if newest.state in WAITING and now - newest.run_after > LATE:
        yield fault(
            f"{MAINTENANCE} waits for a worker since {roughly(now - newest.run_after)}, {newest.state}",
            "See that workers run, and reach the executor's broker (Redis, with Celery).",
        )
    elif last is None or now - last > LATE:
        since = "has not ended yet" if last is None else f"ended {roughly(now - last)} ago"
        yield fault(
            f"the last run of {MAINTENANCE} {since}, and one is due each minute",
            "See that it is not paused, and the log of the scheduler.",
        )
    elif not failures:
        hosts = listed(one.host for one in it.workers)
        yield ok(f"{MAINTENANCE} read the record {roughly(now - last)} ago; of late on {hosts}")


def _failed(it: Installation) -> Iterator[TaskSeen]:
    """Yield the tasks that its newest run has, and that failed when they ended last."""
    for task_id in (one.task_id for one in it.newest_run):
        ended = (one for one in it.tasks if one.task_id == task_id and (one.succeeded or one.failed))
        if (last := next(ended, None)) and last.failed:
            yield last


def _failure(it: Installation, task: TaskSeen) -> Found:
    try:
        error = it.client.last_error(MAINTENANCE, task.dag_run_id, task) or "its log has no error"
    except AirflowApiError as trouble:
        error = f"its log cannot be had: {words_of(trouble)[0]}"
    return fault(
        f"{task.task_id} of {MAINTENANCE} fails on {task.hostname or ABSENT}: {error}",
        "Do what its error says; its log in Airflow has the rest.",
    )
