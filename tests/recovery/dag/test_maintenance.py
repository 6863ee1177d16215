"""The maintenance DAG: small, every minute, and no plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from drs_recovery import __version__
from drs_recovery.dag.clean_up import clean_up_dag
from drs_recovery.dag.maintenance import maintenance_dag
from drs_recovery.names import MAINTENANCE
from drs_recovery.report.worker import maker_of
from drs_recovery.settings import settings

if TYPE_CHECKING:
    from airflow.sdk import DAG

PLANS = Path("plans")


def test_it_runs_every_minute_one_at_a_time_in_our_pool() -> None:
    """It is unpaused from the start, and catches nothing up."""
    dag = maintenance_dag(PLANS)
    assert (dag.dag_id, dag.max_active_runs, dag.catchup) == (MAINTENANCE, 1, False)
    assert dag.is_paused_upon_creation is False
    assert {task.task_id for task in dag.tasks} == {"reconcile", "start_clean_ups"}
    assert {task.pool for task in dag.tasks} == {"recovery"}


def test_it_archives_only_where_there_is_an_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task costs a process each minute."""
    monkeypatch.setenv("RECOVERY_ARCHIVE", "s3://evidence")
    settings.cache_clear()
    try:
        tasks = maintenance_dag(PLANS).tasks
    finally:
        settings.cache_clear()
    assert {task.task_id for task in tasks} == {"reconcile", "start_clean_ups", "archive"}
    assert [(task.upstream_task_ids, task.template_fields) for task in tasks] == [(set(), ())] * 3


def test_no_task_waits_for_another_or_is_given_anything_by_it() -> None:
    """XComs are anybody's: what is due comes from the record. Ending executions waits for nothing."""
    for task in maintenance_dag(PLANS).tasks:
        assert task.upstream_task_ids == set()
        assert not task.is_mapped


@pytest.mark.parametrize("dag", [maintenance_dag(PLANS), clean_up_dag()], ids=lambda dag: dag.dag_id)
def test_nothing_is_rendered_as_a_template(dag: DAG) -> None:
    """Whatever is in a record, in an XCom or in the conf of a run: no task of ours evaluates it."""
    for task in dag.tasks:
        assert (tuple(task.template_fields), tuple(task.template_ext)) == ((), ()), task.task_id


def test_its_page_says_which_release_made_it() -> None:
    """That of the DAG processor, which nobody can ask otherwise."""
    assert maker_of(str(maintenance_dag(PLANS).doc_md)) == __version__


def test_it_is_no_plan() -> None:
    """Whoever lists the plans by their tag does not find it."""
    assert "recovery" not in maintenance_dag(PLANS).tags
