"""What an execution is: one record with all its waves, and how each of its waves stands."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from drs_recovery.errors import TransitionRefused
from drs_recovery.record.base import AwsId, DagId, ExecutionId, FreeText, Record, RunId, Tier, Time
from drs_recovery.record.enums import (
    Decision,
    ExecutionStatus,
    ExecutionType,
    OnFailure,
    WaveStatus,
)
from drs_recovery.record.intent import Intent
from drs_recovery.record.parts import Approval, Archived, CancelAsked, Cleanup, Failure, Lag, PreflightWarning
from drs_recovery.record.run_request import RunRequest

_NAMESPACE = uuid.UUID("5e3b4f0c-9f0e-5d0e-8a63-3f2f2a7f7c11")


def execution_id(dag_id: str, run_id: str) -> str:
    """Return the id of the execution that a DAG run is: opening twice is opening once."""
    return str(uuid.uuid5(_NAMESPACE, f"{dag_id}\n{run_id}"))


class WaveRecord(Record):
    """A wave of an execution; ``server_count`` is absent until its servers are frozen.

    ``region`` and ``account_id`` are where it is recovered to; those of older releases have neither: ask
    ``Execution.region_of`` and ``account_of``.
    ``minimum_launched`` is how many of its servers that are not optional must be launched; absent: all.
    ``checks`` is how many checks that are not optional each must pass then, 0 where all are; absent: none.
    ``waited_seconds`` is how long it waited in the queue for DRS's room: its time-out goes on by so much.
    ``clear_number`` is how often its DAG run had been cleared when this attempt opened, or last went on;
    absent: never. Only a run that was cleared again since may open another attempt. ``waiting_since`` is when
    the gate of this attempt first waited: asking again gives no new time-out. ``approvals_needed`` is how
    many people must approve it, absent for one, and ``approvals_given`` how many did before the last.
    """

    wave_number: int
    wave_name: str
    region: str | None = None
    account_id: str | None = None
    pause_before_wave: bool = False
    depends_on: tuple[int, ...] = ()
    status: WaveStatus = WaveStatus.PENDING
    attempt: int = 1
    clear_number: int | None = None
    server_count: int | None = None
    minimum_launched: int | None = None
    checks: int | None = None
    on_failure: OnFailure = OnFailure.STOP
    timeout_seconds: int = 4 * 3600
    waited_seconds: int | None = None
    intents: tuple[Intent, ...] = ()
    job_ids: tuple[AwsId, ...] = ()
    waiting_since: Time | None = None
    approvals_needed: int | None = None
    approvals_given: int | None = None
    approval: Approval | None = None
    failure: FreeText | None = None
    start_time: Time | None = None
    end_time: Time | None = None

    @property
    def unblocks_dependents(self) -> bool:
        """Whether the waves that depend on it may start: its policy is met, or they go on without."""
        if self.on_failure is OnFailure.CONTINUE and self.status in {WaveStatus.FAILED, WaveStatus.TIMED_OUT}:
            return True
        return self.status.policy_met

    @property
    def timeout(self) -> timedelta:
        """How long after its start the wave may take, without what it waited for room in DRS."""
        return timedelta(seconds=self.timeout_seconds)

    @property
    def allowed(self) -> timedelta:
        """How long after its start the wave may take, all in all."""
        return self.timeout + timedelta(seconds=self.waited_seconds or 0)

    @property
    def deadline(self) -> datetime | None:
        """When its time-out passes; absent before its start."""
        return self.start_time + self.allowed if self.start_time else None

    @property
    def approved(self) -> bool:
        """Whether the gate of this very attempt is passed by an answer."""
        answer = self.approval
        return answer is not None and answer.attempt == self.attempt and answer.decision is Decision.APPROVED

    @property
    def attempt_intents(self) -> tuple[Intent, ...]:
        """The intents of the current attempt."""
        return tuple(intent for intent in self.intents if intent.attempt == self.attempt)

    @property
    def open_intents(self) -> tuple[Intent, ...]:
        """Intents of any attempt that may or may not have become a job: nobody knows yet."""
        return tuple(intent for intent in self.intents if intent.open)

    @property
    def has_nothing_to_start(self) -> bool:
        """Whether the current attempt began and starts nothing: what earlier ones launched is judged.

        Of its intents only those stay that no job came of within the window, though one may show late.
        """
        return self.status.running and all(
            intent.refusal and intent.may_show for intent in self.attempt_intents
        )

    @property
    def attempt_job_ids(self) -> tuple[str, ...]:
        """The jobs of the current attempt."""
        return tuple(intent.job_id for intent in self.attempt_intents if intent.job_id is not None)


class Execution(Record):
    """One run of a plan: one DAG run, one record, with all its waves from the first moment on."""

    execution_id: ExecutionId
    plan_id: DagId
    plan_name: str
    plan_hash: str
    region: str | None = None
    account_id: str | None = None
    connection_source: FreeText | None = None
    airflow_url: str | None = None
    dag_run_id: RunId
    execution_type: ExecutionType
    status: ExecutionStatus = ExecutionStatus.PENDING
    version: int = 1
    total_waves: int
    completed_waves: int = 0
    waves: tuple[WaveRecord, ...]
    requested_by: str | None = None
    request: RunRequest | None = None
    reason: FreeText | None = None
    tier: Tier | None = None
    start_time: Time
    end_time: Time | None = None
    last_polled_time: Time | None = None
    outcome: FreeText | None = None
    failure: Failure | None = None
    task_failure: FreeText | None = None
    task_skips: FreeText | None = None
    task_notes: FreeText | None = None
    superseded_by: ExecutionId | None = None
    cancel_asked: CancelAsked | None = None
    plan_gone_since: Time | None = None
    rto_seconds: int | None = None
    rpo_seconds: int | None = None
    lag: Lag | None = None
    warnings: tuple[PreflightWarning, ...] = ()
    open_since: Time | None = None
    cleanup: Cleanup | None = None
    cleanup_due: Time | None = None
    archived: Archived | None = None

    @property
    def final(self) -> bool:
        """Whether its final status is written: the end time comes with it and with nothing else (R-44)."""
        return self.end_time is not None

    @property
    def frozen(self) -> bool:
        """Whether what it recovers is frozen: the checks before it have let it start."""
        return all(wave.server_count is not None for wave in self.waves)

    @property
    def open_waves(self) -> tuple[WaveRecord, ...]:
        """The waves that have not ended."""
        return tuple(wave for wave in self.waves if not wave.status.final)

    @property
    def is_drill(self) -> bool:
        """Whether it is a rehearsal beside the source servers."""
        return self.execution_type is ExecutionType.DRILL

    @property
    def attempts(self) -> int:
        """How many attempts its waves have had, all together: more each time it was opened again."""
        return sum(wave.attempt for wave in self.waves)

    @property
    def job_ids(self) -> frozenset[str]:
        """The jobs of all waves and attempts."""
        return frozenset(job_id for wave in self.waves for job_id in wave.job_ids)

    @property
    def account_ids(self) -> frozenset[str]:
        """The accounts that its waves are recovered in, as far as they are known."""
        accounts = {self.account_of(wave) for wave in self.waves}
        return frozenset(account for account in accounts if account)

    def account_of(self, wave: WaveRecord) -> str | None:
        """Return the account that a wave is recovered in, if it is known."""
        return wave.account_id or (self.account_id if wave.region is None else None)

    def region_of(self, wave: WaveRecord) -> str | None:
        """Return the Region that a wave is recovered to; absent only in what is very old."""
        return wave.region or self.region

    def wave(self, number: int) -> WaveRecord:
        """Return a wave by its number, which counts from 0; TransitionRefused if it is not on record."""
        if 0 <= number < len(self.waves) and self.waves[number].wave_number == number:
            return self.waves[number]
        held = ", ".join(f"{wave.wave_number} ({wave.wave_name})" for wave in self.waves) or "none"
        raise TransitionRefused(
            f"execution {self.execution_id}: wave {number} is not in its place on record, which holds {held}"
        )
