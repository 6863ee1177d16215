"""A RECOVERY waits for nothing that was asked for before it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from drs_recovery.dag.builder import MOST_RUNS, build_dag
from drs_recovery.dag.priority import OPERATORS, RECOVERY_WEIGHT, prefer_recovery
from drs_recovery.plan import Plan

REAL = {"execution_type": "RECOVERY", "confirm": "shop"}


def shop() -> Plan:
    """Return a plan of one wave."""
    wave = {"name": "Database", "servers": ["s-000000000000db001"]}
    fields = {"id": "shop", "name": "Shop", "description": "For tests.", "owner": "tests"}
    return Plan.model_validate({**fields, "region": "eu-west-1", "waves": [wave]})


def weight(operator: str, conf: dict[str, Any] | None) -> int:
    """Return the weight of a task instance whose own is 7."""
    instance: Any = SimpleNamespace(operator=operator, dag_id="shop", priority_weight=7)
    run: Any = SimpleNamespace(conf=conf)
    prefer_recovery(instance, run)
    return int(instance.priority_weight)


def test_every_task_of_a_plan_goes_before_those_of_drills_in_a_recovery() -> None:
    """Whatever operators a plan's DAG is made of: none of them is forgotten."""
    assert {task.task_type for task in build_dag(shop()).tasks} == OPERATORS
    assert {weight(operator, REAL) for operator in OPERATORS} == {RECOVERY_WEIGHT}


@pytest.mark.parametrize(
    ("operator", "conf"),
    [
        ("StartRecovery", {"execution_type": "DRILL"}),
        ("StartRecovery", {}),
        ("StartRecovery", None),
        ("StartRecovery", {"execution_type": "RECOVERY"}),
        ("StartRecovery", {"execution_type": "RECOVERY", "confirm": "other"}),
        ("BashOperator", REAL),
    ],
    ids=["drill", "no params", "no conf", "unconfirmed", "confirmed for another", "not ours"],
)
def test_nothing_else_goes_before(operator: str, conf: dict[str, Any] | None) -> None:
    """Nor a RECOVERY that nobody confirmed, which is refused as soon as it opens."""
    assert weight(operator, conf) == 7


def test_no_number_of_drills_keeps_a_recovery_queued() -> None:
    """The lock in the table decides which of them goes on, not Airflow's limit of active runs."""
    assert build_dag(shop()).max_active_runs == MOST_RUNS
    assert MOST_RUNS >= 100_000
