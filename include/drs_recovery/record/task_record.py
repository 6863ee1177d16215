"""What is on record of a task: an item of its own, beside the execution's record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.names import group_id, role_of
from drs_recovery.record.base import FreeText, Label, Record, Time
from drs_recovery.record.enums import TaskState

if TYPE_CHECKING:
    from drs_recovery.record.models import Execution, WaveRecord

NO_MESSAGE = "its process ended without an error"
"""What Airflow knows of a task whose process was killed."""


class TaskRecord(Record):
    """A task of an execution's DAG run, as its last try left it.

    Each task of another operator has one; a task of ours only after it failed without ending its wave.
    ``attempt`` is that of the wave in whose group it stands when it ran; ``wave_number`` is absent for a task
    in the group of none. ``message`` is why it failed.

    An action of the plan has more: its name there, ``action``; ``by``, whose answer let it run, or who let it
    run again, or be, with the ``reason``; its ``result`` in a line; how often it ran in this attempt,
    ``runs``; and ``tolerated``, where the execution goes on without it. ``revision`` counts the writes.
    """

    task_id: Label
    wave_number: int | None = None
    attempt: int = 1
    try_number: int = 1
    state: TaskState
    start_time: Time | None = None
    end_time: Time | None = None
    message: FreeText | None = None
    action: Label | None = None
    by: Label | None = None
    reason: FreeText | None = None
    result: FreeText | None = None
    runs: int | None = None
    tolerated: bool | None = None
    revision: int | None = None

    @property
    def own(self) -> bool:
        """Whether it is a task of ours, which obeys the record."""
        return role_of(self.task_id).role is not None

    @property
    def name(self) -> str:
        """Its name in its wave's group."""
        return role_of(self.task_id).name


def wave_of(execution: Execution, task_id: str) -> WaveRecord | None:
    """Return the wave in whose group a task stands."""
    group = role_of(task_id).group
    return next((wave for wave in execution.waves if group_id(wave.wave_name) == group), None)
