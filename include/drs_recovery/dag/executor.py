"""Airflow's LocalExecutor, able to let go of a task that no worker will ever start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.executors.local_executor import LocalExecutor

if TYPE_CHECKING:
    from airflow.models.taskinstance import TaskInstance


class RevokingLocalExecutor(LocalExecutor):
    """LocalExecutor with the one method that ``[scheduler] task_queued_timeout`` needs, and 3.3.2 lacks.

    A worker that is killed after it took a task, and before it reported that the task runs, takes the task
    with it. Airflow queues such a task again, but only if the executor can revoke it.
    """

    def revoke_task(self, *, ti: TaskInstance) -> None:
        """Forget a queued task, so that it can be queued again.

        A worker that took it all the same cannot start it twice: Airflow lets a queued task begin once.
        """
        self.running.discard(ti.key)
        self.queued_tasks.pop(ti.key, None)
