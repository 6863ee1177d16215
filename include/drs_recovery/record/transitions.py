"""Who may change what of a running execution: the table of writers (``docs/security.md``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.errors import TransitionRefused
from drs_recovery.record.enums import CleanupStatus as C
from drs_recovery.record.enums import WaveStatus as W
from drs_recovery.record.enums import Writer

if TYPE_CHECKING:
    from drs_recovery.record.models import Execution, WaveRecord

MOVES: dict[Writer, dict[W, frozenset[W]]] = {
    Writer.OPEN: {},
    Writer.APPROVE: {
        W.PENDING: frozenset({W.PAUSED}),
        W.PAUSED: frozenset({W.CANCELLED}),
    },
    Writer.START_RECOVERY: {
        W.PENDING: frozenset({W.STARTED, W.FAILED}),
        W.PAUSED: frozenset({W.STARTED, W.FAILED}),
        W.STARTED: frozenset({W.FAILED}),
    },
    Writer.SENSOR: {
        W.STARTED: frozenset({W.POLLING, W.CHECKING, W.COMPLETED, W.PARTIAL, W.FAILED, W.TIMED_OUT}),
        W.POLLING: frozenset({W.CHECKING, W.COMPLETED, W.PARTIAL, W.FAILED, W.TIMED_OUT}),
        W.CHECKING: frozenset({W.COMPLETED, W.PARTIAL, W.FAILED, W.TIMED_OUT}),
    },
    Writer.COMPLETE: {
        W.PENDING: frozenset({W.SKIPPED, W.CANCELLED, W.FAILED}),
        W.PAUSED: frozenset({W.SKIPPED, W.CANCELLED, W.FAILED}),
        W.STARTED: frozenset({W.CANCELLED, W.FAILED, W.TIMED_OUT}),
        W.POLLING: frozenset({W.CANCELLED, W.FAILED, W.TIMED_OUT}),
        W.CHECKING: frozenset({W.CANCELLED, W.FAILED, W.TIMED_OUT}),
    },
    Writer.CLEAN_UP: {},
    Writer.PUT_BACK: {},
    Writer.CANCEL: {},
    Writer.TIER: {},
    Writer.RECONCILE: {},
    Writer.ARCHIVE: {},
}
"""From which status to which a writer may move a wave."""

_ENDING = frozenset({"status", "failure", "end_time"})

WAVE_FIELDS: dict[Writer, frozenset[str]] = {
    Writer.OPEN: frozenset({"server_count", "minimum_launched", "account_id"}),
    Writer.APPROVE: _ENDING | {"approval", "approvals_needed", "approvals_given", "waiting_since"},
    Writer.START_RECOVERY: _ENDING | {"start_time", "intents", "job_ids", "clear_number", "waited_seconds"},
    Writer.SENSOR: _ENDING,
    Writer.COMPLETE: _ENDING | {"intents", "job_ids"},
    **dict.fromkeys(
        (Writer.CLEAN_UP, Writer.PUT_BACK, Writer.CANCEL, Writer.TIER, Writer.RECONCILE, Writer.ARCHIVE),
        frozenset(),
    ),
}
"""Which fields of a wave a writer may write.

