"""The DAGs of follow-ups, such as the clean-up of drills: one run for each end of an execution."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.sdk import DAG, Param, chain

from drs_recovery.dag.scheduled import FIRST_SLOT
from drs_recovery.engine.clean_up import CleanUp
from drs_recovery.record.clean_up import EXECUTION_ID
from drs_recovery.settings import settings
from drs_recovery.tasks.follow_up import ApproveFollowUp, CheckFollowUp, StartFollowUp, WatchFollowUp
from drs_recovery.tasks.start_follow_ups import FOLLOW_UPS

if TYPE_CHECKING:
    from drs_recovery.engine.follow_up_kind import FollowUp


def follow_up_dags() -> dict[str, DAG]:
    """Return the DAG of each kind, by its id."""
    return {kind.dag_id: follow_up_dag(kind) for kind in FOLLOW_UPS}


def clean_up_dag() -> DAG:
    """Return the DAG of the clean-up, as release 0.1 calls it."""
    return follow_up_dag(CleanUp)


def follow_up_dag(kind: type[FollowUp]) -> DAG:
    """Return the DAG of a kind; it is no plan, and carries no tag of one."""
    with DAG(
        dag_id=kind.dag_id,
        description=kind.description,
        doc_md=kind.doc,
        schedule=None,
        start_date=FIRST_SLOT,
        catchup=False,
        is_paused_upon_creation=False,
        tags=["maintenance"],
        params={
            EXECUTION_ID: Param(
                title="Execution", description="Id of the drill's execution.", type="string", minLength=36
            )
        },
        default_args={
            "owner": "recovery",
            "pool": settings().pool,
            "retries": 6,
            "retry_delay": timedelta(seconds=10),
        },
    ) as dag:
        operators = (ApproveFollowUp, StartFollowUp, WatchFollowUp, CheckFollowUp)
        names = zip(operators, kind.tasks, strict=True)
        chain(*(operator(task_id=name, kind=kind) for operator, name in names if name))
    return dag
