"""The DAG of a plan that cannot be read or built: it says why, and can do nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.names import INVALID_TAG
from drs_recovery.text.markdown import Markdown, fenced

if TYPE_CHECKING:
    from airflow.sdk import Context

DOC = "## This plan is invalid\n\n{}\n\nMend the file; this page follows."


class InvalidPlan(BaseOperator):
    """Fails with what is wrong with the plan.

    :param error: the problems of the plan, one a line.
    """

    ui_color = "#f4b6b6"

    def __init__(self, *, error: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.error = error

    def execute(self, context: Context) -> None:
        """Fail, without a retry: only a change of the file helps."""
        raise AirflowFailException(f"Nothing was started: this plan is invalid.\n{self.error}")


def invalid_dag(dag_id: str, error: str) -> DAG:
    """Return the DAG that stands under the dag id of a plan that cannot be run."""
    with DAG(
        dag_id=dag_id,
        schedule=None,
        catchup=False,
        is_paused_upon_creation=False,
        tags=["recovery", INVALID_TAG],
        description="This plan is invalid: nothing can be recovered with it.",
        doc_md=str(Markdown(DOC).format(fenced(error))),
    ) as dag:
        InvalidPlan(task_id="invalid_plan", error=error, retries=0)
    return dag
