"""The picture of an execution: its waves and servers, and the gates that wait."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table

from drs_recovery.cli.paper import Text
from drs_recovery.cli.styles import styled
from drs_recovery.report.rows import rows
from drs_recovery.text.values import ABSENT, elapsed, timestamp
from drs_recovery.text.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import OverflowMethod, RenderableType

    from drs_recovery.cli.paper import Console
    from drs_recovery.record.models import Execution
    from drs_recovery.report.rows import Row
    from drs_recovery.report.snapshot import Snapshot, WaitingGate

BESIDE_ROWS = 8
"""Lines of a picture that are no waves or servers: title, heading, notes."""

LINES_OF_A_GATE = 8
FEWEST_ROWS = 8
WIDE = 120
"""Columns from which on there is room for the ids of the source servers beside their names."""


@dataclass(frozen=True)
class Canvas:
    """The room for a picture; without ``height`` it shows everything, in as many lines as that takes."""

    width: int
    height: int | None = None

    @classmethod
    def of(cls, console: Console, *, live: bool = False) -> Canvas:
        """Return the room on a console; a live picture must fit the screen."""
        return cls(console.width, console.height if live else None)


def picture(snapshot: Snapshot, canvas: Canvas) -> RenderableType:
    """Return a snapshot as a table, with the gates that wait and how to answer them."""
    execution = snapshot.execution
    if execution is None:
        parts: list[RenderableType] = [_queued(snapshot)]
    else:
        lines = rows(snapshot, _room(snapshot, canvas.height))
        parts = [_title(execution, snapshot), *_warnings(execution, canvas), Text(), _table(lines, canvas)]
    parts += [_gate(gate, snapshot, canvas) for gate in snapshot.gates]
    parts += [Text(f"⚠ {note}", style="yellow") for note in snapshot.notes]
    return Group(*parts)


def command_for(verb: str, gate: WaitingGate, snapshot: Snapshot) -> str:
    """Return the command line that answers a gate."""
    wave = shlex.quote(gate.wave_name)
    return f"recovery {verb} {snapshot.target.plan_id} --wave {wave} --reason '…'"


def _title(execution: Execution, snapshot: Snapshot) -> Text:
    """Return the heading: plan, type, status, times, and who asked for it and why."""
    head = Text.assemble((execution.plan_name, "bold"), "  ", styled(execution.execution_type), "  ")
    head.append_text(styled(execution.status))
    done = f"{execution.completed_waves} of {execution.total_waves} waves"
    took = elapsed(execution.start_time, execution.end_time or snapshot.at)
    head.append(f"  {done}, {took} since {timestamp(execution.start_time)}", style="dim").append("\n")
    asked = f"{execution.execution_id}  asked for by {execution.requested_by or ABSENT}"
    return head.append(asked + (f": {execution.reason}" if execution.reason else ""), style="dim")


def _warnings(execution: Execution, canvas: Canvas) -> list[Text]:
    """Return what the checks at the start warn of; a live picture has a line for each."""
    live = canvas.height is not None
    return [
        Text(f"⚠ {warning.check}: {warning.message}", style="yellow", no_wrap=live, overflow="ellipsis")
        for warning in execution.warnings
    ]


def _gate(gate: WaitingGate, snapshot: Snapshot, canvas: Canvas) -> RenderableType:
    """Return what a gate waits for, who may answer, and how."""
    shown = Text.assemble("\n", ("⏸ ", "bold yellow"), (gate.wave_name, "bold"), " waits for an answer")
    if gate.since:
        shown.append(f" since {timestamp(gate.since)}, for {elapsed(gate.since, snapshot.at)}")
    if gate.until:
        shown.append(f"; without one it is cancelled at {timestamp(gate.until)}")
    for line in (
        f"  who  {gate.who}",
        *(
            [f"       approved: {', '.join(gate.approved_by)}; {gate.missing} more must"]
            if gate.given
            else []
        ),
        f"  how  {command_for('approve', gate, snapshot)}",
        f"       {command_for('reject', gate, snapshot)}",
    ):
        shown.append("\n").append(line)
    parts = [shown, address(gate.url, "       ", unbroken=canvas.height is None)]
    if gate.note:
        parts.append(Text(f"  {gate.note}", style="yellow"))
    return Group(*parts)


def address(url: str, indent: str, *, unbroken: bool = True) -> Text:
    """Return a URL as a link; unbroken it can be copied, but a live picture must not be too wide."""
    overflow: OverflowMethod = "ignore" if unbroken else "fold"
    return Text(indent, no_wrap=unbroken, overflow=overflow).append(url, style=f"cyan link {visible(url)}")


def _queued(snapshot: Snapshot) -> Text:
    shown = Text.assemble((snapshot.target.plan_id, "bold"), "  not on record yet: ")
    shown.append(snapshot.queued or "the DAG run has not opened its execution")
    run = f"{snapshot.target.execution_id}  DAG run {snapshot.target.run_id}"
    return shown.append("\n").append(run, style="dim")


def _table(lines: Sequence[Row], canvas: Canvas) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="dim", pad_edge=False)
    table.add_column("wave / server", overflow="fold", min_width=16)
    table.add_column("status", no_wrap=True)
    table.add_column("", overflow="fold", min_width=max(map(_unbroken, lines), default=0))
    if canvas.width >= WIDE:
        table.add_column("source server", no_wrap=True, style="dim")
    for line in lines:
        cells = _cells(line, canvas)
        if canvas.height is not None:
            for cell in cells:
                cell.no_wrap, cell.overflow = True, "ellipsis"
        table.add_row(*cells)
    return table


def _unbroken(line: Row) -> int:
    """Return the width of a detail that must not be broken: an instance and its address."""
    return len(line.detail) if line.server and line.server.recovery_instance_id else 0


def _cells(line: Row, canvas: Canvas) -> list[Text]:
    """Return the cells of a line; where ids have no column but length does not matter, they get a line."""
    label = Text(line.label, style="bold") if line.wave else Text(f"  {line.label}")
    if line.names and canvas.width < WIDE and canvas.height is None:
        first, *others = line.names
        label = Text(f"  {first}").append("\n").append(f"  {', '.join(others)}", style="dim")
    status = styled(line.status) if line.status or line.wave else Text()
    detail = Text(line.detail, style="" if line.wave else "dim")
    beside = Text(line.server.source_server_id if line.server else "")
    return [label, status, detail, *([beside] if canvas.width >= WIDE else [])]


def _room(snapshot: Snapshot, height: int | None) -> int | None:
    if height is None:
        return None
    warned = len(snapshot.execution.warnings) if snapshot.execution else 0
    beside = BESIDE_ROWS + LINES_OF_A_GATE * len(snapshot.gates) + len(snapshot.notes) + warned
    return max(FEWEST_ROWS, height - beside)
