"""A RECOVERY waits for nothing that was asked for before it, and of others the lower tier goes first."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import WeightRule

from drs_recovery.dag.builder import MOST_RUNS, build_dag
from drs_recovery.dag.priority import RECOVERY_WEIGHT, prefer_recovery
from drs_recovery.plan import Plan
from drs_recovery.record.tier import FIRST_TIER, LAST_TIER
from drs_recovery.settings import settings

POOL = settings().pool
REAL = {"execution_type": "RECOVERY", "confirm": "shop"}


def shop(tier: int = 3, waves: int = 1) -> Plan:
    """Return a plan whose waves follow one another."""
    named = [{"name": f"Wave{n}", "servers": [f"s-000000000000db{n:03}"]} for n in range(waves)]
    fields = {"id": "shop", "name": "Shop", "description": "For tests.", "owner": "tests", "tier": tier}
    return Plan.model_validate({**fields, "region": "eu-west-1", "waves": named})


def weight(pool: str, conf: dict[str, Any] | None, *, asked: int = 1) -> int:
    """Return the weight of a task instance whose own is 7, when Airflow has asked so often."""
    instance: Any = SimpleNamespace(pool=pool, operator="AnyOperator", dag_id="shop", priority_weight=7)
    run: Any = SimpleNamespace(conf=conf)
    for _ in range(asked):
        prefer_recovery(instance, run)
    return int(instance.priority_weight)


def weights(plan: Plan) -> dict[str, int]:
    """Return the weight of each task of a plan by itself."""
    return {task.task_id: task.priority_weight for task in build_dag(plan).tasks}


def test_every_task_of_a_plan_goes_before_those_of_drills_in_a_recovery() -> None:
    """By whatever operators: none of them is forgotten, also not one that a plan gets tomorrow."""
    dag = build_dag(shop())
    with dag:
        EmptyOperator(task_id="of_another_provider")
    assert {weight(task.pool, REAL) for task in dag.tasks} == {RECOVERY_WEIGHT + 7}


def test_a_weight_is_raised_once_however_often_airflow_asks() -> None:
    """It asks again of the task instances of a run whose DAG has changed."""
    assert weight(POOL, REAL, asked=3) == RECOVERY_WEIGHT + 7


def test_who_is_farther_goes_first() -> None:
    """Of many runs at once the first is in DRS before the last is opened; by default it would be the last."""
    dag = build_dag(shop(waves=3))
    for task in dag.tasks:
        before = [dag.get_task(other).priority_weight for other in task.upstream_task_ids]
        assert task.priority_weight > max(before, default=-1), task.task_id


def test_the_lower_tier_goes_first_wherever_it_is() -> None:
    """The first task of one before the last of the next; and a RECOVERY of the last before any drill."""
    by_tier = [weights(shop(tier, waves=100)).values() for tier in range(FIRST_TIER, LAST_TIER + 1)]
    assert max(by_tier[0]) < RECOVERY_WEIGHT
    assert all(min(lower) > max(higher) for lower, higher in pairwise(by_tier))


def test_airflow_takes_the_weights_as_they_are() -> None:
    """By its default rule it would add up those of all tasks that follow."""
    assert {task.weight_rule for task in build_dag(shop()).tasks} == {WeightRule.ABSOLUTE}


@pytest.mark.parametrize(
    ("pool", "conf"),
    [
        (POOL, {"execution_type": "DRILL"}),
        (POOL, {}),
        (POOL, None),
        (POOL, {"execution_type": "RECOVERY"}),
        (POOL, {"execution_type": "RECOVERY", "confirm": "other"}),
        ("default_pool", REAL),
    ],
    ids=["drill", "no params", "no conf", "unconfirmed", "confirmed for another", "not ours"],
)
def test_nothing_else_goes_before(pool: str, conf: dict[str, Any] | None) -> None:
    """Nor a RECOVERY that nobody confirmed, which is refused as soon as it opens."""
    assert weight(pool, conf) == 7


def test_no_number_of_drills_keeps_a_recovery_queued() -> None:
    """The lock in the table decides which of them goes on, not Airflow's limit of active runs."""
    assert build_dag(shop()).max_active_runs == MOST_RUNS
    assert MOST_RUNS >= 100_000
