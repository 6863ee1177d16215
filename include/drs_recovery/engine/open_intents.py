"""What became of a StartRecovery that was in flight when its run was ended.

The process of a start task lives on for some seconds after its task was ended by hand, and may hear of its
job meanwhile. If nobody hears of it, DRS still knows it by its tags.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from drs_recovery.engine.adoption import Adoption, window
from drs_recovery.engine.frozen_plan import drs_of
from drs_recovery.record.enums import EventType
from drs_recovery.record.intent import Adopted, StillOpen, resolve
from drs_recovery.store.programs import complete_execution
from drs_recovery.store.queries import read_execution
from drs_recovery.store.trail import append_event

if TYPE_CHECKING:
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


def resolve_intents(store: ExecutionStore, journal: Journal, execution: Execution) -> Execution:
    """Return the execution when each of its open intents is a job on record, or none that DRS shows.

    DRS that cannot be asked keeps no execution from ending: the trail tells why, and the outcome names the
    intents that stay open.
    """
    execution = _wait(store, journal, execution)
    for wave in execution.waves:
        for intent in wave.open_intents:
            _adopt_job(store, journal, execution, wave, intent)
    return store.run(read_execution(execution.execution_id)) if _any_open(execution) else execution


def _adopt_job(
    store: ExecutionStore, journal: Journal, execution: Execution, wave: WaveRecord, intent: Intent
) -> None:
    try:
        hook = drs_of(store, execution.execution_id)
        result = Adoption(hook, store, journal, execution).resolve(wave, intent)
        if isinstance(result, Adopted):
            log.info("Adopted job %s of %s, whose answer was lost", result.job_id, wave.wave_name)
            launches = f"{result.job_id} launches {intent.count} servers"
            text = f"{launches}; its start task ended without writing it down"
            event = journal.event(EventType.JOB_STARTED, text, wave=wave)
            key = execution.execution_id
            store.run(complete_execution.adopt(key, wave.wave_number, intent, result.job_id, event))
    except Exception as error:
        log.exception("The job of an open intent cannot be found")
        message = f"Whether an announced StartRecovery became a job cannot be found out: {error}"
        store.run(append_event(execution.execution_id, journal.event(EventType.FAILED, message)))


def _any_open(execution: Execution) -> bool:
    return any(wave.open_intents for wave in execution.waves)


def _wait(store: ExecutionStore, journal: Journal, execution: Execution) -> Execution:
    """Return the execution when its start tasks had time to write; nobody writes an old intent's job."""
    until = time.monotonic() + PATIENCE
    while _young(execution, journal.now()) and time.monotonic() < until:
        time.sleep(PAUSE)
        execution = store.run(read_execution(execution.execution_id))
    return execution


def _young(execution: Execution, at: datetime) -> bool:
    intents = (intent for wave in execution.waves for intent in wave.open_intents)
    return any(isinstance(resolve(intent, None, at, window()), StillOpen) for intent in intents)
