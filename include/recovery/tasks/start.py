"""`start_recovery`: starts a wave's jobs, each once, when the execution record permits it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from airflow.sdk.exceptions import AirflowFailException
from botocore.exceptions import BotoCoreError, ClientError

from recovery.aws.links.drs import DrsJobLink
from recovery.aws.operators.drs import DrsStartRecoveryOperator
from recovery.errors import RecoveryError, StartRefused, TransitionRefused
from recovery.execution import EventType, Intent
from recovery.execution.permission import check_start
from recovery.tasks.base import (
    execution_store,
    frozen_plan,
    id_of,
    is_final,
    is_last_try,
    now,
    told,
    verdicts,
)
from recovery.tasks.jobs import NEVER_SENT, find_job, job_tags, may_have_started, unrefused_intent
from recovery.tasks.permission import check_approver, wave_on_record
from recovery.tasks.real_instances import check_no_real_instances
from recovery.tasks.request import read_params

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context
    from mypy_boto3_drs.type_defs import JobTypeDef

    from recovery.execution import Execution, WaveRecord
    from recovery.execution.store import ExecutionStore
    from recovery.plan import Plan

SERVERS_PER_JOB = 100
"""Service quota L-B827C881 of DRS; a larger wave is started in batches."""


class Refusal(NamedTuple):
    """A batch that was not started, for good, and why."""

    batch: int
    servers: tuple[str, ...]
    words: str


class StartRecovery(DrsStartRecoveryOperator):
    """Starts the DRS jobs of a wave and puts their ids on record.

    Before each call it writes an intent, so that whoever finds an intent without a job id knows that a job
    may exist that nobody heard of.

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

    def execute(self, context: Context) -> list[str]:
        """Return the ids of the wave's jobs."""
        store = execution_store()
        execution = id_of(context)
        with verdicts(store, context, execution, self.wave_number):
            record, wave = self._permitted(store, execution)
            refusals: list[Refusal] = []
            for batch, servers in enumerate(self._batches(store, record, wave)):
                try:
                    self._start_batch(store, context, record, batch, servers)
                except (RecoveryError, ClientError, BotoCoreError) as error:
                    if not self._goes_on(store, context, batch, error):
                        raise
                    refusals.append(Refusal(batch, servers, str(error)))
            if refusals:
                self._leave_out(store, context, refusals)
        return list(store.get(execution).waves[self.wave_number].job_ids)

    def _permitted(self, store: ExecutionStore, execution: str) -> tuple[Execution, WaveRecord]:
        record = store.get(execution)
        wave = wave_on_record(record, self.wave_number, self.wave_name)
        check_start(record, self.wave_number)
        plan = frozen_plan(store, execution)
        check_approver(wave, plan)
        self.aws_conn_id, self.region_name = plan.aws_conn_id, plan.region
        self.is_drill = record.execution_type == "DRILL"
        return record, wave

    def _batches(self, store: ExecutionStore, record: Execution, wave: WaveRecord) -> list[tuple[str, ...]]:
        servers = store.servers(record.execution_id, self.wave_number)
        ids = tuple(server.source_server_id for server in servers)
        if len(ids) != wave.server_count:
            raise StartRefused(
                f"{wave.wave_name} has {wave.server_count} servers, but {len(ids)} are on record."
            )
        return [ids[first : first + SERVERS_PER_JOB] for first in range(0, len(ids), SERVERS_PER_JOB)]

    def _start_batch(
        self, store: ExecutionStore, context: Context, record: Execution, batch: int, servers: tuple[str, ...]
    ) -> None:
        wave = record.waves[self.wave_number]
        intent = unrefused_intent(wave, batch)
        if intent and intent.job_id:
            return
        if intent:
            job = self._adopt(record, wave, intent)
        else:
            self._check_replacement(context, servers)
            intent = Intent(attempt=wave.attempt, batch=batch, servers=servers, time=now())
            store.intend(record.execution_id, self.wave_number, intent)
            job = self._send(store, context, record, intent)
        self._put_on_record(store, context, wave, intent, job["jobID"])
        self._link(context, job["jobID"])

    def _put_on_record(
        self, store: ExecutionStore, context: Context, wave: WaveRecord, intent: Intent, job_id: str
    ) -> None:
        """Write the job; where the record takes none any more, the trail tells of it."""
        said = f"{job_id} launches {len(intent.servers)} servers"
        event = told(context, EventType.JOB_STARTED, said, wave=wave)
        try:
            store.started(id_of(context), self.wave_number, intent, job_id, event)
        except TransitionRefused as error:
            words = f"{said}: it was started, and its record had ended already. It runs on in DRS. {error}"
            store.tell(id_of(context), told(context, EventType.JOB_STARTED, words, wave=wave))
            raise AirflowFailException(words) from error

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

    def _check_replacement(self, context: Context, servers: tuple[str, ...]) -> None:
        run = context["dag_run"]
        check_no_real_instances(self.hook, servers, replace=read_params(run).replace_recovered == run.dag_id)

    def _send(self, store: ExecutionStore, context: Context, record: Execution, intent: Intent) -> JobTypeDef:
        """Send StartRecovery once, and write down what AWS certainly did not do, never what it may have."""
        wave = record.waves[self.wave_number]
        try:
            # Nothing but the call: an error of anything else must not be taken for an answer of DRS
            return self.hook.start_recovery(
                intent.servers, is_drill=self.is_drill, tags=job_tags(record, wave, intent.batch)
            )
        except (ClientError, *NEVER_SENT) as error:
            if not may_have_started(error):
                event = told(context, EventType.JOB_REFUSED, f"Batch {intent.batch}: {error}", wave=wave)
                store.refused(record.execution_id, self.wave_number, intent, str(error), event)
            raise

    def _goes_on(self, store: ExecutionStore, context: Context, batch: int, error: Exception) -> bool:
        """Whether the other batches are started though this one is not.

        Not while a retry may help; nor where nothing is started and it was not AWS that refused this batch.
        """
        if not is_final(error) and not is_last_try(context):
            return False
        wave = store.get(id_of(context)).waves[self.wave_number]
        if any(intent.batch == batch and intent.refusal for intent in wave.attempt_intents):
            return True
        if wave.attempt_job_ids:
            store.tell(
                id_of(context), told(context, EventType.JOB_REFUSED, f"Batch {batch}: {error}", wave=wave)
            )
        return bool(wave.attempt_job_ids)

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

    def _fail(self, store: ExecutionStore, context: Context, wave: WaveRecord, reason: str) -> None:
        event = told(context, EventType.WAVE_ENDED, reason, wave=wave)
        store.fail_wave(id_of(context), self.wave_number, wave.attempt, reason, event)
        raise AirflowFailException(reason)

    def _adopt(self, record: Execution, wave: WaveRecord, intent: Intent) -> JobTypeDef:
        """Return the job of an intent whose answer was lost; StartRecovery is never sent again for it."""
        if job := find_job(self.hook, record, wave, intent):
            self.log.info("Adopted job %s, whose answer was lost", job["jobID"])
            return job
        tags = job_tags(record, wave, intent.batch)
        raise StartRefused(
            f"StartRecovery for {len(intent.servers)} servers was begun at {intent.time:%H:%M:%S} and its "
            f"answer was lost; DRS shows no job with the tags {tags} since. It is not sent a second "
            f"time: look at jobs of {', '.join(intent.servers[:3])} in DRS."
        )
