"""`list`: the record alone, so it works with Airflow down; it is asked for most, so it loads little."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from drs_recovery.cli.exits import Exit
from drs_recovery.cli.paper import Text
from drs_recovery.cli.progress import WIDE
from drs_recovery.cli.record import open_store
from drs_recovery.cli.styles import styled
from drs_recovery.clock import now
from drs_recovery.settings import settings
from drs_recovery.store import queries
from drs_recovery.text.values import elapsed, or_absent, timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_recovery.cli.screen import Screen
    from drs_recovery.record.models import Execution

SHORT = 8
"""Characters of an execution id in a list, or as many as make it unique there."""


def list_executions(screen: Screen, plan_id: str | None, limit: int) -> Exit:
    """Show executions, newest first."""
    executions = open_store().run(
        queries.list_executions(
            plan_id, limit, passed_over=lambda message: screen.message(f"passed over: {message}")
        )
    )
    document = {"executions": [execution.to_item() for execution in executions]}
    screen.result(document, table(executions, screen.out.width) if executions else _none(plan_id))
    return Exit.OK


def table(executions: Sequence[Execution], width: int) -> Table:
    """Return executions as a table, ids shortened as far as they stay unique."""
    letters = _letters([execution.execution_id for execution in executions])
    shown = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="dim", pad_edge=False)
    for name in ("execution", "plan", "type", "status", "waves", "started (UTC)", "asked for by"):
        shown.add_column(name, no_wrap=name != "plan", overflow="fold")
    cleaned = any(execution.cleanup for execution in executions)
    if cleaned:
        shown.add_column("clean-up", no_wrap=True)
    if width >= WIDE:
        shown.add_column("took", no_wrap=True)
    for execution in executions:
        took = elapsed(execution.start_time, execution.end_time or now())
        status = execution.cleanup.status if execution.cleanup else None
        more: list[str | Text] = [*([styled(status)] if cleaned else []), *([took] if width >= WIDE else [])]
        shown.add_row(*_cells(execution, letters), *more)
    return shown


def _cells(execution: Execution, letters: int) -> list[str | Text]:
    return [
        execution.execution_id[:letters],
        Text(execution.plan_id),
        styled(execution.execution_type),
        styled(execution.status),
        f"{execution.completed_waves}/{execution.total_waves}",
        timestamp(execution.start_time)[:16],
        Text(or_absent(execution.requested_by)),
    ]


def _letters(ids: Sequence[str]) -> int:
    letters = SHORT
    while len({known[:letters] for known in ids}) < len(set(ids)):
        letters += 1
    return letters


def _none(plan_id: str | None) -> Text:
    of = f" of {plan_id!r}" if plan_id else ""
    return Text(f"No execution{of} is on record in table {settings().table!r}.")
