"""Everything this product raises on purpose, one class per thing a reader can do about it.

.. code-block:: text

    RecoveryError
    ├── PlanError               mend the plan file; every problem with its place
    ├── FolderRefused           make the folder of DAGs smaller, or open what is closed in it, as it says
    ├── SnapshotError
    │   ├── SnapshotGone        start a new run: what its DAGs were is not kept any more
    │   ├── SnapshotRefused     remove the snapshot that is named: it is not what its name says
    │   └── SnapshotsUnavailable  look at the store of snapshots: what it said is in the message
    ├── ArchiveError
    │   ├── ArchiveRefused      remove or restore the file that is named: it is not what was written
    │   └── ArchiveUnavailable  look at the store of executions: what it said is in the message
    ├── TemplateRefused         mend the template, or what it names: it is not known, or no text
    ├── SelectionError          mend the plan's servers, or DRS: nothing, too much or the unknown is selected
    ├── PreflightBlocked        mend what the checks found, or let the plan warn of it only
    ├── ParamsError             ask again with other run params
    ├── AddressMissing          give this Airflow the address that people use, `[api] base_url`
    ├── RunDiffers              start a new run: another DAG run opened this execution
    ├── StartRefused            look at the record: it does not permit this start now
    │   └── IntentOpen          wait: the job of an earlier StartRecovery is being looked for
    ├── RecordError
    │   ├── ExecutionNotFound   look for another execution id, table or Region
    │   ├── LockHeld            wait for, or end, the execution that holds the plan
    │   ├── TransitionRefused   nothing: the record is already past that, or the writer may not
    │   ├── RecordTooLarge      nothing by hand: DynamoDB has no room for what was to be written
    │   └── RecordUnavailable   look at DynamoDB: what it said is in the message
    │       └── RecordUnreadable  mend the item that is named, or put it back from a backup
    └── AirflowApiError
        ├── AirflowRefused      do what the message says, as the user it names
        └── AirflowUnreachable  start Airflow, or name its address
"""

from __future__ import annotations

__all__ = [
    "AddressMissing",
    "AirflowApiError",
    "AirflowRefused",
    "AirflowUnreachable",
    "ArchiveError",
    "ArchiveRefused",
    "ArchiveUnavailable",
    "ExecutionNotFound",
    "FolderRefused",
    "IntentOpen",
    "LockHeld",
    "ParamsError",
    "PlanError",
    "PreflightBlocked",
    "RecordError",
    "RecordTooLarge",
    "RecordUnavailable",
    "RecordUnreadable",
    "RecoveryError",
    "RunDiffers",
    "SelectionError",
    "SnapshotError",
    "SnapshotGone",
    "SnapshotRefused",
    "SnapshotsUnavailable",
    "StartRefused",
    "TemplateRefused",
    "TransitionRefused",
]


class RecoveryError(Exception):
    """Base of all errors of this product."""


class PlanError(RecoveryError):
    """A plan file that cannot be read.

    ``problems`` holds one line per problem, each ``file:line:col: message``.
    """

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class FolderRefused(RecoveryError):
    """A folder of DAGs with more in it than is read, or a closed folder; the last snapshot stays."""


class SnapshotError(RecoveryError):
    """A snapshot of the folder of DAGs that a machine needs, and does not get."""


class SnapshotGone(SnapshotError):
    """A snapshot that is kept nowhere: it was removed, or never stored."""


class SnapshotRefused(SnapshotError):
    """A snapshot that is not what its name says; nothing of it is used."""


class SnapshotsUnavailable(SnapshotError):
    """The store of snapshots does not answer, or refuses; its own words are in the message."""


class ArchiveError(RecoveryError):
    """An execution that could not be archived; all of it stays where it is."""


class ArchiveRefused(ArchiveError):
    """What lies in the archive, or comes back from it, is not the execution; nothing is to be removed."""


class ArchiveUnavailable(ArchiveError):
    """The store of archived executions does not answer, or refuses; its own words are in the message."""


class TemplateRefused(RecoveryError):
    """A template of a plan that cannot be filled in, or may not be written at all."""


class SelectionError(RecoveryError):
    """A plan whose selection of source servers fits no fleet that DRS knows."""


class PreflightBlocked(RecoveryError):
    """What the checks before a start found, and the plan does not let start."""


class ParamsError(RecoveryError):
    """Run params that no execution may start with."""


class AddressMissing(RecoveryError):
    """A drill in an Airflow that has no address, and so cannot tell its executions from those of another."""


class RunDiffers(RecoveryError):
    """A DAG run that has the id of an execution, and is not the run that opened it."""


class StartRefused(RecoveryError):
    """A StartRecovery that the record does not permit."""


class IntentOpen(StartRefused):
    """A StartRecovery of these servers was announced, and nobody knows yet whether it became a job."""


class NoLaunchTemplate(RecoveryError):
    """A source server of which DRS names no EC2 launch template: nobody can say how it is launched."""


class RecordError(RecoveryError):
    """The execution record says no."""


class ExecutionNotFound(RecordError):
    """No execution with that id is on record."""


class LockHeld(RecordError):
    """Another execution of the plan is active: ``holder`` is its execution id."""

    def __init__(self, message: str, *, holder: str) -> None:
        self.holder = holder
        super().__init__(message)


class TransitionRefused(RecordError):
    """A change that the record, or the table of writers, does not allow."""


class RecordTooLarge(RecordError):
    """DynamoDB refused a write for its size, also when nothing was left in it that could be cut."""


class RecordUnavailable(RecordError):
    """DynamoDB did not answer, or refused; its own words are in the message."""


class RecordUnreadable(RecordUnavailable):
    """DynamoDB answered with an item that is none of ours, or without one that another names."""


class AirflowApiError(RecoveryError):
    """Airflow's REST API did not do what was asked."""


class AirflowRefused(AirflowApiError):
    """Airflow, or the state it is in, refuses."""


class AirflowUnreachable(AirflowApiError):
    """Airflow's REST API does not answer at its address."""
