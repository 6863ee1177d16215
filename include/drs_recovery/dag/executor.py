"""Airflow's LocalExecutor, able to let go of a task that no worker will ever start, and to end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.executors.base_executor import BaseExecutor
from airflow.executors.local_executor import LocalExecutor

if TYPE_CHECKING:
    from airflow.models.taskinstance import TaskInstance

REVOKES_ALREADY = LocalExecutor.revoke_task is not BaseExecutor.revoke_task
"""Whether Airflow's LocalExecutor can by itself, as that of 3.4 does, which keeps more than ours knows of."""


class RevokingLocalExecutor(LocalExecutor):
    """LocalExecutor with what ``[scheduler] task_queued_timeout`` needs of it, and with an end that comes.

    A worker that is killed after it took a task, and before it reported that the task runs, takes the task
    with it. Airflow queues such a task again, but only if the executor can revoke it.
    """

    if not REVOKES_ALREADY:

        def revoke_task(self, *, ti: TaskInstance) -> None:
            """Forget a queued task, so that it can be queued again.

            A worker that took it all the same cannot start it twice: Airflow lets a queued task begin once.
            """
            self.running.discard(ti.key)
            self.queued_tasks.pop(ti.key, None)

    def end(self) -> None:
        """End all workers, each when its task has ended.

        A message in the queue ends whichever worker takes it. Airflow 3.3.2 sends one for each worker that it
        still finds alive: one that has just ended by another's message gets none, so one too few is sent, and
        a worker waits for ever. With it waits a scheduler that lost its database, alive and idle, which
        nothing starts again (apache/airflow#67870). Messages that nobody takes do no harm.
        """
        for _ in self.workers:
            self.activity_queue.put(None)
        super().end()
