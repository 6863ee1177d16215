"""`watch`: follows an execution to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.cli.connect import look_in
from drs_recovery.cli.details import ending, summary
from drs_recovery.cli.exits import Exit, exit_of
from drs_recovery.cli.follow import follow, view_for
from drs_recovery.cli.progress import Canvas
from drs_recovery.cli.record import find, open_store
from drs_recovery.cli.watcher import Watcher
from drs_recovery.errors import ExecutionNotFound, RecoveryError
from drs_recovery.report.documents import execution_document
from drs_recovery.report.snapshot import Target
from drs_recovery.store.queries import read_execution

if TYPE_CHECKING:
    from drs_recovery.cli.airflow_view import AirflowView
    from drs_recovery.cli.approver import Approver
    from drs_recovery.cli.screen import Screen
    from drs_recovery.store.store import ExecutionStore


def watch(screen: Screen, named: str, user: str | None) -> Exit:
    """Follow an execution by its name, also one that is not on record yet."""
    store, airflow = open_store(), look_in(user)
    return follow_to_the_end(screen, store, _target(store, airflow, named), airflow)


def follow_to_the_end(
    screen: Screen,
    store: ExecutionStore,
    target: Target,
    airflow: AirflowView,
    approver: Approver | None = None,
) -> Exit:
    """Show an execution until it has ended, then how."""
    try:
        with view_for(screen) as view:
            last = follow(Watcher(store, target, airflow), view, approver)
    except KeyboardInterrupt:
        screen.message(f"Stopped watching. {_goes_on(target)}")
        return Exit.INTERRUPTED
    except RecoveryError:
        screen.message(_goes_on(target))
        raise
    in_lines = not screen.progress.is_terminal
    screen.result(
        execution_document(last), ending(last) if in_lines else summary(last, Canvas.of(screen.out))
    )
    return Exit.NOT_RECOVERED if last.execution is None or last.stranded else exit_of(last.execution)


def _goes_on(target: Target) -> str:
    return f"The execution goes on: recovery watch {target.execution_id}"


def _target(store: ExecutionStore, airflow: AirflowView, named: str) -> Target:
    """Return the run that a name stands for; of a plan, first a run that has not opened its record yet."""
    waiting = airflow.unopened(named, lambda target: not _has_record(store, target))
    if waiting is not None:
        return waiting
    execution = find(store, named, live=True)
    return Target(execution.plan_id, execution.dag_run_id)


def _has_record(store: ExecutionStore, target: Target) -> bool:
    try:
        store.run(read_execution(target.execution_id))
    except ExecutionNotFound:
        return False
    return True
