"""The DAG that ends what nobody is left to end, and starts clean-ups: every minute, beside the plans."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.sdk import DAG

from drs_recovery import __version__
from drs_recovery.dag.scheduled import FIRST_SLOT
from drs_recovery.names import MAINTENANCE
from drs_recovery.report.worker import ARCHIVE, TASK, made_by
from drs_recovery.settings import settings
from drs_recovery.tasks.archive import ArchiveExecutions
from drs_recovery.tasks.reconcile import ReconcileExecutions
from drs_recovery.tasks.start_follow_ups import StartFollowUps

if TYPE_CHECKING:
    from pathlib import Path


def maintenance_dag(plans: Path) -> DAG:
    """Return the maintenance DAG; it is no plan, and carries no tag of one.

    ``plans`` is the folder of the plans in the same snapshot, in which each of its runs looks what is there.
    """
    with DAG(
        dag_id=MAINTENANCE,
        description="Ends executions whose DAG run has finished, or whose plan is gone. Starts clean-ups.",
        doc_md=f"{ReconcileExecutions.__doc__}\n{StartFollowUps.__doc__}\n{made_by(__version__)}",
        schedule=timedelta(minutes=1),
        start_date=FIRST_SLOT,
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        tags=["maintenance"],
        default_args={"owner": "recovery", "pool": settings().pool},
    ) as dag:
        ReconcileExecutions(task_id=TASK, plans=plans)
        StartFollowUps(task_id="start_clean_ups")
        if settings().archive is not None:
            ArchiveExecutions(task_id=ARCHIVE)
    return dag
