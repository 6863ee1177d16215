"""What the tasks share: the record they work on, and how an error ends a task or leads to a retry."""

from __future__ import annotations

import logging
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException
from botocore.exceptions import BotoCoreError, ClientError

from drs_recovery.aws.links.drs import DrsJobLink
from drs_recovery.aws.utils.errors import is_final, said
from drs_recovery.clock import now
from drs_recovery.engine.batch import JobOffRecord
from drs_recovery.engine.journal import Journal
from drs_recovery.engine.same_run import check_same_run
from drs_recovery.errors import RecordError, RecordTooLarge, RecordUnavailable, RecoveryError, RunDiffers
from drs_recovery.record.enums import EventType, TaskState
from drs_recovery.record.events import Event
from drs_recovery.record.models import execution_id
from drs_recovery.record.task_record import TaskRecord, wave_of
from drs_recovery.settings import settings
from drs_recovery.store.queries import read_execution
from drs_recovery.store.store import ExecutionStore
from drs_recovery.store.tasks import note_task, pass_over_failures
from drs_recovery.store.trail import append_event
from drs_recovery.tasks.airflow_runs import clear_of, run_of
from drs_recovery.tasks.connections import table_hook
from drs_recovery.tasks.listener import hear
from drs_recovery.tasks.log_lines import about_job, carry_execution

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow.sdk import BaseOperator, Context

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.record.models import Execution

log = logging.getLogger(__name__)


def execution_store() -> ExecutionStore:
    """Return the store of this installation."""
    return ExecutionStore(table_hook().conn, settings().table, listener=hear)


def id_of(context: Context) -> str:
    """Return the id of the execution that this DAG run is."""
    run = context["dag_run"]
    return execution_id(run.dag_id, run.run_id)


def own_record(store: ExecutionStore, context: Context) -> Execution:
    """Return the execution that this DAG run opened, as it is on record; RunDiffers if another run did.

    The lines of the log carry its wave's attempt from here on.
    """
    record = store.run(read_execution(id_of(context)))
    check_same_run(record, run_of(context))
    task_id = context["ti"].task_id
    wave = wave_of(record, task_id)
    carry_execution(record.execution_id, task_id, wave.attempt if wave else None)
    return record


def actor(context: Context) -> str:
    """Return who acts in the audit trail when nobody but this task does."""
    return context["ti"].task_id


def journal_of(context: Context) -> Journal:
    """Return the journal of a task."""
    return Journal(actor(context), lambda: now())  # noqa: PLW0108 - a test may let time pass meanwhile


def went_on(store: ExecutionStore, context: Context, wave_number: int) -> None:
    """Write that a wave goes on, so that no failure of an earlier try is taken for its end."""
    if context["ti"].try_number > 1 or clear_of(context).number:
        store.run(pass_over_failures(id_of(context), wave_number))


def link_jobs(context: Context, operator: BaseOperator, hook: DrsHook, job_ids: Iterable[str]) -> None:
    """Show jobs in Airflow; a link that cannot be made is no reason to fail what has started."""
    for job_id in job_ids:
        with about_job(job_id):
            log.info("DRS job %s is started and on record", job_id)
        try:
            DrsJobLink.persist(
                context=context,
                operator=operator,
                region_name=hook.conn_region_name,
                aws_partition=hook.conn_partition,
                job_id=job_id,
            )
        except (BotoCoreError, ClientError) as error:
            log.warning("The link to %s cannot be made: %s", job_id, error)


def polling() -> dict[str, Any]:
    """Return the arguments of sensors: how long a trigger holds, and how often DRS is asked."""
    wanted = settings()
    return {
        "hold": wanted.hold_seconds,
        "poll_interval": wanted.poll_seconds,
        "relaxed_interval": wanted.poll_relaxed_seconds,
    }


def is_last_try(context: Context) -> bool:
    """Whether Airflow will not retry this task again."""
    ti = context["ti"]
    return bool(ti.try_number > ti.max_tries)


@contextmanager
def ends_task_on_error(
    store: ExecutionStore, context: Context, execution: str, wave_number: int | None = None
) -> Iterator[None]:
    """Turn an error that no retry can mend into the end of the task, on record.

    REFUSED is what our own rules forbid, FAILED what did not work, at AWS or here. An error that may pass
    goes on to Airflow, which retries the task; it goes on record too when no retry is left.
    """
    try:
        yield
    except AirflowFailException:
        raise
    except JobOffRecord as error:
        raise AirflowFailException(str(error)) from error
    except Exception as error:
        if is_final(error):
            _record_failure(store, context, execution, wave_number, error)
            raise AirflowFailException(said(error)) from error
        if is_last_try(context):
            with suppress(RecordUnavailable):
                _record_failure(store, context, execution, wave_number, error)
        raise


def _record_failure(
    store: ExecutionStore, context: Context, execution: str, wave_number: int | None, error: Exception
) -> None:
    """Put on record why a task ends without ending its wave, and then in the audit trail."""
    ours = isinstance(error, RecoveryError) and is_final(error) and not isinstance(error, RecordTooLarge)
    attempt, ti = _attempt(store, execution, wave_number), context["ti"]
    event = Event(
        type=EventType.REFUSED if ours else EventType.FAILED,
        time=now(),
        actor=ti.task_id,
        wave_number=wave_number,
        attempt=attempt,
        detail=said(error),
    )
    if isinstance(error, RunDiffers):  # of whose execution nothing changes
        event = event.replace(type=EventType.RUN_REFUSED)
    else:
        task = TaskRecord(
            task_id=ti.task_id,
            wave_number=wave_number,
            attempt=attempt or 1,
            try_number=ti.try_number,
            state=TaskState.REFUSED if ours else TaskState.FAILED,
            end_time=event.time,
            message=event.detail,
        )
        store.run(note_task(execution, task))
    store.run(append_event(execution, event))


def _attempt(store: ExecutionStore, execution: str, wave_number: int | None) -> int | None:
    """Return the attempt of the wave that a task works for; absent where the record has no such wave."""
    if wave_number is None:
        return None
    try:
        return store.run(read_execution(execution)).wave(wave_number).attempt
    except RecordError:
        return None
