"""A RECOVERY goes before every drill when tasks wait for a slot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance

RECOVERY_WEIGHT = 10_000
"""Above what any DAG of usual size sums up to; Airflow's weights are 32-bit."""


def prefer_recovery(task_instance: TaskInstance, dag_run: DagRun | None) -> None:
    """Raise the weight of a task instance that belongs to a RECOVERY of a plan, and is confirmed as one.

    One that is not is refused as soon as it opens, and need not go before anything.
    """
    conf: dict[str, Any] = (dag_run.conf if dag_run else None) or {}
    ours = task_instance.operator in OPERATORS
    confirmed = conf.get("confirm") == task_instance.dag_id
    if ours and confirmed and conf.get("execution_type") == "RECOVERY":
        task_instance.priority_weight = RECOVERY_WEIGHT


OPERATORS = frozenset(
    {"OpenExecution", "ApproveWave", "StartRecovery", "WaitForRecovery", "CompleteExecution"}
)