`complete_execution` too may put a job on record: that of an open intent whose start task died, or was killed,
before it heard of the job. An execution never ends with a job that DRS shows and its record does not name.
"""

FIELDS: dict[Writer, frozenset[str]] = {
    **dict.fromkeys(Writer, frozenset({"waves"})),
    Writer.OPEN: frozenset({"waves", "failure", "account_id", "superseded_by", "lag", "warnings"}),
    Writer.COMPLETE: frozenset({"waves", "task_failure", "task_skips", "task_notes"}),
    Writer.CLEAN_UP: frozenset(),
    Writer.PUT_BACK: frozenset(),
    Writer.CANCEL: frozenset({"cancel_asked"}),
    Writer.TIER: frozenset({"tier"}),
    Writer.RECONCILE: frozenset({"plan_gone_since"}),
    Writer.ARCHIVE: frozenset(),
}
"""Which fields of a running execution a writer may write; ``status`` and ``completed_waves`` follow."""


ATTEMPT_MOVES: dict[W, frozenset[W]] = {
    status: frozenset({W.PENDING}) for status in (W.PARTIAL, W.FAILED, W.CANCELLED, W.TIMED_OUT, W.SKIPPED)
}
"""How a new attempt moves its own wave. What is COMPLETED stays so, and what goes on needs no new attempt."""

FOLLOWING_MOVES: dict[W, frozenset[W]] = {W.SKIPPED: frozenset({W.PENDING})}
"""How a new attempt moves the other waves: those that never ran may come to their turn after all."""

ATTEMPT_FIELDS = frozenset(
    {
        *("waves", "end_time", "outcome", "open_since", "cancel_asked", "plan_gone_since"),
        *("task_failure", "task_skips", "task_notes"),
    }
)
"""Which fields a new attempt may write of its execution, which may be final: nothing else opens it again."""

ATTEMPT_WAVE_FIELDS = _ENDING | {
    "attempt",
    "clear_number",
    "waiting_since",
    "approval",
    "approvals_given",
    "start_time",
    "waited_seconds",
    "intents",
    "job_ids",
}
"""Which fields a new attempt may write of its own wave; the intents of the last one are resolved."""

FOLLOWING_WAVE_FIELDS = frozenset({"status", "attempt", "approval", "approvals_given", "waiting_since"})
"""Which fields a new attempt may write of the other waves."""

CLEANUP_FIELDS = frozenset({"cleanup", "cleanup_due"})
"""The fields of an execution that is final which `clean_up` may write."""

ARCHIVE_FIELDS = frozenset({"archived", "version"})
"""And `archive`; nobody may write any other."""

CLEANUP_MOVES: dict[C, frozenset[C]] = {
    C.PENDING: frozenset({C.WAITING, C.TERMINATING, C.KEPT, C.FAILED}),
    C.WAITING: frozenset({C.TERMINATING, C.KEPT, C.FAILED}),
    C.TERMINATING: frozenset({C.DONE, C.FAILED}),
    C.KEPT: frozenset({C.WAITING, C.TERMINATING}),
    C.FAILED: frozenset({C.WAITING, C.TERMINATING, C.KEPT}),
    C.DONE: frozenset(),
}
"""From which status to which a clean-up moves; what was kept, or failed, may be asked for again."""


def may_move(writer: Writer, before: W, after: W) -> bool:
    """Whether a writer may move a wave from one status to the other; staying is no move."""
    return before == after or after in MOVES[writer].get(before, frozenset())


def check_move(writer: Writer, wave: WaveRecord, after: W) -> None:
    """Raise TransitionRefused unless the writer may move the wave there."""
    if may_move(writer, wave.status, after):
        return
    allowed = ", ".join(sorted(MOVES[writer].get(wave.status, frozenset()))) or "nothing"
    raise TransitionRefused(
        f"{writer} may not move wave {wave.wave_name!r} from {wave.status} to {after}; allowed: {allowed}"
    )


def check_change(writer: Writer, before: Execution, after: Execution) -> None:
    """Raise TransitionRefused unless the writer may make one of the other."""
    if before.final:
        raise TransitionRefused(
            f"{writer} may not change execution {before.execution_id}: it is {before.status}, "
            "and a final status is written once"
        )
    _check_fields(writer, FIELDS[writer], _changed(before, after), f"execution {before.execution_id}")
    for old, new in zip(before.waves, after.waves, strict=True):
        _check_fields(writer, WAVE_FIELDS[writer], _changed(old, new), f"wave {old.wave_name!r}")
        check_move(writer, old, new.status)


def check_opening(before: Execution, after: Execution, number: int | None) -> None:
    """Raise TransitionRefused unless a new attempt of a wave may make one execution of the other.

    Without a number an action that runs again opens it: no wave has a new attempt then.
    """
    task = "a new attempt"
    _check_fields(task, ATTEMPT_FIELDS, _changed(before, after), f"execution {before.execution_id}")
    for old, new in zip(before.waves, after.waves, strict=True):
        own = old.wave_number == number
        if not own and new == old:
            continue
        fields = ATTEMPT_WAVE_FIELDS if own else FOLLOWING_WAVE_FIELDS
        moves = ATTEMPT_MOVES if own else FOLLOWING_MOVES
        _check_fields(task, fields, _changed(old, new), f"wave {old.wave_name!r}")
        if new.status not in moves.get(old.status, frozenset()):
            raise TransitionRefused(
                f"{task} of wave {number} may not move wave {old.wave_name!r} from {old.status} "
                f"to {new.status}"
            )


def check_clean_up(before: Execution, after: Execution) -> None:
    """Raise TransitionRefused unless `clean_up` may make one of the other: of a drill that is final."""
    place = f"execution {before.execution_id}"
    if not before.final:
        raise TransitionRefused(f"{place} is {before.status}: only what has ended is cleaned up")
    check_not_archived(before)
    if not before.is_drill:
        raise TransitionRefused(f"{place} is a {before.execution_type}: only a drill is ever cleaned up")
    _check_fields(Writer.CLEAN_UP, CLEANUP_FIELDS, _changed(before, after), place)
    old, new = before.cleanup, after.cleanup
    if new is None:
        raise TransitionRefused(f"{place}: its clean-up cannot be forgotten")
    status = C.PENDING if old is None else old.status
    if new.status is not status and new.status not in CLEANUP_MOVES.get(status, frozenset()):
        allowed = ", ".join(sorted(CLEANUP_MOVES.get(status, frozenset()))) or "nothing"
        raise TransitionRefused(
            f"{place}: its clean-up is {status} and cannot become {new.status}; allowed: {allowed}"
        )


def check_not_archived(execution: Execution) -> None:
    """Raise TransitionRefused for one that is archived, or about to be: nothing follows it any more."""
    if execution.archived:
        raise TransitionRefused(
            f"execution {execution.execution_id} is {execution.archived.state}: nothing of it changes"
        )


def check_archive(before: Execution, after: Execution) -> None:
    """Raise TransitionRefused unless `archive` may make one of the other: nothing is due of it any more."""
    place = f"execution {before.execution_id}"
    if not before.final:
        raise TransitionRefused(f"{place} is {before.status}: only what has ended is archived")
    if before.cleanup_due is not None:
        raise TransitionRefused(f"{place}: its clean-up is due, so it is not archived")
    _check_fields(Writer.ARCHIVE, ARCHIVE_FIELDS, _changed(before, after), place)


def _changed(before: Execution | WaveRecord, after: Execution | WaveRecord) -> set[str]:
    return {name for name in type(before).model_fields if getattr(before, name) != getattr(after, name)}


def _check_fields(writer: str, allowed: frozenset[str], changed: set[str], place: str) -> None:
    if foreign := changed - allowed:
        raise TransitionRefused(f"{writer} may not write {', '.join(sorted(foreign))} of {place}")
