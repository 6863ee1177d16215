"""The closed choices of an execution record."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from drs_recovery.names import Role


class RecordedEnum(StrEnum):
    """A choice as a record holds it.

    A value of a newer release, or of DRS itself, that this one does not know becomes a member of its own when
    it is read: it is shown, and equals nothing that is known (R-61).
    """

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str) or not value:
            return None
        unknown = str.__new__(cls, value)
        unknown._name_ = unknown._value_ = value
        return unknown

    @property
    def known(self) -> bool:
        """Whether this release knows the value."""
        return self._name_ in type(self).__members__


class ExecutionType(StrEnum):
    """What an execution is for: a rehearsal beside the source servers, or the real thing."""

    DRILL = "DRILL"
    RECOVERY = "RECOVERY"


class Approvals(StrEnum):
    """Which gates of a run wait for an answer."""

    AS_PLANNED = "as_planned"
    EVERY_WAVE = "every_wave"
    NONE = "none"


class ExecutionStatus(RecordedEnum):
    """Status of an execution; the first three while it runs, the others once and last."""

    PENDING = "PENDING"
    PAUSED = "PAUSED"
    POLLING = "POLLING"
    COMPLETED = "COMPLETED"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    TIMED_OUT = "TIMED_OUT"

    @property
    def final(self) -> bool:
        """Whether only ``complete_execution`` may write it."""
        return self in _FINAL_EXECUTION

    @property
    def policies_met(self) -> bool:
        """Whether every wave's policy is met: then, and only then, its DAG run is a success."""
        return self in {ExecutionStatus.COMPLETED, ExecutionStatus.PARTIAL}


class WaveStatus(RecordedEnum):
    """Status of a wave; CHECKING is one whose jobs have ended, and its checks have not. SKIPPED never ran."""

    PENDING = "PENDING"
    PAUSED = "PAUSED"
    STARTED = "STARTED"
    POLLING = "POLLING"
    CHECKING = "CHECKING"
    COMPLETED = "COMPLETED"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    TIMED_OUT = "TIMED_OUT"
    SKIPPED = "SKIPPED"

    @property
    def final(self) -> bool:
        """Whether nothing but a new attempt changes it any more."""
        return self in _FINAL_WAVE

    @property
    def policy_met(self) -> bool:
        """Whether the wave's policy is met."""
        return self in {WaveStatus.COMPLETED, WaveStatus.PARTIAL}

    @property
    def running(self) -> bool:
        """Whether DRS may be at it, or its checks are."""
        return self in {WaveStatus.STARTED, WaveStatus.POLLING, WaveStatus.CHECKING}

    @property
    def begun(self) -> bool:
        """Whether it is past its gate; a value of a newer release counts as begun, which permits less."""
        return self not in {WaveStatus.PENDING, WaveStatus.PAUSED}


class OnFailure(RecordedEnum):
    """What a wave that failed or timed out means for the waves that depend on it."""

    STOP = "stop"
    CONTINUE = "continue"


class LaunchStatus(RecordedEnum):
    """``launchStatus`` of a participating server of a DRS job."""

    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    LAUNCHED = "LAUNCHED"
    FAILED = "FAILED"
    TERMINATED = "TERMINATED"


class ActionsStatus(RecordedEnum):
    """How far the post-launch actions of a server are, as a whole: those that are not optional."""

    IN_PROGRESS = "IN_PROGRESS"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class ChecksStatus(RecordedEnum):
    """How far the checks of a launched server are: one of them, or all that are not optional."""

    IN_PROGRESS = "IN_PROGRESS"
    PASSED = "PASSED"
    FAILED = "FAILED"


class Decision(StrEnum):
    """The answer to a gate, a person's or the clock's."""

    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    TIMED_OUT = "TIMED_OUT"


class FailureKind(StrEnum):
    """Why an execution came to nothing before its waves: it was not allowed to start, or could not."""

    REFUSED = "REFUSED"
    FAILED = "FAILED"


class CleanupMode(StrEnum):
    """Whether a plan lets the recovery instances of its drills be terminated."""

    AFTER_APPROVAL = "after_approval"
    ALWAYS = "always"
    NEVER = "never"


class CleanupStatus(RecordedEnum):
    """How far the clean-up of a drill is; KEPT is one that a person, or the clock, did not let happen."""

    PENDING = "PENDING"
    WAITING = "WAITING"
    TERMINATING = "TERMINATING"
    PUTTING_BACK = "PUTTING_BACK"
    DONE = "DONE"
    KEPT = "KEPT"
    FAILED = "FAILED"

    @property
    def finished(self) -> bool:
        """Whether nothing more comes of it unless a person asks again."""
        return self in {CleanupStatus.DONE, CleanupStatus.KEPT, CleanupStatus.FAILED}


