"""The DAG that terminates the recovery instances of a drill that has ended: one run for each end."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param

from drs_recovery.dag.scheduled import FIRST_SLOT
from drs_recovery.engine.clean_up import CleanUp
from drs_recovery.names import CLEAN_UP, CleanUpTask
from drs_recovery.record.clean_up import EXECUTION_ID
from drs_recovery.settings import settings
from drs_recovery.tasks.follow_up import ApproveFollowUp, CheckFollowUp, StartFollowUp, WatchFollowUp

DOC = """\
Terminates the recovery instances of one drill that has ended, and no others: those that DRS calls a drill's
and that a job of this execution launched. The maintenance triggers it when a plan's `cleanup` says so; to do
it by hand: `recovery clean-up EXECUTION`. What came of it is in the execution's record.
"""


def clean_up_dag() -> DAG:
    """Return the DAG; it is no plan, and carries no tag of one."""
    with DAG(
        dag_id=CLEAN_UP,
        description="Terminates the recovery instances of a drill that has ended.",
        doc_md=DOC,
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
        (
            ApproveFollowUp(task_id=CleanUpTask.APPROVE.value, kind=CleanUp)
            >> StartFollowUp(task_id=CleanUpTask.TERMINATE.value, kind=CleanUp)
            >> WatchFollowUp(task_id=CleanUpTask.WATCH.value, kind=CleanUp)
            >> CheckFollowUp(task_id=CleanUpTask.CHECK.value, kind=CleanUp)
        )
    return dag
