"""`groups`: the protection groups, each with its servers as DRS shows them now, and the plans that use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Group as Lines
from rich.table import Table

from drs_recovery.cli.exits import Exit, UsageError
from drs_recovery.cli.look import looks_at
from drs_recovery.cli.paper import Text
from drs_recovery.cli.plan_files import PLANS
from drs_recovery.errors import PlanError
from drs_recovery.plan import (
    Group,
    files_of_stem,
    group_ids,
    groups_beside,
    plan_stems,
    read_groups,
    servers_of,
)
from drs_recovery.text.lists import did_you_mean, listed, quoted
from drs_recovery.text.values import ABSENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from drs_recovery.cli.screen import Screen
    from drs_recovery.plan import SourceServer
    from drs_recovery.report.preview import Place


@dataclass(frozen=True)
class GroupNow:
    """A group, its servers now, and the ids of the plans that use it."""

    group: Group
    place: Place
    servers: Sequence[SourceServer]
    plans: Sequence[str]

    def document(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        group = self.group
        item = {
            "groupId": group.id,
            "name": group.name,
            "owner": group.owner,
            "region": group.region,
            "awsConnId": group.aws_conn_id,
            "accountId": self.place.account_id,
            "trouble": self.place.trouble,
            "servers": [_server(one) for one in self.servers],
            "plans": list(self.plans),
        }
        return {key: value for key, value in item.items() if value is not None}


def show_groups(screen: Screen, ids: Sequence[str]) -> Exit:
    """Show the groups beside the plans, or those that are named."""
    found = read_groups(groups_beside(PLANS))
    for one in ids:
        if one not in found:
            raise UsageError(f"no group {quoted(one)} is in {groups_beside(PLANS)}{_there(one, list(found))}")
    wanted = {stem: one for stem, one in found.items() if not ids or stem in ids}
    broken = [line for one in wanted.values() if isinstance(one, PlanError) for line in one.problems]
    groups = list(_now([one for one in wanted.values() if isinstance(one, Group)]))
    troubles = list(dict.fromkeys(one.place.trouble for one in groups if one.place.trouble))
    document = {"groups": [one.document() for one in groups], "problems": broken}
    screen.result(document, Lines(*_shown(groups, [*broken, *troubles])))
    return Exit.NOT_RECOVERED if broken else Exit.UNREACHABLE if troubles else Exit.OK


def _now(groups: Sequence[Group]) -> Iterator[GroupNow]:
    looks = looks_at(dict.fromkeys(group.target for group in groups))
    used = {stem: _groups_of(stem) for stem in _plans()}
    for group in groups:
        place, known = looks[group.target]
        servers = servers_of(group.servers, {one.source_server_id: one for one in known or ()})
        plans = [stem for stem, ids in used.items() if group.id in ids]
        yield GroupNow(group, place, servers, plans)


def _plans() -> list[str]:
    try:
        return sorted(plan_stems(PLANS))
    except OSError:
        return []


def _groups_of(stem: str) -> frozenset[str]:
    return frozenset(one for file in files_of_stem(PLANS, stem) for one in group_ids(file.read_bytes()))


def _there(named: str, ids: list[str]) -> str:
    if not ids:
        return ": there is none"
    return f"{did_you_mean(named, ids) or ';'} those there are {listed(map(quoted, ids))}"


def _server(server: SourceServer) -> dict[str, Any]:
    item = {
        "sourceServerID": server.source_server_id,
        "hostname": server.hostname,
        "name": server.name,
        "known": server.known,
    }
    return {key: value for key, value in item.items() if value is not None}


def _shown(groups: Sequence[GroupNow], problems: Sequence[str]) -> Iterator[RenderableType]:
    if not groups and not problems:
        yield Text(f"No protection group is in {groups_beside(PLANS)}.")
    for number, one in enumerate(groups):
        if number:
            yield Text()
        yield from _group(one)
    if groups and problems:
        yield Text()
    yield from (Text(f"✗ {problem}", style="red", overflow="ignore", no_wrap=True) for problem in problems)


def _group(one: GroupNow) -> Iterator[RenderableType]:
    group = one.group
    yield Text.assemble(
        (group.id, "bold"), f"  {group.name}, {one.place.servers_text(one.servers)}, owner {group.owner}"
    )
    yield Text(f"  {one.place.text(group.target)}", style="dim")
    yield Text(f"  used by {listed(one.plans) if one.plans else 'no plan'}", style="dim")
    if one.servers:
        table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, show_header=False, pad_edge=False)
        for server in one.servers:
            names = ", ".join(name for name in (server.hostname, server.name) if name) or ABSENT
            unknown = "" if server.known or one.place.trouble else "DRS does not know it"
            table.add_row(Text(f"  {server.source_server_id}"), Text(names), Text(unknown, style="red"))
        yield table
