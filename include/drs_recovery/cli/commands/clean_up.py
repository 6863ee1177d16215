"""`clean-up`: terminates the recovery instances of an ended drill, also if its plan says never (R-47)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from drs_recovery.cli.airflow import gate_url
from drs_recovery.cli.connect import sign_in
from drs_recovery.cli.exits import Exit
from drs_recovery.cli.paper import Text
from drs_recovery.cli.record import find, open_store
from drs_recovery.cli.watcher import read_snapshot
from drs_recovery.clock import now
from drs_recovery.errors import AirflowRefused, TransitionRefused
from drs_recovery.names import CLEAN_UP, CleanUpTask
from drs_recovery.record.clean_up import EXECUTION_ID, asked_once, clean_up_run_id, current_run_id
from drs_recovery.record.enums import CleanupStatus, EventType
from drs_recovery.record.events import Event
from drs_recovery.record.transitions import check_not_archived
from drs_recovery.report.cleanups import cleanup_text, may_be_cleaned_up, waits_for_an_approver
from drs_recovery.report.documents import execution_document
from drs_recovery.settings import settings
from drs_recovery.store.queries import read_execution
from drs_recovery.store.trail import put_event

if TYPE_CHECKING:
    from drs_recovery.cli.airflow import AirflowClient
    from drs_recovery.cli.screen import Screen
    from drs_recovery.record.models import Execution
    from drs_recovery.store.store import ExecutionStore

INTERVAL = 0.5
"""Seconds between two reads of the record."""

RUN_CHECK = 5.0
"""Seconds between two reads of the DAG run, which may end with nothing on record."""


def clean_up(screen: Screen, named: str, *, reason: str | None, follow: bool, user: str | None) -> Exit:
    """Start the DAG run that cleans up, or clear it, and show its result."""
    store = open_store()
    execution = find(store, named)
    _check_may_clean_up(execution)
    with sign_in(user) as client:
        asked = Event(
            type=EventType.CLEANUP_ASKED,
            time=now(),
            actor=client.me().id,
            detail=reason or "no reason given",
            once=asked_once(clean_up_run_id(execution)),
        )
        _start_run(client, execution)
        store.run(put_event(execution.execution_id, asked))
        screen.message(f"{execution.execution_id} of {execution.plan_id} is being cleaned up …")
        try:
            last = _wait_for_clean_up(store, client, execution) if follow else execution
        except KeyboardInterrupt:
            screen.message(f"Stopped watching. It goes on: recovery show {execution.execution_id}")
            return Exit.INTERRUPTED
    screen.result(execution_document(read_snapshot(store, execution)), _result_text(last, follow=follow))
    done = last.cleanup is not None and last.cleanup.status in {CleanupStatus.DONE, CleanupStatus.WAITING}
    return Exit.OK if done or not follow else Exit.NOT_RECOVERED


def _check_may_clean_up(execution: Execution) -> None:
    """Raise TransitionRefused, with the reason, if the execution cannot be cleaned up."""
    if may_be_cleaned_up(execution):
        return
    place = f"{execution.execution_id} ({execution.plan_id})"
    if not execution.final:
        raise TransitionRefused(f"{place} is {execution.status}: only what has ended is cleaned up.")
    if not execution.is_drill:
        raise TransitionRefused(f"{place} is a {execution.execution_type}: only drills are ever cleaned up.")
    if not execution.job_ids:
        raise TransitionRefused(f"{place} started no job: there is nothing to clean up.")
    check_not_archived(execution)
    raise TransitionRefused(f"{place} is cleaned up already: {cleanup_text(execution)}.")


def _start_run(client: AirflowClient, execution: Execution) -> None:
    """Trigger the DAG run of this end, or clear it if it has ended; one that runs is left alone."""
    dag = client.dag(CLEAN_UP)
    if dag is None or dag.is_paused:
        state = "is paused: unpause it" if dag else "is not known to Airflow"
        raise AirflowRefused(f"The DAG {CLEAN_UP} {state}.")
    run_id = clean_up_run_id(execution)
    known = client.run(CLEAN_UP, run_id)
    if known is None:
        client.trigger(CLEAN_UP, run_id, {EXECUTION_ID: execution.execution_id})
    elif known.ended:
        client.clear_run(CLEAN_UP, run_id)


def _wait_for_clean_up(store: ExecutionStore, client: AirflowClient, execution: Execution) -> Execution:
    """Return the execution when its clean-up has finished, waits for a person, or its DAG run has ended."""
    before, run_id, check = execution.cleanup, clean_up_run_id(execution), time.monotonic() + RUN_CHECK
    while True:
        execution = store.run(read_execution(execution.execution_id))
        known = execution.cleanup
        if waits_for_an_approver(execution):
            return execution
        if known is not None and known.status.finished and known != before:
            return execution
        if time.monotonic() >= check:
            check = time.monotonic() + RUN_CHECK
            run = client.run(CLEAN_UP, run_id)
            if run is None or run.ended:
                return store.run(read_execution(execution.execution_id))
        time.sleep(INTERVAL)


def _result_text(execution: Execution, *, follow: bool) -> Text:
    if not follow:
        return Text(f"Look: recovery show {execution.execution_id}")
    message = Text(f"Clean-up {cleanup_text(execution) or 'is not on record'}")
    if waits_for_an_approver(execution):
        url = gate_url(settings().airflow_url, CLEAN_UP, current_run_id(execution), CleanUpTask.APPROVE)
        answer = f"Answer: recovery approve {execution.execution_id}, or {url}"
        message.append("\n").append(answer)
    return message
