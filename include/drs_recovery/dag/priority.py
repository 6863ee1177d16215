"""Tasks of a RECOVERY are scheduled before those of any drill."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drs_recovery.settings import settings

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance

RECOVERY_WEIGHT = 10_000
"""Above what any DAG of usual size sums up to; Airflow's weights are 32-bit."""


def prefer_recovery(task_instance: TaskInstance, dag_run: DagRun | None) -> None:
    """Raise the weight of a task instance that belongs to a RECOVERY of a plan, and is confirmed as one.

    A RECOVERY that is not confirmed is refused as soon as it opens, so it need not go first. What takes slots
    of the plans' pool is a plan's, by any operator.
    """
    conf: dict[str, Any] = (dag_run.conf if dag_run else None) or {}
    confirmed = conf.get("execution_type") == "RECOVERY" and conf.get("confirm") == task_instance.dag_id
    if confirmed and task_instance.pool == settings().pool:
        task_instance.priority_weight = RECOVERY_WEIGHT
