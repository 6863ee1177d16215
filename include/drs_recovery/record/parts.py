"""What the record of an execution has beside its waves: answers, failures, warnings, and its clean-up."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from drs_recovery.record.base import AwsId, FreeText, Label, Record, RunId, Time
from drs_recovery.record.enums import CleanupMode, CleanupStatus, Decision, FailureKind

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import timedelta


class Approval(Record):
    """An answer to a gate; ``by`` is absent when the clock gave it.

    Who gave it decides, so it is never cut to make room, and nothing that only looks like it is taken for it.
    ``name`` is what Airflow calls that user, where it is not the id; ``break_glass`` says that this approval
    passed a gate alone.
    """

    decision: Decision
    by: Label | None = None
    name: Label | None = None
    time: Time
    reason: FreeText | None = None
    attempt: int = 1
    break_glass: bool | None = None

    def given_by_one_of(self, users: Collection[str]) -> bool:
        """Whether one of these users gave it: a plan names none that is longer than what is on record."""
        return self.by in users


class CancelAsked(Record):
    """Who asks on the command line for the end of an execution's DAG run, and why."""

    by: Label | None = None
    time: Time
    reason: FreeText | None = None


class Failure(Record):
    """What ended an execution beside its waves."""

    kind: FailureKind
    message: FreeText


class PreflightWarning(Record):
    """What a check found before anything was launched, and the plan lets start all the same."""

    check: str
    message: FreeText


class Lag(Record):
    """How old the data were at the start: the worst lag reported by DRS; ``unknown``: servers without one."""

    seconds: int | None = None
    unknown: int = 0


class Cleanup(Record):
    """The clean-up of a drill that has ended: its own fields, which never touch how the drill ended.

    ``instances`` are the recovery instances that were found when it began, and ``left`` those of them that
    are not gone; ``terminated`` counts the others, once the jobs that terminate them have ended.
    ``job_waves`` has, of each job that runs elsewhere than the first wave did, a wave of its place. ``time``
    is that of the last change, and ``attempt`` counts the DAG runs that it takes. Where instances are many,
    ``instances_item`` and ``left_item`` name the items that hold them, and they are only counted here.
    """

    mode: CleanupMode
    status: CleanupStatus = CleanupStatus.PENDING
    time: Time
    attempt: int = 1
    dag_run_id: RunId | None = None
    approval: Approval | None = None
    instances: tuple[AwsId, ...] = ()
    instance_count: int | None = None
    instances_item: str | None = None
    job_ids: tuple[AwsId, ...] = ()
    job_waves: dict[AwsId, int] | None = None
    terminated: int | None = None
    left: tuple[str, ...] = ()
    left_item: str | None = None
    failure: FreeText | None = None

    @property
    def count(self) -> int:
        """How many instances were found, listed here or in an item of their own."""
        return len(self.instances) if self.instance_count is None else self.instance_count

    def wave_of(self, job_id: str) -> int:
        """Return the number of a wave that was recovered where a job runs."""
        return (self.job_waves or {}).get(job_id, 0)


class CleanupOrder(NamedTuple):
    """What a plan orders of the clean-up of its drills: how, and how long after their end."""

    mode: CleanupMode
    after: timedelta


class Archived(Record):
    """Where an execution is kept that ended long ago; it is neither tried again nor cleaned up any more.

    ``time`` is when the look began that wrote this. ``place`` is the file, absent until all of the execution
    was written there and read back. ``expires`` is from when DynamoDB removes what lies beside its record,
    absent until all of that is marked.
    """

    time: Time
    place: str | None = None
    expires: Time | None = None

    @property
    def state(self) -> str:
        """How far it is, for people."""
        return f"archived in {self.place}" if self.place else "being archived"
