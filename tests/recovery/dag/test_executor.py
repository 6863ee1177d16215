"""The executor: a task that a killed worker took along can be queued again."""

from __future__ import annotations

from types import SimpleNamespace

from airflow.executors.base_executor import BaseExecutor
from airflow.executors.executor_loader import ExecutorLoader
from airflow.executors.executor_utils import ExecutorName
from airflow.executors.local_executor import LocalExecutor
from airflow.models.taskinstancekey import TaskInstanceKey

from drs_recovery.dag.executor import RevokingLocalExecutor
from launcher.environment import AIRFLOW_SETTINGS
from launcher.settings_file import read_settings_file

TAKEN = SimpleNamespace(id="0199", key=TaskInstanceKey("plan", "one.start_recovery", "run", 1))
OTHER = TaskInstanceKey("plan", "one.wait", "run", 1)


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


def test_the_shipped_settings_name_it() -> None:
    """Airflow finds it by this name, and its own LocalExecutor still cannot revoke."""
    name = ExecutorName(module_path=read_settings_file(AIRFLOW_SETTINGS)["AIRFLOW__CORE__EXECUTOR"])
    found, _ = ExecutorLoader.import_executor_cls(name)
    assert found is RevokingLocalExecutor
    assert LocalExecutor.revoke_task is BaseExecutor.revoke_task, "it can by itself: delete ours"
