"""What ends an execution beside its record."""

from __future__ import annotations

from pydantic import Field

from drs_recovery.record.base import FreeText, Record


class Ending(Record):
    """What ``complete_execution`` knows beside the record when it ends an execution.

    ``interrupted`` is what ended its DAG run before its time; of waves that have not ended, by wave number,
    ``failures`` is what failed their tasks, and ``overdue`` that their time-out passed; ``running_job_ids``
    which jobs still run according to DRS, absent if DRS was not asked. ``task_failure`` names the tasks
    of other operators that failed beside the waves that had ended, or stand in none.
    """

    interrupted: FreeText | None = None
    failures: dict[int, FreeText] = Field(default_factory=dict)
    overdue: dict[int, FreeText] = Field(default_factory=dict)
    task_failure: FreeText | None = None
    running_job_ids: tuple[str, ...] | None = None
