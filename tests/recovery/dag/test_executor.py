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


COUNTS = """
import atexit, os, signal, time
from types import SimpleNamespace
from airflow.executors.base_executor import BaseExecutor
from drs_recovery.dag.executor import RevokingLocalExecutor

class Work:
    type, display_name = "task", "work"
    running_state, success_state, failure_state = None, "success", "failed"
    def __init__(self, key, seconds):
        self.key, self.seconds, self.ti = key, seconds, SimpleNamespace(priority_weight=1)

def run_workload(workload, **_):
    time.sleep(workload.seconds)
    if workload.seconds == 0:
        raise RuntimeError("it fails")

BaseExecutor.run_workload = staticmethod(run_workload)
executor = RevokingLocalExecutor(parallelism=3)
executor.start()
# Or a failed assertion waits for the workers
atexit.register(lambda: [worker.kill() for worker in executor.workers.values()])

def hand_over(*works):
    executor.queued_tasks |= {work.key: work for work in works}
    executor.trigger_tasks(len(works))

def counted(occupied):
    until = time.monotonic() + 30
    while (executor.slots_occupied, executor.slots_available) != (occupied, 3 - occupied):
        assert time.monotonic() < until, (executor.slots_occupied, executor.slots_available)
        executor.sync()
        time.sleep(0.05)

assert (executor.slots_occupied, executor.slots_available) == (0, 3)
hand_over(Work("ends", 0.3), Work("fails", 0), Work("lasts", 3600))
assert (executor.slots_occupied, executor.slots_available) == (3, 0), "handed over, and not begun"
counted(1)
time.sleep(0.5)
counted(1)
for pid in list(executor.workers):
    os.kill(pid, signal.SIGKILL)
counted(0)
"""


@pytest.mark.skipif(REVOKES_ALREADY, reason="Airflow's own counts, from 3.4 on")
def test_what_was_handed_to_a_worker_has_a_slot_until_it_ends_or_its_worker_dies(tmp_path: Path) -> None:
    """Or all that waits is with the workers, in the order it came, and a RECOVERY is behind every drill."""
    environment = os.environ | {"AIRFLOW_HOME": str(tmp_path), "PYTHONPATH": str(ROOT / "include")}
    command = [sys.executable, "-c", COUNTS]
    ended = subprocess.run(command, env=environment, check=False, timeout=120, capture_output=True)
    assert ended.returncode == 0, ended.stderr
