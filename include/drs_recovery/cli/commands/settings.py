"""`settings`: what a start of a plan would change of launch settings, per server; nothing is changed."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table

from drs_recovery.cli.exits import Exit
from drs_recovery.cli.look import looks_at
from drs_recovery.cli.paper import Text
from drs_recovery.cli.plan_files import plan_named
from drs_recovery.engine.frozen_plan import drs_at
from drs_recovery.engine.settings_preview import settings_now
from drs_recovery.plan import selected

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from drs_recovery.cli.screen import Screen
    from drs_recovery.engine.settings_preview import SettingsNow
    from drs_recovery.plan import Plan


def show_settings(screen: Screen, named: str, execution_type: str) -> Exit:
    """Show what would be changed; as it is now, nothing is said of a plan that names no settings."""
    plan, drill = plan_named(named), execution_type == "DRILL"
    looks = looks_at(plan.targets)
    selection, problems = selected(plan, lambda target: looks[target][1])
    problems = [*(place.trouble for place, _ in looks.values() if place.trouble), *problems]
    with redirect_stdout(sys.stderr):  # to which Airflow logs
        found = list(settings_now(plan, selection, drs_at, drill=drill))
    troubles = [f"{one.server}: {one.trouble}" for one in found if one.trouble]
    document = {
        "planId": plan.id,
        "planHash": plan.hash,
        "executionType": execution_type,
        "servers": [_item(plan, one) for one in found],
        "problems": problems,
    }
    screen.result(document, Group(*_shown(plan, execution_type, found, [*problems, *troubles])))
    return Exit.NOT_RECOVERED if problems or troubles else Exit.OK


def _item(plan: Plan, one: SettingsNow) -> dict[str, Any]:
    item = {
        "waveNumber": one.wave_number,
        "waveName": plan.waves[one.wave_number].name,
        "sourceServerID": one.server.source_server_id,
        "hostname": one.server.hostname,
        "name": one.server.name,
        "changes": [change.to_item() for change in one.changes],
        "trouble": one.trouble,
    }
    return {key: value for key, value in item.items() if value is not None}


def _shown(
    plan: Plan, execution_type: str, found: Sequence[SettingsNow], problems: Sequence[str]
) -> Iterator[RenderableType]:
    yield Text.assemble((plan.name, "bold"), f"  {plan.id}, {execution_type}; nothing is changed")
    if not found:
        yield Text("The plan says nothing of launch settings: they are those in DRS.", style="dim")
    for number, wave in enumerate(plan.waves):
        if servers := [one for one in found if one.wave_number == number]:
            yield Text.assemble("\n", (wave.name, "bold"))
            yield _servers(servers)
    if problems:
        yield Text()
    yield from (Text("✗ ", style="red").append(Text.of_lines(problem)) for problem in problems)


def _servers(servers: Sequence[SettingsNow]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, show_header=False, pad_edge=False)
    for _ in range(2):
        table.add_column(overflow="fold")
    for one in servers:
        changes = [str(change) for change in one.changes] or [
            "cannot be read" if one.trouble else "as it is already"
        ]
        for number, change in enumerate(changes):
            table.add_row(Text(f"  {one.server}" if not number else ""), Text(change))
    return table
