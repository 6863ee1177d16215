"""Everything on record about one execution, for `show`, and how it ended, for `run` and `watch`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table

from drs_recovery.cli.paper import Text
from drs_recovery.cli.progress import address, picture
from drs_recovery.cli.styles import styled
from drs_recovery.report.cleanups import cleanup_text
from drs_recovery.report.facts import facts, intent_result, job_url
from drs_recovery.report.launch_settings import put_back_text, settings_rows
from drs_recovery.report.servers import points_of
from drs_recovery.text.people import who_answered
from drs_recovery.text.values import ABSENT, or_absent, plural, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import RenderableType

    from drs_recovery.cli.progress import Canvas
    from drs_recovery.record.events import Event
    from drs_recovery.record.models import Execution
    from drs_recovery.report.snapshot import Snapshot


def ending(snapshot: Snapshot) -> Text:
    """Return the sentence an execution ended with."""
    execution = snapshot.execution
    if execution is None or not execution.final:
        return Text(snapshot.stranded or "", style="red")
    shown = Text.assemble(styled(execution.status), "  ")
    shown.append(execution.outcome or (execution.failure.message if execution.failure else ABSENT))
    if message := cleanup_text(execution):
        shown.append("\n").append(f"Clean-up: {message}", style="dim")
    return shown


def summary(snapshot: Snapshot, canvas: Canvas) -> RenderableType:
    """Return how an execution stands, with every server, and how it ended."""
    return (
        Group(picture(snapshot, canvas), Text(), ending(snapshot))
        if snapshot.finished
        else picture(snapshot, canvas)
    )


def details(snapshot: Snapshot, events: Sequence[Event], canvas: Canvas) -> RenderableType:
    """Return all that is on record."""
    execution = snapshot.execution
    if execution is None:
        return picture(snapshot, canvas)
    parts: list[RenderableType] = [summary(snapshot, canvas), _heading("Record"), _facts(execution)]
    if snapshot.approvals or any(wave.approval for wave in execution.waves):
        parts += [_heading("Approvals"), _approvals(execution, snapshot)]
    if points := points_of(snapshot):
        parts += [_heading("Recovery points"), _points(points)]
    if snapshot.settings:
        parts += [_heading("Launch settings"), *_settings(snapshot)]
    if any(wave.job_ids or wave.intents for wave in execution.waves):
        parts += [_heading("DRS jobs"), *_jobs(execution)]
    parts += [_heading("Audit trail"), _trail(execution, events)]
    return Group(*parts)


def _heading(title: str) -> Text:
    return Text("\n", style="bold").append(title)


def _facts(execution: Execution) -> Table:
    table = _plain(2)
    for name, value in facts(execution).items():
        table.add_row(Text(name, style="dim"), Text(value))
    return table


def _approvals(execution: Execution, snapshot: Snapshot) -> Table:
    """Return all answers to the gates, those before the last of a gate that needs several first."""
    table = _plain()
    for wave in execution.waves:
        before = [given for given in snapshot.approvals if given.wave_number == wave.wave_number]
        for answer in [*before, *([wave.approval] if wave.approval else [])]:
            alone = "BREAK-GLASS by " if answer.break_glass else ""
            why = f"{timestamp(answer.time)}, attempt {answer.attempt}: {or_absent(answer.reason)}"
            by = Text(f"{alone}{who_answered(answer.by)}, {why}", style="bold red" if alone else "")
            table.add_row(Text(wave.wave_name), styled(answer.decision), by)
    return table


def _points(points: Mapping[str, str]) -> Table:
    table = _plain(2)
    for name, point in points.items():
        table.add_row(Text(name), Text(point))
    return table


def _settings(snapshot: Snapshot) -> Iterator[RenderableType]:
    table = _plain()
    for server, status, changes in settings_rows(snapshot.settings):
        table.add_row(Text(server), styled(status), Text(changes))
    yield table
    if message := put_back_text(snapshot.put_back):
        yield Text(f"  {message}", style="dim")


def _jobs(execution: Execution) -> Iterator[RenderableType]:
    for wave in execution.waves:
        for intent in wave.intents:
            asked = f"{plural(intent.count, 'server')}, attempt {intent.attempt}, batch {intent.batch}"
            yield Text(f"  {wave.wave_name}  {intent_result(intent)}  {asked}, {timestamp(intent.time)}")
            if intent.job_id and (url := job_url(execution.region_of(wave), intent.job_id)):
                yield address(url, "    ")


def _trail(execution: Execution, events: Sequence[Event]) -> Table:
    names = {wave.wave_number: wave.wave_name for wave in execution.waves}
    table = _plain()
    for event in events:
        wave = "" if event.wave_number is None else names.get(event.wave_number, ABSENT)
        what = Text.assemble((event.type, "bold"), f"  {wave}" if wave else "")
        what.append(f"  {event.detail}" if event.detail else "")
        table.add_row(Text(timestamp(event.time), style="dim"), Text(or_absent(event.actor)), what)
    return table


def _plain(columns: int = 3) -> Table:
    table = Table(box=None, padding=(0, 0, 0, 2), show_header=False, show_edge=False)
    table.add_column(no_wrap=True)
    for _ in range(columns - 1):
        table.add_column(overflow="fold")
    return table
