"""The plans that chaos runs, each with servers of its own, and the fleet that holds them all.

A lane goes on with the plan it has until that one is used up: a server of it is deleted, or a drill is to
come after a recovery. Then it gets the next generation: the same plan under another id, with other servers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

LANES = 6
"""So many executions are in flight at once."""

APPROVERS = ("alice", "bob")
"""Who may answer the gates, in the order in which they are asked."""

SHAPES: tuple[tuple[tuple[int, ...], ...], ...] = (((), (0,), (1,)), ((), (), (0, 1)), ((), (0,), (0,)))
"""On which waves each of three depends: one after the other, two then one, one then two."""

CLEAN_UPS = ("always", "after_approval", "never")
"""What becomes of the drills of a plan, by lane."""


FUNCTION = "chaos"
"""The function of Lambda that actions invoke."""

CHECK = {"name": "status", "ec2": "ok", "every": "2s", "in_a_row": 3, "within": "40s"}
"""Passed by an instance that is not impaired after some seconds, in which others are killed."""

DRILL_TYPE = "t3.small"


@dataclass(frozen=True)
class ChaosAction:
    """An action of a wave: it has a function of Lambda told who it is, so that the log of AWS has it."""

    moment: str
    name: str
    repeatable: bool
    goes_on: bool

    @property
    def task(self) -> str:
        """Its task in the group of its wave."""
        return f"{self.moment}_{self.name.replace(' ', '_')}"

    def entry(self, wave: str) -> dict[str, object]:
        """Return the action as the plan's file has it."""
        payload = {"execution": "{{ execution.id }}", "wave": wave, "action": self.name}
        return {
            "name": self.name,
            "lambda": {"function": FUNCTION, "payload": payload | {"attempt": "{{ wave.attempt }}"}},
            "repeatable": self.repeatable,
            "on_failure": "continue" if self.goes_on else "stop",
        }


@dataclass(frozen=True)
class ChaosWave:
    """A wave as the plan's file has it; ``depends_on`` are numbers of waves, ``minimum`` None means all."""

    name: str
    gate: bool
    depends_on: tuple[int, ...]
    servers: tuple[str, ...]
    minimum: int | None = None
    goes_on: bool = False
    """Whether the waves that depend on it start although it failed."""
    actions: tuple[ChaosAction, ...] = ()
    checked: bool = False
    """Whether each server must pass EC2's status checks, several times in a row."""

    @property
    def slug(self) -> str:
        """Its task group."""
        return self.name.lower()


@dataclass(frozen=True)
class ChaosPlan:
    """A plan of three waves; ``dag_id`` is the stem of its file."""

    lane: int
    waves: tuple[ChaosWave, ...]
    generation: int = 0
    clean_up: str = "never"
    people: int = 1
    """How many must approve a gate."""
    drill_type: str | None = None
    """The instance type of its drills, which is put back after them."""

    @property
    def dag_id(self) -> str:
        """The stem of its file."""
        return f"chaos_{self.lane}_{self.generation}"

    @property
    def servers(self) -> tuple[str, ...]:
        """The servers of all waves."""
        return tuple(server for wave in self.waves for server in wave.servers)

    def text(self) -> str:
        """Return the plan file."""
        plan = {
            "name": self.dag_id.replace("_", " "),
            "description": "Recovered while everything around it breaks.",
            "owner": "chaos",
            "region": "eu-west-1",
            "approvers": list(APPROVERS),
            "approvals_needed": self.people,
            "cleanup": self.clean_up,
            "waves": [self._wave(wave) for wave in self.waves],
        }
        return yaml.safe_dump(plan, sort_keys=False)

    def _wave(self, wave: ChaosWave) -> dict[str, object]:
        made: dict[str, Any] = {
            "name": wave.name,
            "pause_before_wave": wave.gate,
            "depends_on": [self.waves[number].name for number in wave.depends_on],
            "servers": list(wave.servers),
        }
        if wave.minimum is not None:
            made["minimum_launched"] = wave.minimum
        if wave.checked:
            made["checks"] = [dict(CHECK)]
        if self.drill_type:
            made["launch_in_drills"] = {"instance_type": self.drill_type}
        for action in wave.actions:
            made.setdefault(action.moment, []).append(action.entry(wave.name))
        return made | ({"on_failure": "continue"} if wave.goes_on else {})

    def renamed(self) -> ChaosPlan:
        """Return the plan as a careless edit leaves it: its last wave has another name."""
        *others, last = self.waves
        return replace(self, waves=(*others, replace(last, name=f"{last.name}Renamed")))

    def fresh(self) -> ChaosPlan:
        """Return the next generation: all is alike but its id and its servers."""
        generation = self.generation + 1
        waves = (
            replace(wave, servers=_servers(self.lane, generation, number, len(wave.servers)))
            for number, wave in enumerate(self.waves)
        )
        return replace(self, generation=generation, waves=tuple(waves))


def make_plans(seed: int, count: int = LANES) -> list[ChaosPlan]:
    """Return the first plan of each lane."""
    rng = Random(f"{seed} plans")  # noqa: S311 - it is there to be repeated
    return [_plan(lane, rng) for lane in range(count)]


def _plan(lane: int, rng: Random) -> ChaosPlan:
    gates = rng.choice(
        ((False, True, True), (False, False, True), (False, False, False), (True, False, True))
    )
    waves = []
    for number, (after, gate) in enumerate(zip(SHAPES[lane % len(SHAPES)], gates, strict=True)):
        servers = _servers(lane, 0, number, rng.randint(1, 3))
        enough = rng.randint(1, len(servers) - 1) if len(servers) > 1 and rng.random() < 0.6 else None
        goes_on = rng.random() < 0.2
        actions, checked = _actions(number, rng), rng.random() < 0.7
        waves.append(ChaosWave(f"Wave{number}", gate, after, servers, enough, goes_on, actions, checked))
    clean_up = CLEAN_UPS[lane // 2 % len(CLEAN_UPS)]
    drill_type = DRILL_TYPE if lane % 3 else None
    return ChaosPlan(lane, tuple(waves), clean_up=clean_up, people=1 + lane % 2, drill_type=drill_type)


def _actions(number: int, rng: Random) -> tuple[ChaosAction, ...]:
    """Return what happens before and after a wave; most may be repeated, or a kill would end most runs."""
    return tuple(
        ChaosAction(moment, f"{verb} {number}", rng.random() < 0.6, rng.random() < 0.5)
        for moment, verb in (("before", "stop"), ("after", "promote"))
        if rng.random() < 0.7
    )


def _servers(lane: int, generation: int, wave: int, count: int) -> tuple[str, ...]:
    return tuple(f"s-0000chaos{lane}g{generation:02}w{wave}n{n}" for n in range(count))


def fleet_text(plans: Iterable[ChaosPlan]) -> str:
    """Return the fleet file with every server of the plans."""
    servers = [
        {"id": server, "hostname": f"{server[-6:]}.{plan.dag_id.replace('_', '-')}.example"}
        for plan in plans
        for server in plan.servers
    ]
    place = {"account": "123456789012", "region": "eu-west-1", "functions": [FUNCTION]}
    return yaml.safe_dump(place | {"servers": servers})


class PlanFolder:
    """The folder of plan files, as people edit it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, plan: ChaosPlan, text: str | None = None) -> None:
        """Write a plan's file, all of it or nothing; ``text`` stands in for what it should say."""
        draft = self.path.parent / f"{plan.dag_id}.draft"
        draft.write_text(plan.text() if text is None else text)
        draft.replace(self.path / f"{plan.dag_id}.yaml")
