"""DAG runs of executions in Airflow: whether they have finished, how often they were cleared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.engine.attempt import Clear
from drs_recovery.engine.same_run import Run
from drs_recovery.record.base import complaint_of_run_id
from drs_recovery.text.address import base_address

if TYPE_CHECKING:
    from airflow.sdk import Context

    from drs_recovery.record.models import Execution

FINISHED = frozenset({"success", "failed"})
"""States of a DAG run that has ended."""


def this_airflow() -> str | None:
    """Return the address by which this Airflow calls itself; absent where none is configured."""
    return base_address(conf.get("api", "base_url", fallback=None))


def run_of(context: Context) -> Run:
    """Return the DAG run of a task.

    A run whose id can stand on no record fails, whichever task comes first.
    """
    run = context["dag_run"]
    if complaint := complaint_of_run_id(run.run_id):
        raise AirflowFailException(f"{run.run_id!r} {complaint}. Nothing was done: start a new run")
    return Run(
        dag_id=run.dag_id,
        run_id=run.run_id,
        run_type=str(run.run_type.value),  # ``str()`` of the task SDK's enum is another word
        run_after=run.run_after,
        conf=run.conf or {},
        user=run.triggering_user_name,
        airflow_url=this_airflow(),
    )


def is_ours(execution: Execution) -> bool:
    """Whether this Airflow opened an execution: it knows nothing of the DAG runs of another on the table.

    Where either has no address nobody can tell, and it is not.
    """
    return execution.airflow_url is not None and execution.airflow_url == this_airflow()


def run_finished(context: Context, execution: Execution) -> str | None:
    """Return a sentence that the DAG run of an execution has ended or is gone.

    None while it lives, and for the run of an Airflow that is, or may be, another.
    """
    if not is_ours(execution):
        return None
    ti, run_id = context["ti"], execution.dag_run_id
    if not ti.get_dr_count(dag_id=execution.plan_id, run_ids=[run_id]):
        return f"its DAG run {run_id} was deleted; Airflow does not tell by whom"
    state = ti.get_dagrun_state(dag_id=execution.plan_id, run_id=run_id)
    word = str(getattr(state, "value", state))
    return f"its DAG run {run_id} ended {word} with no end on record" if word in FINISHED else None


def clear_of(context: Context) -> Clear:
    """Return how often the DAG run of a task was cleared, and how to ask whether another has finished."""
    number = context["dag_run"].clear_number or 0
    return Clear(number, lambda holder: run_finished(context, holder) is not None)
