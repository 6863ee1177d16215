"""A RECOVERY waits for nothing that was asked for before it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator

from drs_recovery.dag.builder import MOST_RUNS, build_dag
from drs_recovery.dag.priority import RECOVERY_WEIGHT, prefer_recovery
from drs_recovery.plan import Plan
from drs_recovery.settings import settings

POOL = settings().pool
REAL = {"execution_type": "RECOVERY", "confirm": "shop"}


def shop() -> Plan:
    """Return a plan of one wave."""
    wave = {"name": "Database", "servers": ["s-000000000000db001"]}
    fields = {"id": "shop", "name": "Shop", "description": "For tests.", "owner": "tests"}
    return Plan.model_validate({**fields, "region": "eu-west-1", "waves": [wave]})


def weight(pool: str, conf: dict[str, Any] | None) -> int:
    """Return the weight of a task instance whose own is 7."""
    instance: Any = SimpleNamespace(pool=pool, operator="AnyOperator", dag_id="shop", priority_weight=7)
    run: Any = SimpleNamespace(conf=conf)
    prefer_recovery(instance, run)
    return int(instance.priority_weight)


def test_every_task_of_a_plan_goes_before_those_of_drills_in_a_recovery() -> None:
    """By whatever operators: none of them is forgotten, also not one that a plan gets tomorrow."""
    dag = build_dag(shop())
    with dag:
        EmptyOperator(task_id="of_another_provider")
    assert {weight(task.pool, REAL) for task in dag.tasks} == {RECOVERY_WEIGHT}


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
