"""The store of executions: every writer's operations on one DynamoDB table; reading.py has the readers'.

All raise RecordUnavailable when DynamoDB does not do what it is asked, ExecutionNotFound for an execution
that is not on record, and TransitionRefused for what the record or the table of writers does not allow.
Whatever is done twice, by a retry of a task or of the HTTP client, is done once.
"""

from __future__ import annotations

from datetime import UTC, datetime
from operator import eq
from typing import TYPE_CHECKING, Any

from drs_recovery.record.ending import Ending
from drs_recovery.store import lock, open_attempt, trail
from drs_recovery.store.frozen import Frozen
from drs_recovery.store.programs import (
    approve,
    clean_up,
    complete_execution,
    open_execution,
    start_recovery,
    wait_for_recovery,
)
from drs_recovery.store.reading import ExecutionReader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from drs_recovery.record.enums import CleanupStatus, ExecutionStatus, WaveStatus
    from drs_recovery.record.events import Event
    from drs_recovery.record.models import (
        Approval,
        CleanupOrder,
        Execution,
        Failure,
        Intent,
        Lag,
        PreflightWarning,
    )
    from drs_recovery.record.server_record import ServerRecord


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


class ExecutionStore(ExecutionReader):
    """Executions in a table, for tasks, pages and the command line.

    An ``event`` given to a change is told after it, once.
    """

    def __init__(self, client: DynamoDBClient, table: str, *, clock: Callable[[], datetime] = now) -> None:
        super().__init__(client, table)
        self._clock = clock

    # open_execution

    def open(self, execution: Execution, event: Event | None = None) -> Execution:
        """Put the record with all its waves PENDING unless it is there; return what is on record."""
        return self._run(open_execution.open_execution(execution, event))

    def take_lock(
        self, execution: Execution, *, is_over: Callable[[Execution], bool] | None = None
    ) -> str | None:
        """Take the plan, or raise LockHeld; return the execution it was taken over from, if any.

        ``is_over`` says of a holder whether its DAG run has ended or is gone.
        """
        return self._run(lock.take_lock(execution, self._clock(), is_over=is_over))

    def unlock(self, plan_id: str, actor: str, reason: str) -> lock.Freed | None:
        """Free a plan whoever holds it, with the reason in the holder's trail; return what held it."""
        return self._run(lock.unlock(plan_id, actor, reason, self._clock()))

    def freeze(
        self,
        execution_id: str,
        plan: str,
        servers: Sequence[ServerRecord],
        event: Event | None = None,
        *,
        minimum_launched: Mapping[int, int] | None = None,
        account_id: str | None = None,
        same_plan: Callable[[str, str], bool] = eq,
    ) -> Execution:
        """Freeze the plan, its servers, by wave number how many each needs, and the account they are in.

        A wave without a number needs all that are not optional; the account is absent if nobody could say.
        The first freeze stays. Another plan then is TransitionRefused.
        """
        wanted = Frozen(plan=plan, servers=tuple(servers), minimum_launched=dict(minimum_launched or {}))
        return self._run(open_execution.freeze(execution_id, wanted, account_id, event, same_plan=same_plan))

    def note_preflight(
        self, execution_id: str, warnings: Sequence[PreflightWarning], lag: Lag, event: Event | None = None
    ) -> Execution:
        """Record what the checks before the start warn of, and how old the data are; the last look counts."""
        return self._run(open_execution.note_preflight(execution_id, warnings, lag, event))

    def note_failure(self, execution_id: str, failure: Failure, event: Event | None = None) -> Execution:
        """Record why the execution comes to nothing; the first failure stays."""
        return self._run(open_execution.note_failure(execution_id, failure, event))

    # approve

    def pause(self, execution_id: str, wave_number: int, event: Event | None = None) -> Execution:
        """Write that a wave waits at its gate; StartRefused if no answer could let it start."""
        return self._run(approve.pause(execution_id, wave_number, event))

    def approve(
        self, execution_id: str, wave_number: int, approval: Approval, event: Event | None = None
    ) -> Execution:
        """Write an APPROVED answer; another answer to the same attempt is TransitionRefused."""
        return self._run(approve.approve(execution_id, wave_number, approval, event))

    def reject(
        self, execution_id: str, wave_number: int, approval: Approval, event: Event | None = None
    ) -> Execution:
        """Write a REJECTED or TIMED_OUT answer: the wave is CANCELLED."""
        return self._run(approve.reject(execution_id, wave_number, approval, event))

    # approve and start_recovery

    def open_attempt(
        self,
        execution_id: str,
        opening: open_attempt.Opening,
        event: Event | None = None,
        *,
        is_over: Callable[[Execution], bool] | None = None,
    ) -> Execution:
        """Open a new attempt of a wave, and the execution again; StartRefused or LockHeld change nothing."""
        return self._run(
            open_attempt.open_attempt(execution_id, opening, self._clock(), event, is_over=is_over)
        )

    def note_clear(self, execution_id: str, wave_number: int, attempt: int, clear_number: int) -> Execution:
        """Write that an attempt which has not ended goes on after a clear."""
        return self._run(open_attempt.note_clear(execution_id, wave_number, attempt, clear_number))

    # start_recovery

    def intend(
        self, execution_id: str, wave_number: int, intent: Intent, event: Event | None = None
    ) -> Execution:
        """Write an intent before StartRecovery; the wave is STARTED. StartRefused if the record forbids it.

        The record is asked in the very write: not final, superseded or failed; waves it depends on met; its
        gate approved for this attempt; no open intent, and no job for the batch or one of the servers.
        """
        return self._run(start_recovery.intend(execution_id, wave_number, intent, event))

    def refused(
        self,
        execution_id: str,
        wave_number: int,
        intent: Intent,
        words: str,
        event: Event | None = None,
        *,
        lost: bool = False,
    ) -> Execution:
        """Write that no job came of an intent's call, and another may be sent.

        AWS definitely refused it; or it is ``lost``: no answer was heard, and DRS has shown no job for long.
        """
        done = intent.having(refusal=words, lost=lost or None)
        return self._run(start_recovery.refused(execution_id, wave_number, done, event))

    def started(
        self, execution_id: str, wave_number: int, intent: Intent, job_id: str, event: Event | None = None
    ) -> Execution:
        """Write the job of an intent, in the wave and then in its servers."""
        return self._run(start_recovery.started(execution_id, wave_number, intent, job_id, event))

    def not_started(
        self, execution_id: str, wave_number: int, attempt: int, server_ids: Sequence[str], words: str
    ) -> None:
        """Write in servers why no job of this attempt has them."""
        self._run(start_recovery.not_started(execution_id, wave_number, attempt, server_ids, words))

    def nothing_to_start(self, execution_id: str, wave_number: int, attempt: int) -> Execution:
        """Write that an attempt has begun, and starts nothing: its sensor judges what is launched already."""
        return self._run(start_recovery.nothing_to_start(execution_id, wave_number, attempt, self._clock()))

    def fail_wave(
        self, execution_id: str, wave_number: int, attempt: int, failure: str, event: Event | None = None
    ) -> Execution:
        """Write that a wave cannot start; TransitionRefused while it has a job, or an open intent."""
        return self._run(
            start_recovery.fail_wave(
                execution_id, wave_number, attempt, failure, at=self._clock(), event=event
            )
        )

    # wait_for_recovery

    def poll(
        self,
        execution_id: str,
        wave_number: int,
        attempt: int,
        changed: Sequence[ServerRecord] = (),
        event: Event | None = None,
    ) -> Execution:
        """Write progress, each server with all that is known of it; what is over is left as it is."""
        return self._run(wait_for_recovery.poll(execution_id, wave_number, attempt, changed, event))

    def polled(self, execution_id: str, at: datetime) -> None:
        """Write when DRS was last asked."""
        self._run(wait_for_recovery.polled(execution_id, at))

    def end_wave(
        self,
        execution_id: str,
        wave_number: int,
        attempt: int,
        servers: Sequence[ServerRecord],
        status: WaveStatus,
        *,
        failure: str | None = None,
        event: Event | None = None,
    ) -> Execution:
        """Write a wave's servers, then its final status; COMPLETED only if all on record are LAUNCHED."""
        return self._run(
            wait_for_recovery.end_wave(
                execution_id,
                wave_number,
                attempt,
                servers,
                status,
                failure=failure,
                at=self._clock(),
                event=event,
            )
        )

    # complete_execution

    def adopt(
        self, execution_id: str, wave_number: int, intent: Intent, job_id: str, event: Event | None = None
    ) -> Execution:
        """Write the job of an open intent that was found in DRS after its start task was gone."""
        return self._run(complete_execution.adopt(execution_id, wave_number, intent, job_id, event))

    def close(self, execution_id: str, ending: Ending | None = None, event: Event | None = None) -> Execution:
        """End every wave that has not ended, so that a final status can be written."""
        return self._run(complete_execution.close(execution_id, ending or Ending(), self._clock(), event))

    def finish(
        self,
        execution_id: str,
        status: ExecutionStatus,
        outcome: str,
        event: Event | None = None,
        *,
        cleanup: CleanupOrder | None = None,
    ) -> Execution:
        """Write the final status, once, if DynamoDB finds that the waves allow it, else TransitionRefused.

        ``cleanup`` is what the plan orders for its drills; a drill without jobs needs none.
        """
        at = self._clock()
        return self._run(complete_execution.finish(execution_id, status, outcome, at, event, cleanup=cleanup))

    def release_lock(self, execution: Execution) -> None:
        """Free the plan, if this execution holds it; TransitionRefused before the execution is final."""
        self._run(complete_execution.release(execution))

    # clean_up

    def clean_up(
        self, execution: Execution, status: CleanupStatus, event: Event | None = None, **known: Any
    ) -> Execution:
        """Write how the clean-up of this end of a drill stands, and nothing else, ever.

        ``known`` are fields of Cleanup; instances and job ids are added to those on record. TransitionRefused
        for an execution that was opened again since, and for what is no drill.
        """
        return self._run(clean_up.clean_up(execution, status, self._clock(), event, known))

    # everybody

    def tell(self, execution_id: str, event: Event) -> None:
        """Tell the audit trail something that changes nothing else."""
        self._run(trail.tell(execution_id, event))
