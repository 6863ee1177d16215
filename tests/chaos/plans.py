"""The plans that chaos runs, each with servers of its own, and the fleet that holds them all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from pathlib import Path

PLANS = 6
"""So many executions are in flight at once: one of each plan."""

APPROVER = "alice"
SHAPES: tuple[tuple[tuple[int, ...], ...], ...] = (((), (0,), (1,)), ((), (), (0, 1)), ((), (0,), (0,)))
"""On which waves each of three depends: one after the other, two then one, one then two."""


@dataclass(frozen=True)
class ChaosWave:
    """A wave as the plan's file has it; ``depends_on`` are numbers of waves."""

    name: str
    gate: bool
    depends_on: tuple[int, ...]
    servers: tuple[str, ...]

    @property
    def slug(self) -> str:
        """Its task group."""
        return self.name.lower()


@dataclass(frozen=True)
class ChaosPlan:
    """A plan of three waves; ``dag_id`` is the stem of its file."""

    dag_id: str
    waves: tuple[ChaosWave, ...]

    def text(self) -> str:
        """Return the plan file."""
        waves = [
            {
                "name": wave.name,
                "pause_before_wave": wave.gate,
                "depends_on": [self.waves[number].name for number in wave.depends_on],
                "servers": list(wave.servers),
            }
            for wave in self.waves
        ]
        plan = {
            "name": self.dag_id.replace("_", " "),
            "description": "Recovered while everything around it breaks.",
            "owner": "chaos",
            "region": "eu-west-1",
            "approvers": [APPROVER],
            "waves": waves,
        }
        return yaml.safe_dump(plan, sort_keys=False)

    def renamed(self) -> ChaosPlan:
        """Return the plan as a careless edit leaves it: its last wave has another name."""
        *others, last = self.waves
        return replace(self, waves=(*others, replace(last, name=f"{last.name}Renamed")))


def make_plans(seed: int, count: int = PLANS) -> list[ChaosPlan]:
    """Return the plans of a seed."""
    rng = Random(f"{seed} plans")  # noqa: S311 - it is there to be repeated
    return [_plan(number, rng) for number in range(count)]


def _plan(number: int, rng: Random) -> ChaosPlan:
    shape = SHAPES[number % len(SHAPES)]
    gates = rng.choice(
        ((False, True, True), (False, False, True), (False, False, False), (True, False, True))
    )
    waves = []
    for wave, (after, gate) in enumerate(zip(shape, gates, strict=True)):
        servers = tuple(f"s-00000chaos{number}w{wave}n{n:03}" for n in range(rng.randint(1, 3)))
        waves.append(ChaosWave(f"Wave{wave}", gate, after, servers))
    return ChaosPlan(f"chaos_{number}", tuple(waves))


def fleet_text(plans: list[ChaosPlan]) -> str:
    """Return the fleet file with every server of the plans."""
    servers = [
        {"id": server, "hostname": f"{server[-7:]}.{plan.dag_id.replace('_', '-')}.example"}
        for plan in plans
        for wave in plan.waves
        for server in wave.servers
    ]
    return yaml.safe_dump({"account": "123456789012", "region": "eu-west-1", "servers": servers})


class PlanFolder:
    """The folder of plan files, as people edit it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, plan: ChaosPlan, text: str | None = None) -> None:
        """Write a plan's file, all of it or nothing; ``text`` stands in for what it should say."""
        draft = self.path.parent / f"{plan.dag_id}.draft"
        draft.write_text(plan.text() if text is None else text)
        draft.replace(self.path / f"{plan.dag_id}.yaml")
