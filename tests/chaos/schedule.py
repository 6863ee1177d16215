"""What happens to whom, and when: all of it from one seed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from launcher.components import Executor
    from tests.chaos.plans import ChaosPlan

T = TypeVar("T")


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
    DELETE_SERVER = "delete_server"
    DISCONNECT_SERVER = "disconnect_server"
    TERMINATE_INSTANCE = "terminate_instance"
    CLEAR = "clear"
    CLEAN_UP = "clean_up"
    KILL_WORKER = "kill_worker"
    RESTART_REDIS = "restart_redis"
    FREEZE_REDIS = "freeze_redis"
    CUT_WORKER = "cut_worker"


BY_PEOPLE = (Kind.MARK_TASK, Kind.MARK_RUN, Kind.EDIT_PLAN)
"""Faults that hit one run, because a person does something to it in Airflow."""

IN_AWS = (Kind.DELETE_SERVER, Kind.DISCONNECT_SERVER, Kind.TERMINATE_INSTANCE)
"""Faults that hit one run, because a person does something in AWS that the product is not told."""

AFTERWARDS = (Kind.CLEAR, Kind.CLEAN_UP)
"""What people do to a run that has ended."""

ON_CELERY = (Kind.KILL_WORKER, Kind.RESTART_REDIS, Kind.FREEZE_REDIS, Kind.CUT_WORKER)
"""Faults of what is around only where tasks run in workers."""

AROUND = tuple(kind for kind in Kind if kind not in (*BY_PEOPLE, *IN_AWS, *AFTERWARDS, *ON_CELERY))
"""Faults of what is around: they hit whatever is in flight."""

OUTAGES = (*[(0.0, 15.0)] * 7, (75.0, 110.0))
"""Seconds for which Redis is away. The last range outlasts TASK_QUEUED_TIMEOUT; nothing goes on meanwhile."""

GAP = (7.0, 14.0)
"""Seconds between two faults around."""

DENIED = 0.5
"""The share of runs, of those that nobody else hinders, whose last gate is rejected."""

ILL = 0.3
"""The share of those runs in which a server's instances are impaired."""

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
class HumanAction:
    """What a person does to a run: so many seconds ``after`` its wave ``during`` went into flight."""

    kind: Kind
    during: int
    after: float
    options: dict[str, Any]


@dataclass(frozen=True)
class Scenario:
    """One run: of which plan, with which params, what its approver says and what people do to it."""

    number: int
    plan: ChaosPlan
    conf: dict[str, Any]
    denies: int | None = None
    """The wave whose gate is rejected, if it has one."""
    action: HumanAction | None = None
    in_aws: HumanAction | None = None
    ill: str | None = None
    """The server whose instances fail EC2's status checks."""
    fails: str | None = None
    """The server whose first launch fails, so that there is something to clear."""
    clears: bool = False
    cleans_up: bool = False
    """Whether a person asks for the clean-up; the plan may order one besides."""
    probe: bool = False
    """Whether a drill of the same servers is asked for afterwards, which a real recovery forbids."""

    @property
    def real(self) -> bool:
        """Whether it is a RECOVERY."""
        return bool(self.conf.get("execution_type") == "RECOVERY")


def kinds_of(executor: Executor) -> list[Kind]:
    """Return the kinds that there are with an executor."""
    return [kind for kind in Kind if executor == "celery" or kind not in ON_CELERY]


def disturbances(
    seed: int, without: Sequence[str] = (), executor: Executor = "local"
) -> Iterator[Disturbance]:
    """Yield faults around for ever, in rounds that have every kind once."""
    rng = Random(f"{seed} disturbances")  # noqa: S311 - it is there to be repeated
    around = [*AROUND, *(ON_CELERY if executor == "celery" else ())]
    number = 0
    while True:
        kinds = list(around)
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
    if kind in {Kind.RESTART_REDIS, Kind.FREEZE_REDIS}:
        return {"window": round(rng.uniform(*rng.choice(OUTAGES)), 2)}
    if kind is Kind.CUT_WORKER:
        return {"window": round(rng.uniform(15, 45), 2)}
    return {"whole": rng.random() < 0.5}


