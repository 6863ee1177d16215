"""Which source servers a plan selects, of those that DRS knows."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from drs_recovery.errors import SelectionError
from drs_recovery.plan.servers import listed_ids, tag_selections
from drs_recovery.text.lists import did_you_mean, listed, quoted, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from drs_recovery.plan.models import Plan
    from drs_recovery.plan.servers import Servers
    from drs_recovery.plan.target import Target
    from drs_recovery.plan.wave import Wave

Fleet = dict[str, "SourceServer"]
"""The source servers that DRS knows in one place, by id."""


class SourceServer(BaseModel):
    """A server that DRS replicates, with its DRS tags; or one that a plan lists and DRS does not ``know``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source_server_id: str
    hostname: str | None = None
    name: str | None = None
    tags: dict[str, str] = {}
    known: bool = True

    def __str__(self) -> str:
        known_as = [text for text in (self.hostname, self.name) if text]
        return f"{self.source_server_id} ({', '.join(known_as)})" if known_as else self.source_server_id


Selection = tuple[tuple[SourceServer, ...], ...]
"""The source servers of each wave number, sorted by id."""


def resolve(plan: Plan, known: Callable[[Target], Iterable[SourceServer] | None]) -> Selection:
    """Return the source servers that each wave launches now; raises SelectionError with every problem.

    ``known`` gives those that DRS knows where a wave is recovered to, None where nobody could ask. A listed
    server that DRS does not know is among them, as such: it keeps no other from being launched. Problems are
    tags that no source server has, and a source server in two waves.
    """
    selection, problems = selected(plan, known)
    if problems:
        raise SelectionError("\n".join(problems))
    return selection


def selected(
    plan: Plan, known: Callable[[Target], Iterable[SourceServer] | None]
) -> tuple[Selection, list[str]]:
    """Return the source servers that each wave would launch now, as `resolve` does, and every problem."""
    fleets = {target: _fleet(known(target)) for target in plan.targets}
    there = [fleets[plan.target(number)] for number in range(len(plan.waves))]
    pairs = zip(plan.waves, there, strict=True)
    selection = tuple(servers_of(wave.servers, fleet or {}) for wave, fleet in pairs)
    each = zip(plan.waves, selection, there, strict=True)
    problems = [problem for wave, servers, fleet in each if (problem := _unmet(wave, servers, fleet))]
    problems += _repeated(plan, selection)
    return selection, problems


def _fleet(known: Iterable[SourceServer] | None) -> Fleet | None:
    return None if known is None else {server.source_server_id: server for server in known}


def servers_of(servers: Servers, fleet: Fleet) -> tuple[SourceServer, ...]:
    """Return the servers that are listed, or of a fleet selected by tags, each once, sorted by id."""
    ids = listed_ids(servers)
    found = {
        server: fleet.get(server) or SourceServer(source_server_id=server, known=False) for server in ids
    }
    for part in tag_selections(servers):
        wanted = part.tags.items()
        found |= {key: server for key, server in fleet.items() if wanted <= server.tags.items()}
    return tuple(found[server] for server in sorted(found))


def _unmet(wave: Wave, servers: tuple[SourceServer, ...], fleet: Fleet | None) -> str | None:
    if servers or fleet is None:
        return None
    return "\n".join(_no_match(wave, part.tags, fleet) for part in tag_selections(wave.servers))


def _no_match(wave: Wave, wanted: dict[str, str], fleet: Fleet) -> str:
    message = listed(f"{shortened(key)}={shortened(value)}" for key, value in wanted.items())
    return (
        f"wave {quoted(wave.name)}: no source server has the DRS tags {message}"
        f" (tags of the source server in DRS, not of its EC2 instance): {_what_exists(wanted, fleet)}"
    )


def _what_exists(wanted: dict[str, str], fleet: Fleet) -> str:
    values: dict[str, set[str]] = defaultdict(set)
    for server in fleet.values():
        for key, value in server.tags.items():
            values[key].add(value)
    if not values:
        return f"none of the {len(fleet)} source servers in this account and Region has any"
    missing = [
        _missing(key, value, values) for key, value in wanted.items() if value not in values.get(key, ())
    ]
    return "; ".join(missing) or "each of them is there, but no source server has all"


def _missing(key: str, value: str, values: dict[str, set[str]]) -> str:
    if key not in values:
        return f"no source server has a tag {quoted(key)}; the tags there are {_sorted(values)}"
    return f"the values of {quoted(key)} are {_sorted(values[key])}{did_you_mean(value, sorted(values[key]))}"


def _sorted(values: Iterable[str]) -> str:
    return listed(quoted(value) for value in sorted(values))


def _repeated(plan: Plan, selection: Selection) -> list[str]:
    first: dict[str, Wave] = {}
    problems = []
    for wave, servers in zip(plan.waves, selection, strict=True):
        twice = [server for server in servers if first.setdefault(server.source_server_id, wave) is not wave]
        if twice:
            message = listed(f"{server} of {quoted(first[server.source_server_id].name)}" for server in twice)
            problems.append(
                f"wave {quoted(wave.name)}: an earlier wave launches the same source servers: {message}"
            )
    return problems
