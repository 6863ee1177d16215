"""`start_recovery`: starts a wave's jobs, each once, when the execution record permits it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk.exceptions import AirflowFailException
from botocore.exceptions import BotoCoreError, ClientError

from recovery.aws.links.drs import DrsJobLink
from recovery.aws.operators.drs import DrsStartRecoveryOperator
from recovery.errors import RecordUnavailable, RecoveryError, StartRefused
from recovery.execution import EventType, OnFailure, to_start
from recovery.execution.permission import check_start
from recovery.execution.texts import same_text
from recovery.tasks.attempt import current_attempt
from recovery.tasks.base import execution_store, frozen_plan, id_of, now, told, verdicts
from recovery.tasks.batch import LOOK_AGAIN, Batch, NotYet, Refusal
from recovery.tasks.causes import is_final
from recovery.tasks.permission import check_approver, check_no_recovery, wave_on_record
from recovery.tasks.same_run import own_record
from recovery.tasks.waking import waking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context
    from airflow.triggers.base import BaseTrigger

    from recovery.execution import Execution, WaveRecord
    from recovery.execution.store import ExecutionStore
    from recovery.plan import Plan

SERVERS_PER_JOB = 100
"""Service quota L-B827C881 of DRS; a larger wave is started in batches."""


class Outcome(NamedTuple):
    """What became of the batches of a wave: those not listed are started."""

    refusals: list[Refusal]
    waits: list[tuple[Batch, NotYet]]


class StartRecovery(DrsStartRecoveryOperator):
    """Starts the DRS jobs of a wave and puts their ids on record.

    What may pass is waited for without a worker slot until the wave's deadline: throttling, trouble of AWS,
    a job that holds a server, a quota. See `recovery.tasks.causes`.

    :param plan: the plan; what is started is what the execution froze.
    :param wave_number: place of the wave in the plan, from 0.
    :param wave_name: name of the wave, to notice a plan edited in flight.
    """

    ui_color = "#cfe8d5"

    def __init__(self, *, plan: Plan, wave_number: int, wave_name: str, **kwargs: Any) -> None:
        # The operator by itself must not be retried; with intents on record this one may.
        kwargs.setdefault("retries", 3)
        super().__init__(
            source_server_ids=[],
            aws_conn_id=plan.aws_conn_id,
            region_name=plan.region,
            deferrable=False,
            **kwargs,
        )
        self.wave_number = wave_number
        self.wave_name = wave_name
        self.wave_timeout = plan.waves[wave_number].timeout

    def execute(self, context: Context) -> list[str]:
        """Return the ids of the wave's jobs."""
        return self._start(context, now())

    def execute_complete(
        self,
        context: Context,
        event: dict[str, Any] | None = None,
        *,
        since: str = "",
        refused: dict[str, str] | None = None,
        **_: Any,
    ) -> list[str]:
        """Try again what could not be started, since when, but nothing that was refused for good."""
        return self._start(context, datetime.fromisoformat(since) if since else now(), refused)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Resume, or tell the audit trail why the trigger broke, when no retry is left."""
        with verdicts(execution_store(), context, id_of(context), self.wave_number):
            return super().resume_execution(next_method, next_kwargs, context)

    def _start(self, context: Context, since: datetime, refused: dict[str, str] | None = None) -> list[str]:
        store, execution = execution_store(), id_of(context)
        with verdicts(store, context, execution, self.wave_number):
            try:
                record, wave = self._permitted(store, context)
                if wave.status.met:
                    self.log.info("%s is %s: nothing is started again", wave.wave_name, wave.status)
                    return list(wave.job_ids)
                outcome = self._start_batches(store, context, record, wave, refused or {})
                if outcome.waits:
                    self._wait(store, context, outcome, min(since, wave.start_time or since))
                if outcome.refusals:
                    self._leave_out(store, context, outcome.refusals)
                return list(store.get(execution).waves[self.wave_number].job_ids)
            except RecordUnavailable as error:
                self._wait_for_table(since, error)
                raise
            except (ClientError, BotoCoreError) as error:
                self._end_for_others(store, context, error)
                raise

    def _permitted(self, store: ExecutionStore, context: Context) -> tuple[Execution, WaveRecord]:
        """Return the record and its wave, which may start, or has met its policy already."""
        record = own_record(store, context)
        wave_on_record(record, self.wave_number, self.wave_name)
        record = current_attempt(store, context, record, self.wave_number, asks=False)
        wave = record.wave(self.wave_number)
        if wave.status.met:
            return record, wave
        check_start(record, self.wave_number)
        self.wave_timeout = wave.timeout
        plan = frozen_plan(store, record.execution_id)
        check_approver(wave, plan)
        self.aws_conn_id, self.region_name = plan.aws_conn_id, plan.region
        return record, wave

    def _start_batches(
        self,
        store: ExecutionStore,
        context: Context,
        record: Execution,
        wave: WaveRecord,
        refused: dict[str, str],
    ) -> Outcome:
        """Start what can be started: what AWS refuses of one batch keeps no other from starting."""
        outcome = Outcome([], [])
        batches = self._batches(store, context, record, wave)
        if not batches:
            self.log.info("All servers of %s were launched by an earlier attempt", wave.wave_name)
            store.nothing_to_start(record.execution_id, self.wave_number, wave.attempt)
        for batch in batches:
            if (words := refused.get(str(batch.number))) is not None:
                outcome.refusals.append(Refusal(batch.number, batch.servers, words))
                continue
            try:
                self._link(context, batch.start())
            except NotYet as wait:
                outcome.waits.append((batch, wait))
            except (RecoveryError, ClientError, BotoCoreError) as error:
                if not self._goes_on(store, batch, error):
                    raise
                self._tell_refused(store, context, batch, error)
                outcome.refusals.append(Refusal(batch.number, batch.servers, str(error)))
        return outcome

    def _batches(
        self, store: ExecutionStore, context: Context, record: Execution, wave: WaveRecord
    ) -> list[Batch]:
        servers = store.servers(record.execution_id, self.wave_number)
        if len(servers) != wave.server_count:
            raise StartRefused(
                f"{wave.wave_name} has {wave.server_count} servers, but {len(servers)} are on record."
            )
        ids = tuple(server.source_server_id for server in to_start(wave, servers))
        if record.execution_type == "DRILL":
            check_no_recovery(store, record, ids)
        # Of a record that does not say what its run asked for, nothing real is replaced
        asked = record.request.replace_recovered if record.request else None
        replace = same_text(asked, record.plan_id)
        cut = [ids[first : first + SERVERS_PER_JOB] for first in range(0, len(ids), SERVERS_PER_JOB)]
        return [
            Batch(self.hook, store, context, record, self.wave_number, number, servers, replace)
            for number, servers in enumerate(cut)
        ]

    def _link(self, context: Context, job_id: str) -> None:
        """Show the job in Airflow; a link that cannot be made is no reason to fail a wave that starts."""
        self.log.info("DRS job %s is started and on record", job_id)
        try:
            DrsJobLink.persist(
                context=context,
                operator=self,
                region_name=self.hook.conn_region_name,
                aws_partition=self.hook.conn_partition,
                job_id=job_id,
            )
        except (BotoCoreError, ClientError) as error:
            self.log.warning("The link to %s cannot be made: %s", job_id, error)

    def _goes_on(self, store: ExecutionStore, batch: Batch, error: Exception) -> bool:
        """Whether the other batches are started though this one is not.

        Not where nothing is started and it was not AWS that refused this batch; nor while the table is away.
        """
        if not is_final(error):
            return False
        wave = store.get(batch.record.execution_id).waves[self.wave_number]
        refused = any(intent.batch == batch.number and intent.refusal for intent in wave.attempt_intents)
        return refused or bool(wave.attempt_job_ids)

    def _tell_refused(
        self, store: ExecutionStore, context: Context, batch: Batch, error: Exception | str
    ) -> None:
        """Tell what is on no intent; an intent's refusal is told already, and told once."""
        wave = store.get(id_of(context)).waves[self.wave_number]
        if not any(same_text(intent.refusal, str(error)) for intent in wave.attempt_intents):
            words = f"Batch {batch.number}: {error}"
            store.tell(id_of(context), told(context, EventType.JOB_REFUSED, words, wave=wave))

    def _wait(self, store: ExecutionStore, context: Context, outcome: Outcome, since: datetime) -> None:
        """Let go of the worker until a batch may be started, or give those up that waited too long."""
        deadline = since + self.wave_timeout
        if now() >= deadline:
            self._give_up(store, context, outcome, deadline)
            return
        for batch, wait in outcome.waits:
            words = f"Batch {batch.number} waits, until {deadline:%H:%M} UTC at the latest: {wait.words}"
            event = told(context, EventType.START_WAITING, words, wave=batch.wave)
            store.tell(id_of(context), event.having(once=f"waits|{batch.wave.attempt}|{words}"))
        refused = {str(refusal.batch): refusal.words for refusal in outcome.refusals}
        trigger = waking([wait for _, wait in outcome.waits], deadline, self.aws_conn_id, self.region_name)
        self._park(trigger, since, deadline, refused)

    def _park(
        self,
        trigger: BaseTrigger,
        since: datetime,
        deadline: datetime,
        refused: dict[str, str] | None = None,
    ) -> None:
        self.defer(
            trigger=trigger,
            method_name=self.execute_complete.__name__,
            kwargs={"since": since.isoformat(), "refused": refused or {}},
            timeout=deadline - now() + timedelta(minutes=5),
        )

    def _wait_for_table(self, since: datetime, error: RecordUnavailable) -> None:
        deadline = since + self.wave_timeout
        if now() < deadline:
            self.log.warning("%s; tried again in %.0f s", error, LOOK_AGAIN)
            self._park(TimeDeltaTrigger(timedelta(seconds=LOOK_AGAIN)), since, deadline)

    def _give_up(self, store: ExecutionStore, context: Context, outcome: Outcome, deadline: datetime) -> None:
        for batch, wait in outcome.waits:
            words = f"{wait.words} It was waited for until {deadline:%H:%M} UTC."
            self._tell_refused(store, context, batch, words)
            outcome.refusals.append(Refusal(batch.number, batch.servers, words))

    def _leave_out(self, store: ExecutionStore, context: Context, refusals: Sequence[Refusal]) -> None:
        """Fail a wave of which nothing was started; what was started, its sensor watches and judges (P-2)."""
        wave = store.get(id_of(context)).waves[self.wave_number]
        if not wave.attempt_job_ids:
            words = "; ".join(dict.fromkeys(refusal.words for refusal in refusals))
            self._fail(store, context, wave, f"StartRecovery of {wave.wave_name} was refused: {words}")
        for refusal in refusals:
            store.not_started(id_of(context), self.wave_number, wave.attempt, refusal.servers, refusal.words)
            self.log.warning(
                "Batch %s of %s was not started, %s runs: %s",
                refusal.batch,
                wave.wave_name,
                ", ".join(wave.attempt_job_ids),
                refusal.words,
            )

    def _end_for_others(self, store: ExecutionStore, context: Context, error: Exception) -> None:
        """Fail a wave that cannot start, where others go on without it: they look for its end on record."""
        wave = store.get(id_of(context)).waves[self.wave_number]
        begun = wave.attempt_job_ids or wave.open_intents or wave.status.final
        if wave.on_failure is OnFailure.CONTINUE and is_final(error) and not begun:
            self._fail(store, context, wave, f"{wave.wave_name} cannot start: {error}")

    def _fail(self, store: ExecutionStore, context: Context, wave: WaveRecord, reason: str) -> None:
        event = told(context, EventType.WAVE_ENDED, reason, wave=wave)
        store.fail_wave(id_of(context), self.wave_number, wave.attempt, reason, event)
        raise AirflowFailException(reason)
