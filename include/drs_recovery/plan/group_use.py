"""A plan that uses groups says what these say: they are put in place of their names while its file is read.

So a plan with a group is the very same as one with the servers written out, in all that follows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drs_recovery.plan.document import UNREADABLE, Node
from drs_recovery.plan.groups import ONE, SEVERAL, Group, GroupFile, waves_of
from drs_recovery.plan.problems import Problem
from drs_recovery.plan.servers import as_written, together
from drs_recovery.plan.target import OWN_CONNECTION
from drs_recovery.text.lists import did_you_mean, listed, quoted
from drs_recovery.text.visible import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from drs_recovery.errors import PlanError

ABOUT_ITSELF = frozenset({"name", "description", "owner", "servers"})
SETTINGS = tuple(name for name in GroupFile.model_fields if name not in ABOUT_ITSELF)
"""What a group says of a wave besides its servers."""


class GroupUse:
    """The groups of one plan; ``problems`` are those of its file, ``of_groups`` the lines on their files.

    ``read`` returns the group of an id, what is wrong with it, or None where there is none; ``ids`` those
    there are, in ``folder``.
    """

    def __init__(
        self,
        folder: Path,
        read: Callable[[str], Group | PlanError | None],
        ids: Callable[[], Sequence[str]],
    ) -> None:
        self._folder, self._read, self._ids = folder, read, ids
        self.problems: list[Problem] = []
        self.of_groups: list[str] = []

    def resolve(self, root: Node) -> None:
        """Let each wave that names groups say what these say, but for what it says itself."""
        for wave in waves_of(root):
            servers = wave.children.get("servers")
            if (
                servers is None
                or not isinstance(servers.value, dict)
                or not {ONE, SEVERAL} & {*servers.value}
            ):
                continue
            names = list(self._names(servers))
            groups = [group for name in names if (group := self._group(name)) is not None]
            whole = bool(groups) and len(groups) == len(names) and len(servers.value) == 1
            if whole:
                self._fill(wave, servers, groups, root)
            wave.value["servers"] = (
                as_written(together(one.servers for one in groups)) if whole else UNREADABLE
            )
            servers.value = wave.value["servers"]

    def _names(self, servers: Node) -> Iterator[Node]:
        """Yield what names a group; all that may not stand there is a problem."""
        key = ONE if ONE in servers.value else SEVERAL
        for other in servers.value:
            if other != key:
                message = f"unknown key {quoted(other)} beside {key}, whose servers are all of the wave"
                self.problems.append(Problem(servers.key_marks[other], message))
        named = servers.children[key]
        if key == ONE:
            yield from self._checked([named])
        elif isinstance(named.value, list):
            yield from self._checked(list(named.children.values()))
            if not named.value:
                self._complain(named, f"{key}: {named} without entries; at least one is due")
        elif named.value is not UNREADABLE:
            self._complain(named, f"{key}: {named} where a list of ids of groups is due")

    def _checked(self, names: Sequence[Node]) -> Iterator[Node]:
        seen: set[str] = set()
        for name in names:
            if name.value is UNREADABLE:
                continue
            if not isinstance(name.value, str):
                self._complain(name, f"{name} where the id of a group is due, the stem of its file")
            elif name.value in seen:
                self._complain(name, f"the group {name} is named twice")
            else:
                seen.add(name.value)
                yield name

    def _group(self, name: Node) -> Group | None:
        found = self._read(name.value)
        if isinstance(found, Group):
            return found
        if found is None:
            ids, where = sorted(self._ids()), printable(str(self._folder))
            there = f"those there are {listed(map(quoted, ids))}" if ids else "there is none"
            self._complain(
                name, f"no group {name} is in {where}{did_you_mean(name.value, ids) or ';'} {there}"
            )
        else:
            self._complain(name, f"the group {name} cannot be used: its file has problems")
            self.of_groups += [line for line in found.problems if line not in self.of_groups]
        return None

    def _fill(self, wave: Node, servers: Node, groups: Sequence[Group], root: Node) -> None:
        """Set what the wave does not say; groups that do not agree are a problem."""
        plans_own = {"aws_conn_id": OWN_CONNECTION} | root.value
        for key in SETTINGS:
            values = {group.id: group.model_dump(mode="json", exclude_none=True).get(key) for group in groups}
            first, *others = values.values()
            own = wave.value.get(key)
            if own is None and any(other != first for other in others):
                each = listed(f"{quoted(group)}: {value}" for group, value in values.items())
                self._complain(
                    servers, f"the groups of a wave have one {key}, unless the wave says it; {each}"
                )
            elif (value := _over(own, first)) is not None and value != plans_own.get(key):
                wave.value[key] = value

    def _complain(self, node: Node, message: str) -> None:
        self.problems.append(Problem(node.mark, message))


def _over(own: Any, groups: Any) -> Any:
    """Return a setting of a wave over that of its group: key by key, where it has keys."""
    if isinstance(own, dict) and isinstance(groups, dict):
        return groups | {key: _over(value, groups.get(key)) for key, value in own.items()}
    return groups if own is None else own
