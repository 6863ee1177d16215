"""A DAG file is read once, also after callbacks for its tasks."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.dag_processing.manager import (
    DagFileInfo,
    DagFileProcessorManager,
    DagFileStat,
    process_parse_results,
)
from airflow.jobs.dag_processor_job_runner import DagProcessorJobRunner
from airflow.jobs.job import Job

from drs_recovery.clock import now
from drs_recovery.dag import dag_processor, preload
from drs_recovery.dag.dag_processor import JOB_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.filterwarnings("ignore:Using `httpx`")
"""Of Starlette, which Airflow's DAG processor imports a test client of."""

BUNDLE, FILE = "dags-folder", Path("recovery_plans_07_of_64.py")


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DagFileProcessorManager:
    """A DAG processor that has just read its one file, once a day, and has then run a callback for it."""
    # Put back, whatever the test makes of it
    monkeypatch.setattr(
        DagFileProcessorManager, "prepare_file_queue", DagFileProcessorManager.prepare_file_queue
    )
    monkeypatch.setattr(dag_processor, "read_once", cache(dag_processor.read_once.__wrapped__))
    monkeypatch.setattr(preload, "read_once", dag_processor.read_once)
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL", "86400")
    made = DagFileProcessorManager(max_runs=-1)
    (tmp_path / FILE).touch()
    read = DagFileInfo(FILE, BUNDLE, tmp_path)
    made._file_stats[read] = DagFileStat(num_dags=1, last_finish_time=now() + timedelta(seconds=1))
    of_callback = DagFileInfo(FILE, BUNDLE, tmp_path, bundle_version="0123")
    made._file_stats[of_callback] = process_parse_results(
        run_duration=0.1,
        finish_time=now(),
        run_count=0,
        bundle_name=BUNDLE,
        parsing_result=None,
        is_callback_only=True,
        relative_fileloc=str(FILE),
    )
    return made


def queued(manager: DagFileProcessorManager, folder: Path) -> list[Path]:
    """Return what the DAG processor is about to read."""
    file = DagFileInfo(FILE, BUNDLE, folder)
    manager.prepare_file_queue(known_files={BUNDLE: {file}})
    return [file.rel_path for file in manager._file_queue]


def test_a_callback_has_no_file_read_again(
    manager: DagFileProcessorManager, tmp_path: Path, starting: Callable[[Any], None]
) -> None:
    """As soon as a DAG processor starts where the plugin is."""
    runner = DagProcessorJobRunner(job=Job(), processor=manager)
    starting(runner.job)
    assert queued(manager, tmp_path) == []


def test_a_file_that_was_never_read_is_read(
    manager: DagFileProcessorManager, tmp_path: Path, starting: Callable[[Any], None]
) -> None:
    """What came of reading it is not forgotten, and neither that there was none."""
    manager._file_stats.clear()
    starting(DagProcessorJobRunner(job=Job(), processor=manager).job)
    assert queued(manager, tmp_path) == [FILE]


def test_airflow_needs_it(manager: DagFileProcessorManager, tmp_path: Path) -> None:
    """Once this fails, Airflow forgets by itself, and ours can go (apache/airflow#73432)."""
    assert queued(manager, tmp_path) == [FILE]


def test_no_other_component_loads_a_dag_processor(
    manager: DagFileProcessorManager, tmp_path: Path, starting: Callable[[Any], None]
) -> None:
    """It takes memory and time."""
    starting(Job(job_type="SchedulerJob"))
    assert queued(manager, tmp_path) == [FILE]
    assert DagProcessorJobRunner.job_type == JOB_TYPE


@pytest.fixture
def starting(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Return a function that tells the plugin's listener of a component that starts."""
    monkeypatch.setattr(preload, "prepare", lambda: None)

    def start(component: Any) -> None:
        preload.on_starting(component=component)

    return start
