"""Airflow's cluster policies: it looks for a module of this name on its path.

An Airflow that has a module of this name already calls `prefer_recovery` from its own hook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.dag.priority import prefer_recovery

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance


def task_instance_mutation_hook(task_instance: TaskInstance, dag_run: DagRun | None = None) -> None:
    """Let a RECOVERY go before every drill."""
    prefer_recovery(task_instance, dag_run)
