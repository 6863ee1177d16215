"""The maintenance DAG: small, every minute, and no plan."""

from __future__ import annotations

from pathlib import Path

from recovery.dag.maintenance import MAINTENANCE, maintenance_dag
from recovery.execution.clean_up import CLEAN_UP

PLANS = Path("plans")


def test_it_runs_every_minute_one_at_a_time_in_our_pool() -> None:
    """It is unpaused from the start, and catches nothing up."""
    dag = maintenance_dag(PLANS)
    assert (dag.dag_id, dag.max_active_runs, dag.catchup) == (MAINTENANCE, 1, False)
    assert dag.is_paused_upon_creation is False
    assert {task.task_id for task in dag.tasks} == {"reconcile", "due_clean_ups", "start_clean_up"}
    assert {task.pool for task in dag.tasks} == {"recovery"}


def test_it_starts_a_dag_run_for_each_clean_up_that_is_due() -> None:
    """Mapped over what is due; one that is there already is passed over. Ending executions waits for none."""
    start = maintenance_dag(PLANS).get_task("start_clean_up")
    assert start.partial_kwargs["trigger_dag_id"] == CLEAN_UP
    assert start.partial_kwargs["skip_when_already_exists"] is True
    assert start.upstream_task_ids == {"due_clean_ups"}
    assert maintenance_dag(PLANS).get_task("reconcile").downstream_task_ids == set()


def test_it_is_no_plan() -> None:
    """Whoever lists the plans by their tag does not find it."""
    assert "recovery" not in maintenance_dag(PLANS).tags
