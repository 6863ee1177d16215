"""The rules that hold between the values of a plan: names, servers and the order of waves.

They are asked of a sketch, which may be of a plan that breaks other rules as well, so that a file's problems
are reported all at once.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from drs_recovery.names import MOST_WAVES, OF_THE_RUN, group_id, likeness
from drs_recovery.plan.action_rules import ActionList, action_findings, action_lists, groups_of
from drs_recovery.plan.checks import check_findings
from drs_recovery.plan.gates import GateSketch, gate_findings, gate_sketch
from drs_recovery.plan.graph import cycles, dependencies
from drs_recovery.plan.launch_rules import KEYS, launch_findings
from drs_recovery.text.lists import Hints, listed, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from drs_recovery.plan.problems import Finding

NEVER = "never"
"""What ``cleanup`` is when a plan does not say."""


class WaveSketch(NamedTuple):
    """What the rules look at in a wave; None stands for what is not readable, or not there.

    ``servers`` and ``optional`` are those that are listed: none where they are selected by tags.
    ``all_listed``: none of its servers is selected by tags.
    """

    name: str | None
    servers: tuple[str | None, ...]
    depends_on: tuple[str | None, ...] | None
    optional: tuple[str | None, ...] = ()
    minimum_launched: int | str | None = None
    all_listed: bool = True
    launch: Mapping[str, Any] = MappingProxyType({})
    """What it says of its launch settings, as plain data."""


class PlanSketch(NamedTuple):
    """What the rules look at in a plan; ``checked`` are the waves with checks, by their numbers."""

    waves: tuple[WaveSketch, ...]
    gate: GateSketch
    gates: tuple[GateSketch, ...]
    checked: tuple[tuple[int, dict[str, Any]], ...] = ()
    cleanup: str | None = None
    cleans_up_later: bool = False
    actions: tuple[ActionList, ...] = ()


def sketch(content: dict[str, Any]) -> PlanSketch:
    """Return the sketch of a plan, or of a file that may be none: plain data as YAML and JSON have them."""
    waves = content.get("waves")
    waves = waves if isinstance(waves, list) else []
    return PlanSketch(
        tuple(_wave_sketch(wave) for wave in waves),
        gate_sketch(content, ()),
        tuple(
            gate_sketch(wave, ("waves", number))
            for number, wave in enumerate(waves)
            if isinstance(wave, dict)
        ),
        checked=tuple(
            (number, wave) for number, wave in enumerate(waves) if isinstance(wave, dict) and "checks" in wave
        ),
        cleanup=_text(content.get("cleanup", NEVER)),
        cleans_up_later="cleanup_after" in content,
        actions=action_lists(content),
    )


def _wave_sketch(wave: object) -> WaveSketch:
    entries = wave if isinstance(wave, dict) else {}
    depends_on = entries.get("depends_on")
    return WaveSketch(
        _text(entries.get("name")),
        _ids(entries.get("servers")),
        None if depends_on is None else _texts(depends_on),
        _ids(entries.get("optional")),
        _minimum(entries.get("minimum_launched")),
        all(isinstance(part, list) for part in _selections(entries.get("servers"))),
        {key: entries[key] for key in KEYS if key in entries},
    )


def _selections(servers: object) -> list[object]:
    """Return the selections that servers are of, as YAML and JSON have them."""
    parts = servers.get("any_of") if isinstance(servers, dict) else None
    return parts if isinstance(parts, list) else [servers]


def _ids(servers: object) -> tuple[str | None, ...]:
    return tuple(one for part in _selections(servers) for one in _texts(part))


def _minimum(value: object) -> int | str | None:
    return value if isinstance(value, int | str) and not isinstance(value, bool) else None


def _texts(values: object) -> tuple[str | None, ...]:
    return tuple(_text(value) for value in values) if isinstance(values, list) else ()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def findings(plan: PlanSketch) -> Iterator[Finding]:
    """Yield every broken rule; what that costs grows with the plan as its text does."""
    hints = Hints()
    yield from gate_findings(plan.gate, plan.gates)
    yield from _cleanup(plan)
    yield from _names(plan)
    yield from _servers(plan)
    for number, wave in enumerate(plan.waves):
        yield from _optional(number, wave, hints)
        yield from _minimum_launched(number, wave)
        for place, message in launch_findings(wave.launch, wave.servers if wave.all_listed else ()):
            yield ("waves", number, *place), message
    for number, checks in plan.checked:
        yield from check_findings(("waves", number), checks)
    yield from action_findings(plan.actions, groups_of([wave.name for wave in plan.waves]))
    if len(plan.waves) > MOST_WAVES:
        yield ("waves",), f"a plan has at most {MOST_WAVES} waves; these are {len(plan.waves)}"
        return
    yield from _depends_on(plan, hints)
    yield from _cycles(plan)


def _cleanup(plan: PlanSketch) -> Iterator[Finding]:
    if plan.cleans_up_later and plan.cleanup == NEVER:
        complaint = "cleanup_after says when, but cleanup is never"
        remedy = "set cleanup to always or after_approval, or leave cleanup_after out"
        yield ("cleanup_after",), f"{complaint}; {remedy}"


def _names(plan: PlanSketch) -> Iterator[Finding]:
    by_group: dict[str, str] = {}
    by_likeness: dict[str, str] = {}
    for number, wave in enumerate(plan.waves):
        if wave.name is not None:
            group, likely = group_id(wave.name), likeness(wave.name)
            complaint = _complaint_of_group(wave.name, group, by_group.get(group))
            if complaint := complaint or _complaint_of_likeness(wave.name, by_likeness.get(likely)):
                yield ("waves", number, "name"), complaint
            by_group.setdefault(group, wave.name)
            by_likeness.setdefault(likely, wave.name)


def _complaint_of_group(name: str, group: str, other: str | None) -> str | None:
    if name == other:
        return f"two waves have the name {quoted(name)}"
    if other is not None:
        both = f"{quoted(other)} and {quoted(name)}"
        return f"the waves {both} would share the task group {quoted(group)}; rename one"
    if group in OF_THE_RUN:
        return f"the wave's task group would be {quoted(group)}, which is the id of a task; rename the wave"
    return None


def _complaint_of_likeness(name: str, other: str | None) -> str | None:
    if other is None:
        return None
    return f"the names of the waves {quoted(other)} and {quoted(name)} look alike; rename one"


def _servers(plan: PlanSketch) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for number, wave in enumerate(plan.waves):
        for index, server in enumerate(wave.servers):
            if server in seen:
                yield ("waves", number, "servers", index), _twice(server, plan.waves[seen[server]], wave)
            elif server is not None:
                seen[server] = number


def _twice(server: str, earlier: WaveSketch, wave: WaveSketch) -> str:
    if earlier is wave:
        return f"the source server {quoted(server)} is listed twice"
    return f"the source server {quoted(server)} is in {_called(earlier)} already; a server is launched once"


def _optional(number: int, wave: WaveSketch, hints: Hints) -> Iterator[Finding]:
    seen: set[str] = set()
    known = dict.fromkeys(server for server in wave.servers if server is not None)
    servers = listed(map(quoted, known))
    for index, server in enumerate(wave.optional):
        place = ("waves", number, "optional", index)
        if server in seen:
            yield place, f"optional: the source server {quoted(server)} is listed twice"
        elif server is not None:
            seen.add(server)
            if wave.servers and wave.all_listed and server not in known:
                hint = hints.of(server, known) or ";"
                yield (
                    place,
                    f"optional: {quoted(server)} is no server of this wave{hint} its servers are {servers}",
                )


def _minimum_launched(number: int, wave: WaveSketch) -> Iterator[Finding]:
    needed = set(wave.servers) - set(wave.optional)
    if (
        wave.servers
        and wave.all_listed
        and (complaint := complaint_of_minimum(wave.minimum_launched, len(needed)))
    ):
        yield ("waves", number, "minimum_launched"), complaint


def complaint_of_minimum(minimum: int | str | None, needed: int) -> str | None:
    """Return what is wrong with a minimum where so many servers are not optional; None if nothing is."""
    if minimum is None:
        return None
    if not needed:
        return (
            f"minimum_launched: {minimum} of the servers that are not optional, but all servers of this wave "
            "are optional; leave it out: one server that is launched is enough then"
        )
    if isinstance(minimum, int) and minimum > needed:
        return (
            f"minimum_launched: {minimum} is more than the servers of this wave that are not optional; at "
            f"most {needed} can be launched, and without minimum_launched all of them must be"
        )
    return None


def _depends_on(plan: PlanSketch, hints: Hints) -> Iterator[Finding]:
    names = dict.fromkeys(wave.name for wave in plan.waves if wave.name is not None)
    waves = listed(map(quoted, names))
    for number, wave in enumerate(plan.waves):
        seen: set[str] = set()
        for index, wanted in enumerate(wave.depends_on or ()):
            place = ("waves", number, "depends_on", index)
            if wanted in seen:
                yield place, f"depends_on: the wave {quoted(wanted)} is named twice"
            elif wanted is not None:
                seen.add(wanted)
                if wanted not in names:
                    hint = hints.of(wanted, names) or ";"
                    message = (
                        f"depends_on: {quoted(wanted)} is no wave of this plan{hint} its waves are {waves}"
                    )
                    yield place, message


def _cycles(plan: PlanSketch) -> Iterator[Finding]:
    waits_for = dependencies([wave.name for wave in plan.waves], [wave.depends_on for wave in plan.waves])
    for cycle in cycles(waits_for):
        waves = [plan.waves[number] for number in cycle]
        # There is one: without depends_on, a wave waits for an earlier one, which closes no cycle
        first = next(number for number in cycle if plan.waves[number].depends_on is not None)
        yield ("waves", first, "depends_on"), _round(waves)


def _round(waves: list[WaveSketch]) -> str:
    if len(waves) == 1:
        return f"depends_on: {_called(waves[0])} waits for itself"
    after = ", which waits for ".join(_called(wave) for wave in [*waves[1:], waves[0]])
    implied = any(wave.depends_on is None for wave in waves)
    hint = "; a wave without depends_on waits for the wave before it" if implied else ""
    return f"depends_on: a cycle: {_called(waves[0])} waits for {after}{hint}"


def _called(wave: WaveSketch) -> str:
    return "an unnamed wave" if wave.name is None else f"the wave {quoted(wave.name)}"
