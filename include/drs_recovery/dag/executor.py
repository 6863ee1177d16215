"""Airflow's LocalExecutor, able to let go of a task that no worker will ever start, to count, and to end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.executors.base_executor import BaseExecutor
from airflow.executors.local_executor import LocalExecutor

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from airflow.executors.workloads.types import WorkloadKey, WorkloadState
    from airflow.models.taskinstance import TaskInstance

REVOKES_ALREADY = LocalExecutor.revoke_task is not BaseExecutor.revoke_task
"""Whether Airflow's LocalExecutor can by itself, as that of 3.4 does, which keeps more than ours knows of.

That one counts its slots too.
"""


class RevokingLocalExecutor(LocalExecutor):
    """LocalExecutor with what ``[scheduler] task_queued_timeout`` needs of it, with slots, and with an end.

    A worker that is killed after it took a task, and before it reported that the task runs, takes the task
    with it. Airflow queues such a task again, but only if the executor can revoke it.

    Of Airflow 3.3.2 it counts no slot for what it handed to its workers, so the scheduler hands over all that
    could run, and there it waits in the order in which it came: whoever weighs more goes no sooner, and a
    RECOVERY is behind every drill (apache/airflow#71914). Here a slot is taken until the worker has reported,
    or has died; one that dies idle lets one task wait with the workers from then on, and no more.
    """

    if not REVOKES_ALREADY:
        _handed_over = 0

        @property
        def slots_available(self) -> int:
            """How many more tasks it takes."""
            return int(super().slots_available) - self._handed_over

        @property
        def slots_occupied(self) -> int:
            """How many tasks it has."""
            return int(super().slots_occupied) + self._handed_over

        def _process_workloads(self, workload_list: Sequence[Any]) -> None:
            self._handed_over += len(workload_list)
            super()._process_workloads(workload_list)  # type: ignore[no-untyped-call]

        def change_state(
            self, key: WorkloadKey, state: WorkloadState, info: object = None, remove_running: bool = True
        ) -> None:
            """Take a worker's report: of what has ended, if it does not say that it runs."""
            super().change_state(key, state, info, remove_running)
            if state != "running":
                self._let_go(1)

        def _check_workers(self) -> None:
            before = set(self.workers)
            super()._check_workers()  # type: ignore[no-untyped-call]
            self._let_go(len(before - set(self.workers)))

        def _let_go(self, slots: int) -> None:
            self._handed_over = max(0, self._handed_over - slots)

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
