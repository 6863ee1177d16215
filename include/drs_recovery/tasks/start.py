"""`start_recovery`: starts a wave's jobs, each once, when the execution record permits it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk.exceptions import AirflowFailException
from botocore.exceptions import BotoCoreError, ClientError

from drs_recovery.aws.links.drs import DrsJobLink
from drs_recovery.aws.operators.drs import DrsStartRecoveryOperator
from drs_recovery.errors import RecordUnavailable, StartRefused
from drs_recovery.record.attempts import to_start
from drs_recovery.record.enums import EventType, OnFailure
from drs_recovery.record.permission import check_start
from drs_recovery.store.programs import start_recovery
from drs_recovery.store.queries import read_execution
from drs_recovery.store.servers import read_servers
from drs_recovery.store.trail import tell
from drs_recovery.tasks.attempt import current_attempt
from drs_recovery.tasks.base import execution_store, frozen_plan, id_of, now, told, verdicts
from drs_recovery.tasks.causes import is_final
from drs_recovery.tasks.parting import LOOK_AGAIN
from drs_recovery.tasks.permission import check_approver, check_no_recovery, wave_on_record
from drs_recovery.tasks.same_run import own_record
from drs_recovery.tasks.starting import Starting, held_words
from drs_recovery.tasks.waking import waking

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from airflow.sdk import Context
    from airflow.triggers.base import BaseTrigger

    from drs_recovery.plan import Plan
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.store.store import ExecutionStore

SERVERS_PER_JOB = 100
"""What the quota of source servers in one job is everywhere; a larger wave is started in batches."""


class StartRecovery(DrsStartRecoveryOperator):
    """Starts the DRS jobs of a wave and puts their ids on record.

    What may pass is waited for without a worker slot until the wave's deadline: throttling, trouble of AWS,
    a job that holds a server, a quota. See `drs_recovery.tasks.causes`.

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
        refused: dict[str, Any] | None = None,
        **_: Any,
    ) -> list[str]:
        """Try again what could not be started, since when, but no server that was refused for good.

        The words of a refusal stand for its servers; what an earlier release handed over is tried again.
        """
        known = {words: servers for words, servers in (refused or {}).items() if isinstance(servers, list)}
        return self._start(context, datetime.fromisoformat(since) if since else now(), known)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Resume, or tell the audit trail why the trigger broke, when no retry is left."""
        with verdicts(execution_store(), context, id_of(context), self.wave_number):
            return super().resume_execution(next_method, next_kwargs, context)

    def _start(
        self, context: Context, since: datetime, refused: Mapping[str, Collection[str]] | None = None
    ) -> list[str]:
        store, execution = execution_store(), id_of(context)
        with verdicts(store, context, execution, self.wave_number):
            try:
                record, wave = self._permitted(store, context)
                if wave.status.met:
                    self.log.info("%s is %s: nothing is started again", wave.wave_name, wave.status)
                    return list(wave.job_ids)
                if (starting := self._starting(store, context, record, wave)) is None:
                    return list(wave.job_ids)
                outcome = starting.run(refused)
                for job_id in outcome.job_ids:
                    self._link(context, job_id)
                if outcome.waits:
                    self._wait(store, context, starting, min(since, wave.start_time or since))
                if outcome.refusals and (reason := starting.failure()):
                    self._fail(store, context, wave, f"Nothing of {wave.wave_name} was started: {reason}")
                return list(store.run(read_execution(execution)).waves[self.wave_number].job_ids)
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

    def _starting(
        self, store: ExecutionStore, context: Context, record: Execution, wave: WaveRecord
    ) -> Starting | None:
        """Return the start of what earlier attempts have not launched; None if they launched everything."""
        servers = store.run(read_servers(record.execution_id, self.wave_number))
        if len(servers) != wave.server_count:
            raise StartRefused(
                f"{wave.wave_name} has {wave.server_count} servers, but {len(servers)} are on record."
            )
        if not (wanted := to_start(wave, servers)):
            self.log.info("All servers of %s were launched by an earlier attempt", wave.wave_name)
            store.run(start_recovery.nothing_to_start(record.execution_id, self.wave_number, wave.attempt))
            return None
        if record.is_drill:
            check_no_recovery(store, record, [server.source_server_id for server in wanted])
        # Of a record that does not say what its run asked for, nothing real is replaced
        asked = record.request.replace_recovered if record.request else None
        replace = asked == record.plan_id
        return Starting(self.hook, store, context, record, self.wave_number, wanted, replace, SERVERS_PER_JOB)

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

    def _wait(self, store: ExecutionStore, context: Context, starting: Starting, since: datetime) -> None:
        """Let go of the worker until something may be started, or give up what waited too long."""
        deadline, outcome = since + self.wave_timeout, starting.outcome
        if now() >= deadline:
            for held in outcome.waits:
                words = f"{held.wait.words} It was waited for until {deadline:%H:%M} UTC."
                starting.leave_out(dict.fromkeys(held.servers, words))
            return
        wave = store.run(read_execution(id_of(context))).waves[self.wave_number]
        for held in outcome.waits:
            who = held_words(starting.servers, held)
            words = f"{who}, until {deadline:%H:%M} UTC at the latest: {held.wait.words}"
            event = told(context, EventType.START_WAITING, words, wave=wave)
            store.run(tell(id_of(context), event.having(once=f"waits|{wave.attempt}|{words}")))
        waits = [held.wait for held in outcome.waits]
        trigger = waking(waits, deadline, self.aws_conn_id, self.region_name)
        self._park(trigger, since, deadline, outcome.refused)

    def _park(
        self,
        trigger: BaseTrigger,
        since: datetime,
        deadline: datetime,
        refused: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.defer(
            trigger=trigger,
            method_name=self.execute_complete.__name__,
            kwargs={"since": since.isoformat(), "refused": dict(refused or {})},
            timeout=deadline - now() + timedelta(minutes=5),
        )

    def _wait_for_table(self, since: datetime, error: RecordUnavailable) -> None:
        deadline = since + self.wave_timeout
        if now() < deadline:
            self.log.warning("%s; tried again in %.0f s", error, LOOK_AGAIN)
            self._park(TimeDeltaTrigger(timedelta(seconds=LOOK_AGAIN)), since, deadline)

    def _end_for_others(self, store: ExecutionStore, context: Context, error: Exception) -> None:
        """Fail a wave that cannot start, where others go on without it: they look for its end on record."""
        wave = store.run(read_execution(id_of(context))).waves[self.wave_number]
        begun = wave.attempt_job_ids or wave.open_intents or wave.status.final
        if wave.on_failure is OnFailure.CONTINUE and is_final(error) and not begun:
            self._fail(store, context, wave, f"{wave.wave_name} cannot start: {error}")

    def _fail(self, store: ExecutionStore, context: Context, wave: WaveRecord, reason: str) -> None:
        event = told(context, EventType.WAVE_ENDED, reason, wave=wave)
        store.run(start_recovery.fail_wave(id_of(context), self.wave_number, wave.attempt, reason, event))
        raise AirflowFailException(reason)