class TaskState(RecordedEnum):
    """How a task of the run stands, as its last try left it.

    REFUSED: our own rules did not permit it. RETRIED: it failed, and its wave went on after that. Of an
    action of the plan besides: UNSEEN, it was begun and nobody saw how it ended; AGAIN, a person lets it run
    again; SKIPPED, a person lets it be.
    """

    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    REFUSED = "REFUSED"
    RETRIED = "RETRIED"
    UNSEEN = "UNSEEN"
    AGAIN = "AGAIN"
    SKIPPED = "SKIPPED"


class Writer(StrEnum):
    """Who writes an execution record, by task; nobody else does."""

    OPEN = Role.OPEN.value
    APPROVE = Role.GATE.value
    START_RECOVERY = Role.START.value
    SENSOR = Role.WATCH.value
    COMPLETE = Role.FINISH.value
    CLEAN_UP = "clean_up"
    PUT_BACK = "put_back"
    CANCEL = "cancel"
    TIER = "tier"
    RECONCILE = "reconcile"
    ARCHIVE = "archive"


class EventType(RecordedEnum):
    """What an event of the audit trail is about."""

    OPENED = "OPENED"
    LOCK_TAKEN = "LOCK_TAKEN"
    SUPERSEDED = "SUPERSEDED"
    PREFLIGHT = "PREFLIGHT"
    FROZEN = "FROZEN"
    REFUSED = "REFUSED"
    RUN_REFUSED = "RUN_REFUSED"
    FAILED = "FAILED"
    GATE_WAITING = "GATE_WAITING"
    APPROVAL_GIVEN = "APPROVAL_GIVEN"
    APPROVAL_REFUSED = "APPROVAL_REFUSED"
    APPROVED = "APPROVED"
    BREAK_GLASS = "BREAK_GLASS"
    REJECTED = "REJECTED"
    GATE_TIMED_OUT = "GATE_TIMED_OUT"
    WAVE_STARTED = "WAVE_STARTED"
    JOB_STARTED = "JOB_STARTED"
    JOB_REFUSED = "JOB_REFUSED"
    JOB_DISOWNED = "JOB_DISOWNED"
    SERVERS_LEFT_OUT = "SERVERS_LEFT_OUT"
    START_WAITING = "START_WAITING"
    LOOK_FAILED = "LOOK_FAILED"
    ACTION_FAILED = "ACTION_FAILED"
    CHECK_FAILED = "CHECK_FAILED"
    WAVE_ENDED = "WAVE_ENDED"
    ATTEMPT_OPENED = "ATTEMPT_OPENED"
    TASK_STARTED = "TASK_STARTED"
    TASK_SUCCEEDED = "TASK_SUCCEEDED"
    TASK_FAILED = "TASK_FAILED"
    TASK_AGAIN = "TASK_AGAIN"
    TASK_SKIPPED = "TASK_SKIPPED"
    REOPENED = "REOPENED"
    TIER_CHANGED = "TIER_CHANGED"
    CANCEL_ASKED = "CANCEL_ASKED"
    CANCEL_FAILED = "CANCEL_FAILED"
    PLAN_GONE = "PLAN_GONE"
    PLAN_BACK = "PLAN_BACK"
    INTERRUPTED = "INTERRUPTED"
    EXECUTION_ENDED = "EXECUTION_ENDED"
    LOCK_RELEASED = "LOCK_RELEASED"
    CLEANUP_ASKED = "CLEANUP_ASKED"
    CLEANUP_WAITING = "CLEANUP_WAITING"
    CLEANUP_APPROVED = "CLEANUP_APPROVED"
    CLEANUP_KEPT = "CLEANUP_KEPT"
    CLEANUP_STARTED = "CLEANUP_STARTED"
    CLEANUP_JOB_STARTED = "CLEANUP_JOB_STARTED"
    CLEANUP_HELD = "CLEANUP_HELD"
    CLEANUP_DONE = "CLEANUP_DONE"
    CLEANUP_FAILED = "CLEANUP_FAILED"
    SETTINGS_APPLIED = "SETTINGS_APPLIED"
    PUT_BACK_ASKED = "PUT_BACK_ASKED"
    PUT_BACK_STARTED = "PUT_BACK_STARTED"
    PUT_BACK_HELD = "PUT_BACK_HELD"
    PUT_BACK_DONE = "PUT_BACK_DONE"
    PUT_BACK_FAILED = "PUT_BACK_FAILED"
    UNREADABLE = "UNREADABLE"


_FINAL_EXECUTION = frozenset(ExecutionStatus) - {
    ExecutionStatus.PENDING,
    ExecutionStatus.PAUSED,
    ExecutionStatus.POLLING,
}
_FINAL_WAVE = frozenset(WaveStatus) - {
    WaveStatus.PENDING,
    WaveStatus.PAUSED,
    WaveStatus.STARTED,
    WaveStatus.POLLING,
    WaveStatus.CHECKING,
}
