"""Whether workers run tasks: the maintenance runs each minute, in a worker, and reads the record."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from drs_recovery.cli.airflow_models import TaskInstance
from drs_recovery.cli.doctor.finding import Found, fault, ok, unknown
from drs_recovery.names import MAINTENANCE
from drs_recovery.text.durations import roughly
from drs_recovery.text.lists import listed
from drs_recovery.text.values import ABSENT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from drs_recovery.cli.doctor.answers import TaskSeen
    from drs_recovery.cli.doctor.looks import Installation

LATE = timedelta(minutes=3)
"""A run is due each minute; so much later something is wrong, on a machine however busy."""

FAILED = frozenset({"failed", "up_for_retry", "upstream_failed"})
WAITING = frozenset({None, "scheduled", "queued"})


def check(it: Installation) -> Iterator[Found]:
    """Yield how its newest run went: scheduler, executor, worker, connection and table at once."""
    now = it.client.now()
    run = next((one for one in it.runs if one.state is not None), None)
    if run is None:
        yield unknown(
            f"{MAINTENANCE} has never run: whether workers run tasks is not known",
            "It runs each minute, unless it is paused or the scheduler is away.",
        )
    elif run.state in FAILED:
        yield fault(_failure(it, run), "Do what its error says; its log in Airflow has the rest.")
    elif run.state in WAITING and now - run.run_after > LATE:
        yield fault(
            f"{MAINTENANCE} waits for a worker since {roughly(now - run.run_after)}, {run.state}",
            "See that workers run, and reach the executor's broker (Redis, with Celery).",
        )
    elif (last := _last_end(it)) is None or now - last > LATE:
        since = "has not ended yet" if last is None else f"ended {roughly(now - last)} ago"
        yield fault(
            f"the last run of {MAINTENANCE} {since}, and one is due each minute",
            "See that it is not paused, and the log of the scheduler.",
        )
    else:
        hosts = listed(one.host for one in it.workers)
        yield ok(f"{MAINTENANCE} read the record {roughly(now - last)} ago; of late on {hosts}")


def _last_end(it: Installation) -> datetime | None:
    ends = [one.end_date for one in it.runs if one.state == "success" and one.end_date]
    return max(ends, default=None)


def _failure(it: Installation, run: TaskSeen) -> str:
    task = TaskInstance(task_id=run.task_id, state=run.state, try_number=run.try_number)
    error = it.client.last_error(MAINTENANCE, run.dag_run_id, task)
    return f"{MAINTENANCE} fails on {run.hostname or ABSENT}: {error or 'its log has no error'}"
