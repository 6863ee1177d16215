"""A DAG file is read once, also after callbacks for its tasks."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from airflow.dag_processing.manager import (
    DagFileInfo,
    DagFileProcessorManager,
    DagFileStat,
    process_parse_results,
)

from drs_recovery.clock import now
from drs_recovery.dag import dag_processor
from tests.recovery.dag.dag_files import ROOT

pytestmark = pytest.mark.filterwarnings("ignore:Using `httpx`")
"""Of Starlette, which Airflow's DAG processor imports a test client of."""

BUNDLE, FILE = "dags-folder", Path("recovery_plans_07_of_64.py")


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DagFileProcessorManager:
    """A DAG processor that has just read its one file, once a day, and has then run a callback for it."""
    # Put back, whatever the test makes of it
    method = DagFileProcessorManager.prepare_file_queue
    monkeypatch.setattr(DagFileProcessorManager, "prepare_file_queue", method)
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
    dag_processor.forget_callbacks.cache_clear()
    return made


def queued(manager: DagFileProcessorManager, folder: Path) -> list[Path]:
    """Return what the DAG processor is about to read."""
    file = DagFileInfo(FILE, BUNDLE, folder)
    manager.prepare_file_queue(known_files={BUNDLE: {file}})
    return [file.rel_path for file in manager._file_queue]


def test_a_callback_has_no_file_read_again(manager: DagFileProcessorManager, tmp_path: Path) -> None:
    """What came of it is no reading."""
    dag_processor.on_starting()
    assert queued(manager, tmp_path) == []


def test_a_callback_that_ran_out_of_time_has_no_change_read_again(
    manager: DagFileProcessorManager, tmp_path: Path
) -> None:
    """The file was changed and read after that."""
    of_callback = DagFileInfo(FILE, BUNDLE, tmp_path, bundle_version="0123")
    manager._file_stats[of_callback] = DagFileStat(
        import_errors=1, last_finish_time=now() - timedelta(hours=1)
    )
    dag_processor.on_starting()
    assert queued(manager, tmp_path) == []


def test_a_file_that_was_never_read_is_read(manager: DagFileProcessorManager, tmp_path: Path) -> None:
    """A callback forgotten is not a reading either."""
    del manager._file_stats[DagFileInfo(FILE, BUNDLE)]
    dag_processor.on_starting()
    assert queued(manager, tmp_path) == [FILE]


def test_airflow_needs_it(manager: DagFileProcessorManager, tmp_path: Path) -> None:
    """Once this fails, Airflow forgets by itself, and ours can go (apache/airflow#73432)."""
    assert queued(manager, tmp_path) == [FILE]


DAG_PROCESSOR = """
from argparse import Namespace
from airflow.cli.commands.dag_processor_command import _create_dag_processor_job_runner
runner = _create_dag_processor_job_runner(Namespace(bundle_name=None, num_runs=-1))
assert hasattr(runner.processor.prepare_file_queue, "__wrapped__")
"""
ANOTHER = """
import sys
from airflow.jobs.job import Job
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.jobs.triggerer_job_runner import TriggererJobRunner
SchedulerJobRunner(job=Job())
assert "drs_recovery.dag.loader" in sys.modules, "the plugin's listener has heard of nothing"
assert "airflow.dag_processing.manager" not in sys.modules
"""


@pytest.mark.parametrize("code", [DAG_PROCESSOR, ANOTHER], ids=["dag_processor", "scheduler"])
def test_the_plugin_sees_to_it_where_a_dag_processor_starts(code: str, tmp_path: Path) -> None:
    """In the way that Airflow's own command makes one; no other component loads what a DAG processor is."""
    env = os.environ | {
        "PYTHONPATH": str(ROOT / "include"),
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
    }
    ran = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
