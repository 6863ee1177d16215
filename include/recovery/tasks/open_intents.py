"""What became of a StartRecovery that was in flight when its run was ended.

The process of a start task lives on for some seconds after its task was ended by hand, and may hear of its
job meanwhile. If nobody hears of it, DRS still knows it by its tags.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from recovery.aws.hooks.drs import DrsHook
from recovery.execution import EventType
from recovery.tasks.base import frozen_plan, told
from recovery.tasks.jobs import find_job

if TYPE_CHECKING:
    from airflow.sdk import Context

    from recovery.execution import Execution, Intent
    from recovery.execution.store import ExecutionStore

PATIENCE = 20.0
"""Seconds that a start task gets to write its job down; Airflow lets a process live on for about eight."""

PAUSE = 1.0
"""Seconds between two looks at the record meanwhile."""

log = logging.getLogger(__name__)


def settle(store: ExecutionStore, context: Context, execution: Execution) -> Execution:
    """Return the execution when each of its open intents is a job on record, or none that DRS shows.

    DRS that cannot be asked keeps no execution from ending: the trail tells why, and the outcome names the
    intents that stay open.
    """
    execution = _wait(store, execution)
    if not any(wave.open_intents for wave in execution.waves):
        return execution
    try:
        return _adopt_all(store, context, execution)
    except Exception as error:
        log.exception("DRS cannot be asked for the jobs of open intents")
        said = f"DRS cannot be asked whether an announced StartRecovery became a job: {error}"
        store.tell(execution.execution_id, told(context, EventType.FAILED, said))
        return store.get(execution.execution_id)


def _wait(store: ExecutionStore, execution: Execution) -> Execution:
    until = time.monotonic() + PATIENCE
    while any(wave.open_intents for wave in execution.waves) and time.monotonic() < until:
        time.sleep(PAUSE)
        execution = store.get(execution.execution_id)
    return execution


def _adopt_all(store: ExecutionStore, context: Context, execution: Execution) -> Execution:
    plan = frozen_plan(store, execution.execution_id)
    hook = DrsHook(aws_conn_id=plan.aws_conn_id, region_name=plan.region)
    for wave in execution.waves:
        for intent in wave.open_intents:
            if job_id := find_job(hook, execution, wave, intent):
                log.info("Adopted job %s of %s, whose answer was lost", job_id, wave.wave_name)
                event = told(context, EventType.JOB_STARTED, _said(intent, job_id), wave=wave)
                store.adopt(execution.execution_id, wave.wave_number, intent, job_id, event)
    return store.get(execution.execution_id)


def _said(intent: Intent, job_id: str) -> str:
    return f"{job_id} launches {len(intent.servers)} servers; its start task ended without writing it down"
