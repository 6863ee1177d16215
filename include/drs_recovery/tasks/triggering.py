"""Starting the DAG run of another DAG from within a task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.execution_time.comms import TriggerDagRun

if TYPE_CHECKING:
    from collections.abc import Mapping


def trigger_dag_run(dag_id: str, run_id: str, conf: Mapping[str, Any]) -> None:
    """Trigger a DAG run; one of that id stays as it is.

    It is the request of TriggerDagRunOperator, which ends its task with it: one task starts as many runs as
    it finds due, and no task has to be told by an XCom, which anybody may edit, what to start.
    """
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS  # noqa: PLC0415 - made with the task

    SUPERVISOR_COMMS.send(TriggerDagRun(dag_id=dag_id, run_id=run_id, conf=dict(conf)))
