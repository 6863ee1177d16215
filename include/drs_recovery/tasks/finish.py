"""How an execution is brought to its end on record: its open waves closed, its final status written, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.record.enums import EventType
from drs_recovery.record.outcome import outcome
from drs_recovery.record.status import final_status
from drs_recovery.store.programs import complete_execution
from drs_recovery.store.servers import read_servers
from drs_recovery.store.whole import read_whole
from drs_recovery.tasks.base import now, told
from drs_recovery.tasks.clean_up import order_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from drs_recovery.record.ending import Ending
    from drs_recovery.record.models import Execution
    from drs_recovery.store.store import ExecutionStore


def finish(
    store: ExecutionStore, context: Context, execution: Execution, known: Ending, *, hint: str = ""
) -> Execution:
    """Return the execution as it ended; ``hint`` is added to an outcome that the record cannot explain."""
    key, stopped = execution.execution_id, known.interrupted
    event = told(context, EventType.INTERRUPTED, stopped) if stopped else None
    closed = store.run(complete_execution.close(key, known, event))
    status = final_status(
        closed.waves,
        superseded=closed.superseded_by is not None,
        failure=closed.failure,
        interrupted=stopped is not None,
        task_failed=closed.task_failure is not None,
        total_waves=closed.total_waves,
    )
    # With its reasons in full, also those that stand shortened on record
    said = outcome(store.run(read_whole(closed)), store.run(read_servers(key)), interrupted=stopped, at=now())
    if "inconsistent" in said:
        said = f"{said} {hint}".strip()
    event = told(context, EventType.EXECUTION_ENDED, f"{status}: {said}")
    return store.run(complete_execution.finish(key, status, said, event, cleanup=order_of(store, closed)))


def tell_end(store: ExecutionStore, context: Context, execution: Execution) -> Execution:
    """Tell how an execution ended, once: a crash may have come between its end and the telling."""
    event = told(context, EventType.EXECUTION_ENDED, f"{execution.status}: {execution.outcome}")
    return store.run(
        complete_execution.finish(execution.execution_id, execution.status, execution.outcome or "", event)
    )
