"""The executor: a task that a killed worker took along can be queued again."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from airflow.executors.executor_loader import ExecutorLoader
from airflow.executors.executor_utils import ExecutorName
from airflow.executors.local_executor import LocalExecutor
from airflow.models.taskinstancekey import TaskInstanceKey

from drs_recovery.dag.executor import REVOKES_ALREADY, RevokingLocalExecutor
from launcher.environment import AIRFLOW_SETTINGS, ROOT
from launcher.settings_file import read_settings_file

if TYPE_CHECKING:
    from pathlib import Path

TAKEN = SimpleNamespace(id="0199", key=TaskInstanceKey("plan", "one.start_recovery", "run", 1))
OTHER = TaskInstanceKey("plan", "one.wait", "run", 1)


@pytest.mark.skipif(REVOKES_ALREADY, reason="Airflow's own, from 3.4 on")
def test_a_revoked_task_is_unknown_to_the_executor_and_no_other_is() -> None:
    """Airflow queues a task only if the executor does not have it."""
    executor = RevokingLocalExecutor(parallelism=1)
    executor.running |= {TAKEN.key, OTHER}
    executor.queued_tasks[TAKEN.key] = object()  # type: ignore[assignment]
    executor.revoke_task(ti=TAKEN)  # type: ignore[arg-type]
    assert not executor.has_task(TAKEN)  # type: ignore[arg-type]
    assert executor.running == {OTHER}
    executor.revoke_task(ti=TAKEN)  # type: ignore[arg-type]  # which it does not have: no error
    assert not executor.event_buffer, "Airflow sets the state itself"


def test_where_airflow_can_by_itself_its_own_way_is_taken() -> None:
    """Ours would leave what it keeps of a task besides."""
    own = LocalExecutor.revoke_task
    assert (RevokingLocalExecutor.revoke_task is own) == REVOKES_ALREADY


ENDS = """
import time
from drs_recovery.dag.executor import RevokingLocalExecutor

class Slow:
    # Between two looks at workers those that were told to end have ended
    def __init__(self, process):
        self.process = process
    def is_alive(self):
        time.sleep(0.1)
        return self.process.is_alive()
    def __getattr__(self, name):
        return getattr(self.process, name)

executor = RevokingLocalExecutor(parallelism=6)
executor.start()
executor.workers = {pid: Slow(process) for pid, process in executor.workers.items()}
executor.end()
"""


def test_it_ends_whichever_worker_takes_the_message_of_another(tmp_path: Path) -> None:
    """A scheduler that loses its database ends, and is started again; it must not wait for ever."""
    environment = os.environ | {"AIRFLOW_HOME": str(tmp_path), "PYTHONPATH": str(ROOT / "include")}
    command = [sys.executable, "-c", ENDS]
    ended = subprocess.run(command, env=environment, check=False, timeout=60, capture_output=True)
    assert ended.returncode == 0, ended.stderr


def test_the_shipped_settings_name_it() -> None:
    """Airflow finds it by this name."""
    name = ExecutorName(module_path=read_settings_file(AIRFLOW_SETTINGS)["AIRFLOW__CORE__EXECUTOR"])
    found, _ = ExecutorLoader.import_executor_cls(name)
    assert found is RevokingLocalExecutor