def scenarios(
    seed: int, runs: int, plans: Sequence[ChaosPlan], without: Sequence[str] = ()
) -> list[Scenario]:
    """Return the runs, each lane in turn; ``plans`` are the first ones of the lanes.

    People do something to two of three in Airflow, to three of four in AWS, and clear one of three.
    """
    rng = Random(f"{seed} scenarios")  # noqa: S311 - it is there to be repeated
    by_people = _rounds(rng, [*BY_PEOPLE, *BY_PEOPLE, None, None, None])
    in_aws = _rounds(rng, [*IN_AWS, *IN_AWS, None, None])
    clears = _rounds(rng, [True, False, False])
    real = _rounds(rng, [True, False, False])
    current = dict(enumerate(plans))
    used: dict[int, Scenario] = {}
    made: list[Scenario] = []
    for number in range(runs):
        lane = number % len(plans)
        wish = _Wish(next(by_people), next(in_aws), next(clears), next(real))
        if lane in used and _used_up(used[lane], wish):
            current[lane] = current[lane].fresh()
            del used[lane]
        used[lane] = _scenario(number, current[lane], wish, again=lane in used, rng=rng)
        made.append(_leaving_out(used[lane], without))
    return made


class _Wish(NamedTuple):
    """What is to happen to a run."""

    by_people: Kind | None
    in_aws: Kind | None
    clears: bool
    real: bool


def _rounds(rng: Random, kinds: list[T]) -> Iterator[T]:
    """Yield so many of each for ever, in rounds that have every one."""
    while True:
        rng.shuffle(kinds)
        yield from list(kinds)


def _used_up(before: Scenario, wish: _Wish) -> bool:
    """Whether the servers of the run before cannot serve what comes now."""
    deletes = before.in_aws is not None and _takes_servers(before.in_aws)
    return (
        deletes
        or (before.real and not wish.real)
        or wish.in_aws in {Kind.DELETE_SERVER, Kind.DISCONNECT_SERVER}
    )


def _takes_servers(action: HumanAction) -> bool:
    return action.kind is Kind.DELETE_SERVER or action.options.get("how") == "api"


def _scenario(number: int, plan: ChaosPlan, wish: _Wish, *, again: bool, rng: Random) -> Scenario:
    gates = [n for n, wave in enumerate(plan.waves) if wave.gate]
    left_alone = wish.by_people is None and not wish.clears
    denies = gates[-1] if gates and rng.random() < DENIED and left_alone else None
    approvals = rng.choice(("as_planned", "as_planned", "none", "every_wave"))
    conf: dict[str, Any] = {"approvals": approvals, "reason": f"chaos {number}"}
    if wish.real:
        conf |= {"execution_type": "RECOVERY", "confirm": plan.dag_id}
        conf |= {"approvals": "as_planned" if approvals == "none" else approvals}
        conf |= {"replace_recovered": plan.dag_id} if again else {}
    return Scenario(
        number,
        plan,
        conf,
        denies,
        action=_action(wish.by_people, rng) if wish.by_people else None,
        in_aws=_action(wish.in_aws, rng) if wish.in_aws else None,
        fails=rng.choice(plan.servers) if wish.clears else None,
        ill=rng.choice(plan.servers) if left_alone and rng.random() < ILL else None,
        clears=wish.clears,
        cleans_up=not wish.real and rng.random() < 0.5,
        probe=wish.real and rng.random() < 0.5,
    )


def _leaving_out(scenario: Scenario, without: Sequence[str]) -> Scenario:
    """Return the scenario without what is not wanted; nothing else changes for that."""
    less: dict[str, Any] = {}
    for name in ("action", "in_aws"):
        action: HumanAction | None = getattr(scenario, name)
        if action is not None and action.kind in without:
            less[name] = None
    if Kind.CLEAR in without:
        less |= {"clears": False, "fails": None}
    if Kind.CLEAN_UP in without:
        less["cleans_up"] = False
    return replace(scenario, **less)


def _action(kind: Kind, rng: Random) -> HumanAction:
    during, after = rng.randrange(3), round(rng.uniform(0, 6), 2)
    if kind is Kind.MARK_RUN:  # of which there are few: many a run fails before its last wave
        return HumanAction(kind, during % 2, after, {"state": rng.choice(("failed", "success"))})
    if kind is Kind.MARK_TASK:
        task = rng.choice(
            ("wait_for_recovery", "next.approve", "next.start_recovery", "next.before", "after")
        )
        return HumanAction(kind, during, after, {"task": task, "state": rng.choice(("failed", "success"))})
    if kind in IN_AWS:
        options = {"moment": rng.choice(("gate", "flight")), "pick": rng.random()}
        if kind is Kind.DISCONNECT_SERVER:
            options["how"] = rng.choice(("agent", "api"))
        return HumanAction(kind, 0 if kind is Kind.DELETE_SERVER else during % 2, after, options)
    edit = rng.choice(("renamed", "broken"))
    return HumanAction(kind, during, after, {"edit": edit, "for": round(rng.uniform(8, 20), 2)})
