"""The rules of actions beyond single values: one kind each, names that differ, templates that fit."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

from drs_recovery.names import action_task, group_id
from drs_recovery.plan.actions import KINDS
from drs_recovery.plan.template_names import OF_A_PLAN, OF_A_WAVE, complaint_of
from drs_recovery.plan.templates import texts_in
from drs_recovery.settings import settings
from drs_recovery.text.lists import listed, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from drs_recovery.plan.template_names import Context

MOST_ACTIONS = 20
"""Before, or after, a wave or the plan."""

Place = tuple[str | int, ...]
Finding = tuple[Place, str]


class ActionList(NamedTuple):
    """The actions at one place of a plan, as plain data that may be none."""

    place: Place
    actions: tuple[Any, ...]

    @property
    def moment(self) -> str:
        """Whether they stand before or after."""
        return str(self.place[-1])

    @property
    def context(self) -> Context:
        """What their templates may name."""
        return OF_A_WAVE if self.of_a_wave else OF_A_PLAN

    @property
    def of_a_wave(self) -> bool:
        """Whether they stand at a wave, and not at the plan as a whole."""
        return len(self.place) > 1


def action_lists(content: Mapping[str, Any]) -> tuple[ActionList, ...]:
    """Return the lists of actions of a plan, or of a file that may be none."""
    waves = content.get("waves")
    places: list[tuple[Place, Any]] = [((), content)]
    places += [
        (("waves", number), wave) for number, wave in enumerate(waves if isinstance(waves, list) else [])
    ]
    return tuple(
        ActionList((*place, moment), tuple(of[moment]))
        for place, of in places
        for moment in ("before", "after")
        if isinstance(of, dict) and isinstance(of.get(moment), list)
    )


def action_findings(lists: tuple[ActionList, ...], groups: Mapping[str, str]) -> Iterator[Finding]:
    """Yield every broken rule of the actions of a plan; ``groups`` are its waves' names by their groups."""
    for known in lists:
        if len(known.actions) > MOST_ACTIONS:
            yield (
                known.place,
                f"at most {MOST_ACTIONS} actions are allowed here; these are {len(known.actions)}",
            )
            continue
        yield from _names(known, groups)
        for index, action in enumerate(known.actions):
            if isinstance(action, dict):
                yield from _of_one(known, (*known.place, index), action)


def _names(known: ActionList, groups: Mapping[str, str]) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for index, action in enumerate(known.actions):
        name = action.get("name") if isinstance(action, dict) else None
        if not isinstance(name, str):
            continue
        place, task = (*known.place, index, "name"), action_task(known.moment, name)
        if task in seen:
            yield place, f"the actions {quoted(seen[task])} and {quoted(name)} would share a task; rename one"
        elif not known.of_a_wave and task in groups:
            yield place, f"the action's task would be {quoted(task)}, as the group of {quoted(groups[task])}"
        seen.setdefault(task, name)


def _of_one(known: ActionList, place: Place, action: dict[str, Any]) -> Iterator[Finding]:
    kinds = [kind for kind in KINDS if kind in action]
    if len(kinds) != 1:
        has = f"this one has {listed(kinds)}" if kinds else "this one has none"
        yield place, f"an action has one of {', '.join(KINDS)}; {has}"
    if "with" in action and "operator" not in action:
        yield (*place, "with"), "with stands beside operator alone"
    if "wait" in action and "timeout" in action:
        yield (*place, "timeout"), "timeout: an action that waits ends by itself; leave it out"
    yield from _targets(known, place, action)
    for kind in (*kinds, "with"):
        for inner, text in texts_in(action.get(kind)):
            if complaint := complaint_of(text, known.context):
                yield (*place, kind, *inner), f"{inner[-1] if inner else kind}: {complaint}"


def _targets(known: ActionList, place: Place, action: dict[str, Any]) -> Iterator[Finding]:
    ssm = action.get("ssm")
    if not isinstance(ssm, dict) or ssm.get("targets") != "launched":
        return
    if known.moment == "before" or not known.of_a_wave:
        yield (*place, "ssm", "targets"), "targets: launched: only after a wave its instances are there"


def forbidden_operators(content: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the operators of a plan file that the administrator of Airflow does not allow."""
    for known in action_lists(content):
        for index, action in enumerate(known.actions):
            path = action.get("operator") if isinstance(action, dict) else None
            if isinstance(path, str) and (complaint := complaint_of_operator(path)):
                yield (*known.place, index, "operator"), complaint


def complaint_of_operator(path: str) -> str | None:
    """Return why an operator may not be used in plans; None if it may."""
    patterns = settings().action_operator_patterns
    if any(fnmatchcase(path, pattern) for pattern in patterns):
        return None
    allowed = ", ".join(patterns) or "none"
    return f"operator: {quoted(path)} is not allowed; RECOVERY_ACTION_OPERATORS allows {allowed}"


def groups_of(names: list[str | None]) -> dict[str, str]:
    """Return the names of waves by their task groups."""
    return {group_id(name): name for name in names if name is not None}
