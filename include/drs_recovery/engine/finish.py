"""How an execution is brought to its end on record: its open waves closed, its final status written, once."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from drs_recovery.aws.utils.errors import said
from drs_recovery.engine.action_ends import with_actions
from drs_recovery.engine.adoption import Adoption, window
from drs_recovery.engine.frozen_plan import drs_of, frozen_plan
from drs_recovery.engine.opened_by_0_1 import with_its_events
from drs_recovery.engine.run_end import named_failed, run_end
from drs_recovery.errors import ExecutionNotFound, PlanError, RecordUnreadable
from drs_recovery.record.enums import CleanupMode, EventType
from drs_recovery.record.events import Fact
from drs_recovery.record.intent import Adopted, StillOpen, resolve
from drs_recovery.record.outcome import outcome, unexplained
from drs_recovery.record.parts import CleanupOrder
from drs_recovery.record.status import RunEnd, final_status
from drs_recovery.store.programs import complete_execution
from drs_recovery.store.queries import read_execution
from drs_recovery.store.servers import read_servers
from drs_recovery.store.tasks import read_tasks
from drs_recovery.store.trail import append_event
from drs_recovery.store.whole import read_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from drs_recovery.engine.journal import Journal
    from drs_recovery.record.intent import Intent
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.store.store import ExecutionStore

PATIENCE = 20.0
"""Seconds that a start task gets to write its job down; Airflow lets a process live on for about eight."""

PAUSE = 1.0
"""Seconds between two looks at the record meanwhile."""

log = logging.getLogger(__name__)


def end_execution(
    store: ExecutionStore,
    journal: Journal,
    execution: Execution,
    task_states: Mapping[str, str | None],
    *,
    run_finished: str | None = None,
) -> Execution:
    """Return an execution as it ended, after its open intents are resolved; its plan is free then.

    ``task_states`` are those of the other tasks of its DAG run; ``run_finished`` is a sentence on a run
    that has ended or is gone.
    """
    end = RunEnd()
    if not execution.final:
        execution = _resolve_intents(store, journal, execution)
        tasks = store.run(read_tasks(execution.execution_id))
        known = with_its_events(store, execution, tasks)
        end = run_end(*known, task_states, journal.now(), run_finished=run_finished)
        end = with_actions(store, execution, tasks, end)
    return finish(store, journal, execution, end, failed=named_failed(task_states))


def finish(
    store: ExecutionStore, journal: Journal, execution: Execution, end: RunEnd, *, failed: str = "none"
) -> Execution:
    """Put the end on record, unless it is there, and free the plan; ``end`` is what ended it.

    ``failed`` are the Airflow tasks that failed, for an outcome that the record cannot explain.
    """
    if execution.final:
        ended = _append_end(store, journal, execution)
    else:
        ended = _write_end(store, journal, execution, end, failed)
    store.run(complete_execution.release(ended))
    return ended


def _write_end(
    store: ExecutionStore, journal: Journal, execution: Execution, end: RunEnd, failed: str
) -> Execution:
    """Close the open waves and write the final status, with the outcome."""
    key, stopped = execution.execution_id, end.interrupted
    event = journal.event(EventType.INTERRUPTED, stopped) if stopped else None
    closed = store.run(complete_execution.close_waves(key, end, event))
    status = final_status(
        closed.waves,
        superseded=closed.superseded_by is not None,
        failure=closed.failure,
        interrupted=stopped is not None,
        task_failed=closed.task_failure is not None,
        task_skipped=closed.task_skips is not None,
        total_waves=closed.total_waves,
    )
    # With its reasons in full, also those that stand shortened on record
    message = outcome(
        store.run(read_whole(closed)), store.run(read_servers(key)), interrupted=stopped, at=journal.now()
    )
    if unexplained(closed, stopped):
        message = f"{message} Airflow tasks that failed: {failed}."
    event = journal.event(EventType.EXECUTION_ENDED, f"{status}: {message}")
    return store.run(
        complete_execution.write_end(key, status, message, event, cleanup=_clean_up_order(store, closed))
    )


def _append_end(store: ExecutionStore, journal: Journal, execution: Execution) -> Execution:
    """Append how an execution ended, once: a crash may have come between its end and the event."""
    event = journal.event(EventType.EXECUTION_ENDED, f"{execution.status}: {execution.outcome}")
    return store.run(
        complete_execution.write_end(execution.execution_id, execution.status, execution.outcome or "", event)
    )


def _clean_up_order(store: ExecutionStore, execution: Execution) -> CleanupOrder | None:
    """Return what the frozen plan orders of the clean-up of an execution that ends.

    No trouble with that keeps an execution from ending.
    """
    if not execution.is_drill or not execution.job_ids:
        return None
    try:
        plan = frozen_plan(store, execution.execution_id)
    except (ExecutionNotFound, PlanError, RecordUnreadable):
        log.exception("No clean-up of %s is ordered: its plan cannot be read", execution.execution_id)
        return None
    mode = CleanupMode(plan.cleanup)
    if mode is CleanupMode.NEVER:
        return None
    return CleanupOrder(mode, plan.cleanup_after or timedelta())


def _resolve_intents(store: ExecutionStore, journal: Journal, execution: Execution) -> Execution:
    """Return the execution when each of its open intents is a job on record, or none that DRS shows.

    The process of a start task lives on for some seconds after its task was ended by hand, and may hear of
    its job meanwhile. If nobody hears of it, DRS still knows it by its tags. Where DRS cannot be asked, the
    execution ends all the same: the trail has the reason, and the outcome names the intents that stay open.
    """
    execution = _wait_for_starts(store, journal, execution)
    for wave in execution.waves:
        for intent in wave.open_intents:
            _adopt_job(store, journal, execution, wave, intent)
    is_open = any(wave.open_intents for wave in execution.waves)
    return store.run(read_execution(execution.execution_id)) if is_open else execution


def _adopt_job(
    store: ExecutionStore, journal: Journal, execution: Execution, wave: WaveRecord, intent: Intent
) -> None:
    try:
        hook = drs_of(store, execution.execution_id, wave.wave_number)
        result = Adoption(hook, store, journal, execution).resolve(wave, intent)
        if isinstance(result, Adopted):
            log.info("Adopted job %s of %s, whose answer was lost", result.job_id, wave.wave_name)
            launches = f"{result.job_id} launches {intent.count} servers"
            text = f"{launches}; its start task ended without writing it down"
            event = journal.event(EventType.JOB_STARTED, text, wave=wave).replace(fact=Fact.ADOPTED)
            key = execution.execution_id
            store.run(complete_execution.adopt(key, wave.wave_number, intent, result.job_id, event))
    except Exception as error:
        log.exception("The job of an open intent cannot be found")
        message = f"Whether an announced StartRecovery became a job cannot be found out: {said(error)}"
        store.run(append_event(execution.execution_id, journal.event(EventType.FAILED, message)))


def _wait_for_starts(store: ExecutionStore, journal: Journal, execution: Execution) -> Execution:
    """Return the execution when its start tasks had time to write; nobody writes an old intent's job."""
    until = time.monotonic() + PATIENCE
    while _may_be_written(execution, journal.now()) and time.monotonic() < until:
        time.sleep(PAUSE)
        execution = store.run(read_execution(execution.execution_id))
    return execution


def _may_be_written(execution: Execution, at: datetime) -> bool:
    intents = (intent for wave in execution.waves for intent in wave.open_intents)
    return any(isinstance(resolve(intent, None, at, window()), StillOpen) for intent in intents)
