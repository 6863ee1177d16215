"""The DAG that cleans up: four tasks in a row, and no plan."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import ParamValidationError
from airflow.serialization.serialized_objects import DagSerialization

from drs_recovery.dag.clean_up import clean_up_dag
from drs_recovery.names import CLEAN_UP


def test_it_is_started_by_the_maintenance_or_by_hand_alone() -> None:
    """No schedule; many at once; not paused when it appears; no tag of a plan."""
    dag = clean_up_dag()
    assert (dag.dag_id, dag.schedule, dag.catchup) == (CLEAN_UP, None, False)
    assert dag.is_paused_upon_creation is False
    assert "recovery" not in dag.tags


def test_its_tasks_follow_each_other_and_retry() -> None:
    """In the pool of the recoveries."""
    dag = clean_up_dag()
    order = ["approve", "terminate", "wait_for_termination", "check"]
    assert [task.task_id for task in dag.topological_sort()] == order
    assert all(task.pool == "recovery" and (task.retries or 0) >= 3 for task in dag.tasks)


def test_it_wants_an_execution() -> None:
    """Airflow's form and API ask for it."""
    with pytest.raises(ParamValidationError):
        clean_up_dag().params.validate()


def test_building_is_deterministic() -> None:
    """A difference would make a new DAG version at every parse."""
    one, two = (DagSerialization.to_dict(clean_up_dag()) for _ in range(2))
    assert one == two
