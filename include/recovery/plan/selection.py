"""Which source servers a plan selects, of those that DRS knows."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from recovery.errors import SelectionError
from recovery.plan.models import ServerTags
from recovery.plan.words import did_you_mean, listed, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from recovery.plan.models import Plan, Wave


class SourceServer(BaseModel):
    """A server that DRS replicates, with its DRS tags."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source_server_id: str
    hostname: str | None = None
    name: str | None = None
    tags: dict[str, str] = {}

    def __str__(self) -> str:
        known_as = [text for text in (self.hostname, self.name) if text]
        return f"{self.source_server_id} ({', '.join(known_as)})" if known_as else self.source_server_id


Selection = tuple[tuple[SourceServer, ...], ...]
"""The source servers of each wave number, sorted by id."""


def resolve(plan: Plan, known: Iterable[SourceServer]) -> Selection:
    """Return the source servers that each wave launches now; raises SelectionError with every problem.

    Problems are a source server that DRS does not know, tags that no source server has, and a source server
    in two waves.
    """
    fleet = {server.source_server_id: server for server in known}
    problems: list[str] = []
    selection = tuple(_of_wave(wave, fleet, problems) for wave in plan.waves)
    problems += _in_two_waves(plan, selection)
    if problems:
        raise SelectionError("\n".join(problems))
    return selection


def _of_wave(wave: Wave, fleet: dict[str, SourceServer], problems: list[str]) -> tuple[SourceServer, ...]:
    if isinstance(wave.servers, ServerTags):
        wanted = wave.servers.tags
        selected = [server for server in fleet.values() if wanted.items() <= server.tags.items()]
        if not selected:
            problems.append(_no_match(wave, wanted, fleet))
    else:
        selected = [fleet[server] for server in wave.servers if server in fleet]
        problems += [_unknown(wave, server, fleet) for server in wave.servers if server not in fleet]
    return tuple(sorted(selected, key=lambda server: server.source_server_id))


def _unknown(wave: Wave, server: str, fleet: dict[str, SourceServer]) -> str:
    return (
        f"wave {quoted(wave.name)}: DRS knows no source server {quoted(server)}{did_you_mean(server, fleet)}"
        f" (it knows {len(fleet)} in this account and Region)"
    )


def _no_match(wave: Wave, wanted: dict[str, str], fleet: dict[str, SourceServer]) -> str:
    told = ", ".join(f"{key}={value}" for key, value in wanted.items())
    return (
        f"wave {quoted(wave.name)}: no source server has the DRS tags {told}"
        f" (tags of the source server in DRS, not of its EC2 instance): {_what_exists(wanted, fleet)}"
    )


def _what_exists(wanted: dict[str, str], fleet: dict[str, SourceServer]) -> str:
    values: dict[str, set[str]] = defaultdict(set)
    for server in fleet.values():
        for key, value in server.tags.items():
            values[key].add(value)
    if not values:
        return f"none of the {len(fleet)} source servers in this account and Region has any"
    return "; ".join(_about(key, value, values) for key, value in wanted.items())


def _about(key: str, value: str, values: dict[str, set[str]]) -> str:
    if key not in values:
        return f"no source server has a tag {quoted(key)}; the tags there are: {listed(sorted(values))}"
    if value not in values[key]:
        return (
            f"the values of {quoted(key)} are {listed(sorted(values[key]))}{did_you_mean(value, values[key])}"
        )
    return f"{key}={value} is there"


def _in_two_waves(plan: Plan, selection: Selection) -> list[str]:
    first: dict[str, Wave] = {}
    problems = []
    for wave, servers in zip(plan.waves, selection, strict=True):
        for server in servers:
            earlier = first.setdefault(server.source_server_id, wave)
            if earlier is not wave:
                both = f"{quoted(earlier.name)} and {quoted(wave.name)}"
                problems.append(f"the source server {server} is in two waves, {both}; it is launched once")
    return problems
