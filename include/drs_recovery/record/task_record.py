"""What is on record of a task that is no role of ours: an item of its own, beside the execution's record."""

from __future__ import annotations

from drs_recovery.names import role_of
from drs_recovery.record.base import Label, Record, Time, Words
from drs_recovery.record.enums import TaskState


class TaskRecord(Record):
    """A task of another operator in an execution's DAG run, as its last try told it.

    ``attempt`` is that of the wave in whose group it stands when it ran; ``wave_number`` is absent for a task
    in the group of none. ``message`` says why it failed.
    """

    task_id: Label
    wave_number: int | None = None
    attempt: int = 1
    try_number: int = 1
    state: TaskState
    start_time: Time | None = None
    end_time: Time | None = None
    message: Words | None = None

    @property
    def name(self) -> str:
        """Its name in its wave's group."""
        return role_of(self.task_id).name
