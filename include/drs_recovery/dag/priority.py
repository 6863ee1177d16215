"""Who goes first where workers are short: a RECOVERY before any drill, the lower tier, then who is farther.

A run that has begun goes on before another begins: of sixty recoveries at once, the first is in DRS while
others still wait to be opened. Among equals Airflow decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drs_recovery.record.tier import LAST_TIER
from drs_recovery.settings import settings

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance

TIER_WEIGHT = 1_000
"""Above what any step of a plan counts."""

RECOVERY_WEIGHT = 10_000
"""Above what any task of a drill weighs; Airflow's weights are 32-bit."""


def weight_of(tier: int, step: int) -> int:
    """Return the weight of a plan's task by itself; ``step`` is its place among the tasks of the plan."""
    return (LAST_TIER - tier) * TIER_WEIGHT + min(step, TIER_WEIGHT - 1)


def prefer_recovery(task_instance: TaskInstance, dag_run: DagRun | None) -> None:
    """Raise the weight of a task instance that belongs to a RECOVERY of a plan, and is confirmed as one.

    A RECOVERY that is not confirmed is refused as soon as it opens, so it need not go first. What takes slots
    of the plans' pool is a plan's, by any operator. Airflow asks more than once of the same task instance.
    """
    conf: dict[str, Any] = (dag_run.conf if dag_run else None) or {}
    confirmed = conf.get("execution_type") == "RECOVERY" and conf.get("confirm") == task_instance.dag_id
    weight = task_instance.priority_weight or 0
    if confirmed and task_instance.pool == settings().pool and weight < RECOVERY_WEIGHT:
        task_instance.priority_weight = RECOVERY_WEIGHT + weight
