"""`preview`: a whole plan as it would run now, its servers looked up in DRS; nothing is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table

from drs_recovery.cli.exits import Exit
from drs_recovery.cli.look import looks_at, points_of
from drs_recovery.cli.paper import Text
from drs_recovery.cli.plan_files import plan_named
from drs_recovery.cli.record import open_store
from drs_recovery.errors import RecordError
from drs_recovery.plan import selected
from drs_recovery.report.actions import action_sentences
from drs_recovery.report.preview import Last, preview
from drs_recovery.store.queries import list_executions
from drs_recovery.store.servers import read_servers
from drs_recovery.text.lists import listed
from drs_recovery.text.values import ABSENT, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from drs_recovery.cli.screen import Screen
    from drs_recovery.plan import Plan
    from drs_recovery.report.preview import Preview, PreviewedServer, PreviewedWave

RECENT = 20
"""Newest executions of a plan among which the last one that got as far as its servers is looked for."""


def show_preview(screen: Screen, named: str) -> Exit:
    """Show what would be recovered where, and what differs from the last execution."""
    plan = plan_named(named)
    looks = looks_at(plan.targets)
    selection, problems = selected(plan, lambda target: looks[target][1])
    places = {target: place for target, (place, _) in looks.items()}
    found = preview(plan, selection, problems, places, _last(screen, plan), points=points_of(plan, selection))
    troubles = dict.fromkeys(place.trouble for place in places.values() if place.trouble)
    screen.result(found.document(), Group(*_shown(found, [*troubles, *found.problems])))
    return Exit.NOT_RECOVERED if found.problems else Exit.UNREACHABLE if troubles else Exit.OK


def _last(screen: Screen, plan: Plan) -> Last | None:
    """Return the last execution whose servers were frozen; without the record there is nothing to compare."""
    try:
        store = open_store()
        for execution in store.run(list_executions(plan.id, RECENT)):
            if servers := store.run(read_servers(execution.execution_id)):
                return Last(execution, servers)
    except RecordError as error:
        screen.message(Text(f"⚠ Not compared with the last execution: {error}", style="yellow"))
    return None


def _shown(found: Preview, problems: list[str]) -> Iterator[RenderableType]:
    plan, last = found.plan, found.last
    yield Text.assemble((plan.name, "bold"), f"  {plan.id}, hash {plan.hash[:12]}")
    compared = "no execution to compare with"
    if last:
        same = "the same plan" if last.execution.plan_hash in plan.hashes else "another version of the plan"
        begun = timestamp(last.execution.start_time)
        compared = f"compared with {last.execution.execution_id} of {begun}, {same}"
    yield Text(f"{compared}; nothing is opened", style="dim")
    for wave in found.waves:
        yield Text()
        yield from _wave(wave)
    if found.gone:
        yield Text.assemble("\n", ("of waves that are gone", "bold"))
        yield _servers(found.gone)
    if sentences := action_sentences(plan):
        yield Text()
        yield from map(Text, sentences)
    if problems:
        yield Text()
    yield from (Text("✗ ", style="red").append(Text.of_lines(problem)) for problem in problems)


def _wave(wave: PreviewedWave) -> Iterator[RenderableType]:
    after = f"after {listed(wave.after)}" if wave.after else "at once"
    gate = ", asks for approval first" if wave.pauses else ""
    yield Text.assemble((wave.name, "bold"), f"  {wave.place.servers_text(wave.servers)}, {after}{gate}")
    yield Text(f"  {wave.place.text(wave.target)}", style="dim")
    if wave.servers or wave.gone:
        yield _servers([*wave.servers, *wave.gone])


def _servers(servers: Sequence[PreviewedServer]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, show_header=False, pad_edge=False)
    for _ in range(4):
        table.add_column(overflow="fold")
    for one in servers:
        style = {"GONE": "red", "NEW": "green", "MOVED": "yellow"}.get(one.change or "", "")
        names = ", ".join(name for name in (one.hostname, one.name) if name) or ABSENT
        table.add_row(Text(f"  {one.source_server_id}"), Text(names), Text(_remark(one), style=style))
    return table


def _remark(server: PreviewedServer) -> str:
    moved = f"moved from {server.moved_from}" if server.moved_from else None
    change = moved or (server.change.lower() if server.change else None)
    unknown = None if server.known else "DRS does not know it"
    optional = "optional" if server.optional else None
    point = str(server.point) if server.point and server.known else None
    return ", ".join(text for text in (change, unknown, optional, point) if text)
