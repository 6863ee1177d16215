"""`show`: the record alone, so it works with Airflow down."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from drs_recovery.cli.details import details
from drs_recovery.cli.exits import Exit
from drs_recovery.cli.frozen_plan import frozen_plan
from drs_recovery.cli.progress import Canvas
from drs_recovery.cli.record import find, open_store
from drs_recovery.cli.watcher import read_snapshot
from drs_recovery.report.documents import record_document
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.server_settings import read_put_back, read_settings
from drs_recovery.store.whole import read_whole

if TYPE_CHECKING:
    from drs_recovery.cli.screen import Screen


def show(screen: Screen, named: str) -> Exit:
    """Show all that is on record about an execution."""
    store = open_store()
    execution = find(store, named)
    snapshot = read_snapshot(store, execution)
    if snapshot.execution:
        snapshot = replace(snapshot, execution=store.run(read_whole(snapshot.execution)))
    settings_of = tuple(store.run(read_settings(execution.execution_id)))
    put_back = store.run(read_put_back(execution.execution_id)) if settings_of else None
    snapshot = replace(snapshot, settings=settings_of, put_back=put_back)
    events = store.run(read_events(execution.execution_id))
    document = record_document(snapshot, events, frozen_plan(store, execution.execution_id))
    screen.result(document, details(snapshot, events, Canvas.of(screen.out)))
    return Exit.OK
