"""How a task of any other operator comes on record: callbacks that write its item.

Such a task obeys Airflow alone and writes nothing itself. ``recorded()`` gives the arguments that make it
speak; without them its state in Airflow is all that is known of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drs_recovery.aws.utils.errors import said
from drs_recovery.clock import now
from drs_recovery.record.enums import TaskState
from drs_recovery.record.task_record import NO_MESSAGE, TaskRecord, wave_of
from drs_recovery.store.tasks import note_task
from drs_recovery.tasks.base import execution_store, own_record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context


def recorded() -> dict[str, Any]:
    """Return the arguments of an operator whose task is to be on record.

    Airflow calls the first and the second in the task's own process, the third also elsewhere, after that
    process was killed. It logs an error of theirs and goes on: then the task's state says less.
    """
    return {"on_execute_callback": began, "on_success_callback": succeeded, "on_failure_callback": failed}


def began(context: Context) -> None:
    """Write that the task runs."""
    _write_item(context, TaskState.RUNNING)


def succeeded(context: Context) -> None:
    """Write that the task did its work."""
    _write_item(context, TaskState.SUCCESS, end_time=now())


def failed(context: Context) -> None:
    """Write that the task failed for good, and why."""
    error = context.get("exception")
    text = said(error) if isinstance(error, BaseException) else error or NO_MESSAGE
    _write_item(context, TaskState.FAILED, end_time=now(), message=text)


def _write_item(context: Context, state: TaskState, **ended: Any) -> None:
    """Write the item of this task; RunDiffers if another DAG run opened the execution."""
    store, ti = execution_store(), context["ti"]
    record = own_record(store, context)
    wave = wave_of(record, ti.task_id)
    known: Mapping[str, Any] = {"wave_number": wave.wave_number, "attempt": wave.attempt} if wave else {}
    task = TaskRecord(
        task_id=ti.task_id,
        try_number=ti.try_number,
        state=state,
        start_time=getattr(ti, "start_date", None) or now(),
        **known,
        **ended,
    )
    store.run(note_task(record.execution_id, task))
