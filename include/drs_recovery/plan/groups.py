"""Protection groups: source servers that are described once, in a file of their own, for many plans."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from drs_recovery.plan.document import parse
from drs_recovery.plan.launch import Launch
from drs_recovery.plan.launch_rules import launch_findings
from drs_recovery.plan.problems import Problem, Rejected
from drs_recovery.plan.servers import Servers
from drs_recovery.plan.target import OWN_CONNECTION, Target
from drs_recovery.plan.values import ConnectionId, DagId, Frozen, Line, Region, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.plan.document import Node
    from drs_recovery.plan.problems import Place

FOLDER = "groups"
"""Where the groups are, beside the folder of plans."""

ONE, SEVERAL = "group", "groups"
"""Keys of a wave's ``servers`` that name groups."""


class GroupFile(Frozen):
    """What the file of a protection group says; each key that a wave knows too holds for its wave."""

    name: Line = Field(description="Name of the group, as people say it.")
    description: Text = Field(description="What these servers are, and what to know of them.")
    owner: Line = Field(description="The team that answers for the group.")
    region: Region = Field(description="AWS Region that DRS recovers them to, such as eu-west-1.")
    aws_conn_id: ConnectionId = Field(
        default=OWN_CONNECTION, description="Airflow connection with the account and role to use."
    )
    servers: Servers = Field(
        description="Its source servers: a list of source server ids, or {tags: {key: value}}."
    )
    launch: Launch | None = Field(
        default=None, description="As what, and where, its servers are launched; a wave's goes over it."
    )
    launch_in_drills: Launch | None = Field(
        default=None, description="What is different in drills: it goes over launch, key by key."
    )


class Group(GroupFile):
    """A protection group: one file."""

    id: DagId = Field(description="Id of the group: the stem of its file.")

    @property
    def target(self) -> Target:
        """Where its servers are recovered to."""
        return Target(self.aws_conn_id, self.region)


def groups_beside(plans: Path) -> Path:
    """Return the folder of the groups that the plans of a folder use."""
    return Path(os.path.normpath(plans / ".." / FOLDER))


def repeated(root: Node) -> list[Problem]:
    """Return a problem for each server that a group's file lists twice."""
    seen: set[object] = set()
    problems = []
    for node in _listed(root.children["servers"]):
        if node.value in seen:
            problems.append(Problem(node.mark, f"the source server {node} is listed twice"))
        seen.add(node.value)
    return problems


def contradictions(root: Node) -> list[Problem]:
    """Return what contradicts itself in the launch settings of a group's file."""
    servers = root.value["servers"]
    ids = servers if isinstance(servers, list) else []
    return [
        Problem(_deepest(root, place).mark, message) for place, message in launch_findings(root.value, ids)
    ]


def _deepest(node: Node, place: Place) -> Node:
    for part in place:
        node = node.children.get(part, node)
    return node


def _listed(servers: Node) -> Iterator[Node]:
    parts = servers.children["any_of"].children.values() if "any_of" in servers.children else [servers]
    yield from (one for part in parts if isinstance(part.value, list) for one in part.children.values())


def waves_of(root: Node) -> Iterator[Node]:
    """Yield the waves of a plan's file, as far as they can be read."""
    if (waves := root.children.get("waves")) is not None and isinstance(waves.value, list):
        yield from (wave for wave in waves.children.values() if isinstance(wave.value, dict))


def group_ids(text: bytes) -> frozenset[str]:
    """Return the ids of the groups that the text of a plan names; none, if it cannot be read."""
    if ONE.encode() not in text and b"\\" not in text:  # in which any letter may be written
        return frozenset()
    with suppress(Rejected, ValueError):
        root, _ = parse(text.decode())
        servers = [wave.value.get("servers") for wave in waves_of(root)]
        named = [one.get(key) for one in servers if isinstance(one, dict) for key in (ONE, SEVERAL)]
        each = [one for name in named for one in (name if isinstance(name, list) else [name])]
        return frozenset(one for one in each if isinstance(one, str))
    return frozenset()
