"""What ends an execution beside its record."""

from __future__ import annotations

from pydantic import Field

from drs_recovery.record.base import Record, Words


class Ending(Record):
    """What ``complete_execution`` knows beside the record when it ends an execution.

    ``interrupted`` says what ended its DAG run before its time; of waves that have not ended, by wave number,
    ``failures`` says what failed their tasks, and ``overdue`` that their time-out passed; ``running_job_ids``
    which jobs DRS says still run, absent if DRS was not asked. ``task_failure`` says which tasks of other
    operators failed beside the waves that had ended, or stand in none.
    """

    interrupted: Words | None = None
    failures: dict[int, Words] = Field(default_factory=dict)
    overdue: dict[int, Words] = Field(default_factory=dict)
    task_failure: Words | None = None
    running_job_ids: tuple[str, ...] | None = None
