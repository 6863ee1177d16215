"""What happens to whom, and when: all of it from one seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chaos.plans import ChaosPlan


class Kind(StrEnum):
    """The kinds of faults."""

    KILL_SCHEDULER = "kill_scheduler"
    KILL_TRIGGERER = "kill_triggerer"
    KILL_API_SERVER = "kill_api_server"
    KILL_DAG_PROCESSOR = "kill_dag_processor"
    KILL_TASK = "kill_task"
    RESTART_POSTGRESQL = "restart_postgresql"
    CUT = "cut"
    SLOW = "slow"
    THROTTLE = "throttle"
    DROP_ANSWER = "drop_answer"
    MARK_TASK = "mark_task"
    MARK_RUN = "mark_run"
    EDIT_PLAN = "edit_plan"


BY_PEOPLE = (Kind.MARK_TASK, Kind.MARK_RUN, Kind.EDIT_PLAN)
"""Faults that hit one run, because a person does something to it."""

AROUND = tuple(kind for kind in Kind if kind not in BY_PEOPLE)
"""Faults of what is around: they hit whatever is in flight."""

GAP = (7.0, 14.0)
"""Seconds between two faults around."""

DENIED = 0.25
"""The share of runs, of those that nobody else hinders, whose last gate is rejected."""

CALLS: dict[Kind, tuple[dict[str, Any], ...]] = {
    Kind.CUT: (
        {"service": "drs"},
        {"service": "dynamodb"},
        {"service": "dynamodb", "rate": 0.5},
        {"service": "drs", "operation": "StartRecovery", "times": 2, "window": 25.0},
    ),
    Kind.SLOW: (
        {"service": "drs", "seconds": 3.0},
        {"service": "dynamodb", "seconds": 1.0},
        {"service": "drs", "operation": "StartRecovery", "seconds": 8.0, "times": 2, "window": 25.0},
    ),
    Kind.THROTTLE: (
        {"service": "drs", "rate": 0.8},
        {"service": "dynamodb", "rate": 0.5},
        {"service": "drs", "operation": "StartRecovery", "times": 6, "window": 25.0},
    ),
    Kind.DROP_ANSWER: (
        {"service": "drs", "operation": "StartRecovery", "times": 1, "window": 30.0},
        {
            "service": "drs",
            "operation": "StartRecovery",
            "times": 1,
            "window": 30.0,
            "effect": "server_error",
        },
        {"service": "dynamodb", "operation": "UpdateItem", "rate": 0.7},
        {"service": "dynamodb", "operation": "PutItem", "rate": 0.7},
    ),
}
"""Which calls of AWS clients each kind spoils; ``window``: seconds it waits for a call, else 3 to 9."""


@dataclass(frozen=True)
class Disturbance:
    """A fault around: so many seconds ``after`` the one before."""

    number: int
    after: float
    kind: Kind
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Deed:
    """What a person does to a run: so many seconds ``after`` its wave ``during`` went into flight."""

    kind: Kind
    during: int
    after: float
    options: dict[str, Any]


@dataclass(frozen=True)
class Scenario:
    """One run: of which plan, with which params, what its approver says and what people do to it."""

    number: int
    plan: int
    conf: dict[str, Any]
    denies: int | None = None
    """The wave whose gate is rejected, if it has one."""
    deed: Deed | None = None


def disturbances(seed: int, without: Sequence[str] = ()) -> Iterator[Disturbance]:
    """Yield faults around for ever, in rounds that have every kind once."""
    rng = Random(f"{seed} disturbances")  # noqa: S311 - it is there to be repeated
    number = 0
    while True:
        kinds = list(AROUND)
        rng.shuffle(kinds)
        for kind in kinds:
            made = Disturbance(number, round(rng.uniform(*GAP), 2), kind, _options(kind, rng))
            number += 1
            if kind not in without:
                yield made


def _options(kind: Kind, rng: Random) -> dict[str, Any]:
    if kind in CALLS:
        return {"window": round(rng.uniform(3, 9), 2)} | rng.choice(CALLS[kind])
    if kind is Kind.KILL_TASK:
        return {"what": rng.choice(("task", "supervisor", "both")), "delay": round(rng.uniform(0, 0.8), 2)}
    if kind is Kind.RESTART_POSTGRESQL:
        return {"down": round(rng.uniform(0, 3), 2)}
    return {"whole": rng.random() < 0.5}


def scenarios(
    seed: int, runs: int, plans: Sequence[ChaosPlan], without: Sequence[str] = ()
) -> list[Scenario]:
    """Return the runs: people do something to two of three, the others meet only what is around."""
    rng = Random(f"{seed} scenarios")  # noqa: S311 - it is there to be repeated
    made: list[Scenario] = []
    while len(made) < runs:
        kinds: list[Kind | None] = [*BY_PEOPLE, *BY_PEOPLE, None, None, None]
        rng.shuffle(kinds)
        for kind in kinds[: runs - len(made)]:
            made.append(_scenario(len(made), kind, plans, rng, without))
    return made


def _scenario(
    number: int, kind: Kind | None, plans: Sequence[ChaosPlan], rng: Random, without: Sequence[str]
) -> Scenario:
    plan = number % len(plans)
    gates = [n for n, wave in enumerate(plans[plan].waves) if wave.gate]
    denies = gates[-1] if gates and rng.random() < DENIED and kind is None else None
    deed = _deed(kind, rng) if kind else None
    approvals = rng.choice(("as_planned", "as_planned", "none", "every_wave"))
    return Scenario(
        number,
        plan,
        {"approvals": approvals, "reason": f"chaos {number}"},
        denies,
        None if deed is None or deed.kind in without else deed,
    )


def _deed(kind: Kind, rng: Random) -> Deed:
    during, after = rng.randrange(3), round(rng.uniform(0, 6), 2)
    if kind is Kind.MARK_RUN:
        return Deed(kind, during, after, {"state": rng.choice(("failed", "success"))})
    if kind is Kind.MARK_TASK:
        task = rng.choice(("wait_for_recovery", "next.approve", "next.start_recovery"))
        return Deed(kind, during, after, {"task": task, "state": rng.choice(("failed", "success"))})
    edit = rng.choice(("renamed", "broken"))
    return Deed(kind, during, after, {"edit": edit, "for": round(rng.uniform(8, 20), 2)})
