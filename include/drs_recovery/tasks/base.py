"""What the tasks share: the record they work on, and how an error becomes a verdict or a retry."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.aws.utils.errors import is_final
from drs_recovery.engine.batch import JobOffRecord
from drs_recovery.engine.journal import Journal
from drs_recovery.errors import RecordError, RecordTooLarge, RecordUnavailable, RecoveryError, RunDiffers
from drs_recovery.record.enums import EventType
from drs_recovery.record.events import Event
from drs_recovery.record.models import execution_id
from drs_recovery.settings import settings
from drs_recovery.store.queries import read_execution
from drs_recovery.store.store import ExecutionStore
from drs_recovery.store.trail import append_event
from drs_recovery.tasks.connections import table_hook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.sdk import Context

    from drs_recovery.record.models import Execution, WaveRecord


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def execution_store() -> ExecutionStore:
    """Return the store of this installation."""
    return ExecutionStore(table_hook().conn, settings().table)


def id_of(context: Context) -> str:
    """Return the id of the execution that this DAG run is."""
    run = context["dag_run"]
    return execution_id(run.dag_id, run.run_id)


def actor(context: Context) -> str:
    """Return who acts in the audit trail when nobody but this task does."""
    return context["ti"].task_id


def journal_of(context: Context) -> Journal:
    """Return the journal of a task."""
    return Journal(actor(context), lambda: now())  # noqa: PLW0108 - a test may let time pass meanwhile


def is_last_try(context: Context) -> bool:
    """Whether Airflow will not retry this task again."""
    ti = context["ti"]
    return bool(ti.try_number > ti.max_tries)


@contextmanager
def verdicts(
    store: ExecutionStore, context: Context, execution: str, wave_number: int | None = None
) -> Iterator[None]:
    """Turn an error that no retry can mend into the end of the task, told in the audit trail.

    REFUSED tells what our own rules forbid, FAILED what did not work, at AWS or here. An error that may pass
    goes on to Airflow, which retries the task; it is told too when no retry is left.
    """
    try:
        yield
    except AirflowFailException:
        raise
    except JobOffRecord as error:
        raise AirflowFailException(str(error)) from error
    except Exception as error:
        if is_final(error):
            store.run(append_event(execution, _last_message(store, context, execution, wave_number, error)))
            raise AirflowFailException(str(error)) from error
        if is_last_try(context):
            with suppress(RecordUnavailable):
                store.run(
                    append_event(execution, _last_message(store, context, execution, wave_number, error))
                )
        raise


def _last_message(
    store: ExecutionStore, context: Context, execution: str, wave_number: int | None, error: Exception
) -> Event:
    ours = isinstance(error, RecoveryError) and is_final(error) and not isinstance(error, RecordTooLarge)
    refused = EventType.RUN_REFUSED if isinstance(error, RunDiffers) else EventType.REFUSED
    return Event(
        type=refused if ours else EventType.FAILED,
        time=now(),
        actor=actor(context),
        wave_number=wave_number,
        attempt=_attempt(store, execution, wave_number),
        detail=str(error) or type(error).__name__,
    )


def _attempt(store: ExecutionStore, execution: str, wave_number: int | None) -> int | None:
    """Return the attempt of the wave that a task works for; absent where the record has no such wave."""
    if wave_number is None:
        return None
    try:
        return store.run(read_execution(execution)).wave(wave_number).attempt
    except RecordError:
        return None


def new_event(
    context: Context,
    type_: EventType,
    detail: str,
    *,
    wave: WaveRecord | None = None,
    who: str | None = None,
) -> Event:
    """Return an event of the audit trail, told by this task unless a person acts."""
    return journal_of(context).event(type_, detail, wave=wave, who=who)


def ended(execution: Execution) -> str:
    """Return the sentence that refuses to go on with an execution that is final."""
    return (
        f"Execution {execution.execution_id} has ended: {execution.status}. {execution.outcome or ''}".strip()
    )
