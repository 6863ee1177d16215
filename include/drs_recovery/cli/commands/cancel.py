"""`cancel`: ends an execution's DAG run; jobs of DRS continue, since no operation stops one (R-45)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from drs_recovery.cli.connect import sign_in
from drs_recovery.cli.exits import Exit
from drs_recovery.cli.paper import Text
from drs_recovery.cli.record import find_running, open_store
from drs_recovery.cli.watcher import read_snapshot
from drs_recovery.errors import AirflowApiError
from drs_recovery.report.documents import execution_document
from drs_recovery.store.programs import cancel as cancel_program
from drs_recovery.store.queries import read_execution

if TYPE_CHECKING:
    from drs_recovery.cli.screen import Screen
    from drs_recovery.record.models import Execution
    from drs_recovery.store.store import ExecutionStore

LONGEST_WAIT = 120
"""Seconds for `complete_execution`, or the maintenance, to write the end."""


def cancel(screen: Screen, named: str, *, reason: str | None, user: str | None) -> Exit:
    """Mark the DAG run failed, and show the end that is on record."""
    store = open_store()
    execution = find_running(store, named)
    with sign_in(user) as client:
        me, why = client.me().id, reason or "no reason given"
        # Airflow accepts the note only of a user who may edit the run: only then it goes on record
        client.note(execution.plan_id, execution.dag_run_id, f"cancelled by {me}: {why}")
        store.run(cancel_program.ask(execution.execution_id, me, why))
        try:
            client.end_run(execution.plan_id, execution.dag_run_id)
        except AirflowApiError as error:
            store.run(cancel_program.withdraw(execution.execution_id, me, str(error)))
            raise
    screen.message(f"{execution.execution_id} of {execution.plan_id} is being cancelled …")
    ended = _wait_for_end(store, execution)
    message = (
        f"{ended.status}: {ended.outcome}"
        if ended.final
        else (
            "Airflow has ended its run; the record does not show the end yet. "
            f"Look again: recovery show {execution.execution_id}"
        )
    )
    screen.result(execution_document(read_snapshot(store, execution)), Text(message))
    return Exit.OK if ended.final else Exit.NOT_RECOVERED


def _wait_for_end(store: ExecutionStore, execution: Execution) -> Execution:
    """Return the execution as soon as it is final, or as it is after some time."""
    deadline = time.monotonic() + LONGEST_WAIT
    while not execution.final and time.monotonic() < deadline:
        time.sleep(0.5)
        execution = store.run(read_execution(execution.execution_id))
    return execution
