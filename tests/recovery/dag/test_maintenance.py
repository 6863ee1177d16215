"""The maintenance DAG: small, every minute, and no plan."""

from __future__ import annotations

from pathlib import Path

from recovery.dag.maintenance import MAINTENANCE, maintenance_dag

PLANS = Path("plans")


def test_it_runs_every_minute_one_at_a_time_in_our_pool() -> None:
    """It is unpaused from the start, and catches nothing up."""
    dag = maintenance_dag(PLANS)
    (task,) = dag.tasks
    assert (dag.dag_id, dag.max_active_runs, dag.catchup) == (MAINTENANCE, 1, False)
    assert dag.is_paused_upon_creation is False
    assert (task.task_id, task.pool) == ("reconcile", "recovery")


def test_it_is_no_plan() -> None:
    """Whoever lists the plans by their tag does not find it."""
    assert "recovery" not in maintenance_dag(PLANS).tags
