"""How many servers of each wave must be launched, and which may fail to, when an execution opens."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from drs_recovery.plan.rules import complaint_of_minimum
from drs_recovery.plan.selection import servers_of
from drs_recovery.plan.servers import listed_ids, tag_selections
from drs_recovery.text.lists import listed, quoted, shortened

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from drs_recovery.plan.models import Plan
    from drs_recovery.plan.selection import Selection, SourceServer
    from drs_recovery.plan.wave import Wave


class Policy(NamedTuple):
    """What must be launched of a wave whose servers are known.

    ``optional`` are the ids of servers that may fail to launch; ``minimum_launched`` is how many of the
    others must be launched, absent if all of them.
    """

    optional: frozenset[str]
    minimum_launched: int | None

    def met_by(self, servers: Collection[str], launched: Collection[str]) -> bool:
        """Whether a wave of these servers met its policy if those of them were launched."""
        counted = set(servers) - self.optional
        must = len(counted) if self.minimum_launched is None else self.minimum_launched
        return bool(launched) and len(counted & set(launched)) >= must


def policies(plan: Plan, selection: Selection) -> tuple[Policy, ...]:
    """Return the policy of each wave number, whether or not its servers can meet it."""
    pairs = zip(plan.waves, selection, strict=True)
    return tuple(Policy(_optional(wave, servers), _minimum(wave, servers)) for wave, servers in pairs)


def misfits(plan: Plan, selection: Selection) -> list[str]:
    """Return what of the policies fits no servers: the plan is wrong, or a server is gone.

    A wave whose servers nobody knows is passed over.
    """
    pairs = zip(plan.waves, selection, strict=True)
    return [problem for wave, servers in pairs if servers for problem in _problems(wave, servers)]


def _optional(wave: Wave, servers: tuple[SourceServer, ...]) -> frozenset[str]:
    if wave.optional is None:
        return frozenset()
    found = servers_of(wave.optional, {one.source_server_id: one for one in servers})
    return frozenset(one.source_server_id for one in found) & {one.source_server_id for one in servers}


def _minimum(wave: Wave, servers: tuple[SourceServer, ...]) -> int | None:
    if isinstance(wave.minimum_launched, str):
        percent = int(wave.minimum_launched.removesuffix("%"))
        return ceil(_needed(wave, servers) * percent / 100)
    return wave.minimum_launched


def _needed(wave: Wave, servers: tuple[SourceServer, ...]) -> int:
    """Return how many servers of the wave are not optional."""
    return len(servers) - len(_optional(wave, servers))


def _problems(wave: Wave, servers: tuple[SourceServer, ...]) -> Iterator[str]:
    if missing := _missing(wave, servers):
        known = listed(map(str, servers))
        yield f"wave {quoted(wave.name)}: optional: none of its servers {missing}; they are {known}"
    if complaint := complaint_of_minimum(wave.minimum_launched, _needed(wave, servers)):
        yield f"wave {quoted(wave.name)}: {complaint}"


def _missing(wave: Wave, servers: tuple[SourceServer, ...]) -> str | None:
    """Return the optional id or tags of the plan that no server of the wave has."""
    if wave.optional is None:
        return None
    selected = _optional(wave, servers)
    if foreign := [quoted(server) for server in listed_ids(wave.optional) if server not in selected]:
        return f"is {listed(foreign)}"
    if selected or not all(server.known for server in servers):
        return None  # nobody knows the tags of the others
    wanted = (tag for part in tag_selections(wave.optional) for tag in part.tags.items())
    return f"has the DRS tags {listed(f'{shortened(key)}={shortened(value)}' for key, value in wanted)}"
