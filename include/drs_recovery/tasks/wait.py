"""`wait_for_recovery`: watches a wave's jobs, writes what it sees, and judges the wave when they have ended.

It only observes: nothing here can finish an execution.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSensorTimeout
from botocore.exceptions import BotoCoreError, ClientError

from drs_recovery.aws.sensors.drs import DrsJobSensor
from drs_recovery.aws.utils.errors import is_final
from drs_recovery.engine.final_servers import final_servers
from drs_recovery.engine.frozen_plan import frozen_plan
from drs_recovery.engine.launch_actions import warnings
from drs_recovery.engine.permission import wave_on_record
from drs_recovery.errors import StartRefused
from drs_recovery.names import Role, task_id
from drs_recovery.record.enums import EventType
from drs_recovery.settings import settings
from drs_recovery.store.programs import wait_for_recovery
from drs_recovery.store.queries import read_execution
from drs_recovery.store.servers import read_servers
from drs_recovery.store.trail import append_event
from drs_recovery.tasks.base import execution_store, id_of, new_event, now, verdicts
from drs_recovery.tasks.same_run import own_record
from drs_recovery.tasks.verdict import outcome_text, verdict
from drs_recovery.tasks.wave_trigger import WaveTrigger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context
    from mypy_boto3_drs.type_defs import JobTypeDef

    from drs_recovery.plan import Plan
    from drs_recovery.record.models import WaveRecord
    from drs_recovery.store.store import ExecutionStore


class WaitForRecovery(DrsJobSensor):
    """Waits until every job of a wave has ended in DRS; holds no worker slot meanwhile.

    :param plan: the plan; what is watched is what the execution recorded.
    :param wave_number: place of the wave in the plan, from 0.
    :param wave_name: name of the wave, to notice a plan edited in flight.
    """

    ui_color = "#d9ecf7"

    def __init__(self, *, plan: Plan, wave_number: int, wave_name: str, **kwargs: Any) -> None:
        wanted = settings()
        super().__init__(
            job_ids=[],
            hold=wanted.hold_seconds,
            poll_interval=wanted.poll_seconds,
            relaxed_interval=wanted.poll_relaxed_seconds,
            # A job may not show for as long as the start would look for it
            missing_grace=max(60, wanted.adoption_seconds),
            aws_conn_id=plan.aws_conn_id,
            region_name=plan.region,
            **kwargs,
        )
        self.wave_number = wave_number
        self.wave_name = wave_name

    def execute(self, context: Context) -> Any:
        """Judge jobs that have ended already; defer to the trigger for the rest."""
        store = execution_store()
        with verdicts(store, context, id_of(context), self.wave_number):
            wave = self._watched(store, context)
            if wave.status.met:
                return wave.status.value
            if not self.job_ids:
                return self._end(store, context, (), {})
            return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> Any:
        """Judge the wave by what DRS says now of each server: completion comes before time-out (P-5)."""
        store = execution_store()
        with verdicts(store, context, id_of(context), self.wave_number):
            wave = self._watched(store, context)
            if wave.status.met:
                return wave.status.value
            jobs = self.look().jobs if self.job_ids else ()
            return self._end(store, context, jobs, event or {})

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Resume, or tell the audit trail why the trigger broke, when no retry is left.

        Airflow has a time-out of its own, a minute after the trigger's: the wave is judged then too.
        """
        with verdicts(execution_store(), context, id_of(context), self.wave_number):
            try:
                return super().resume_execution(next_method, next_kwargs, context)
            except AirflowSensorTimeout as error:
                message = f"no trigger answered within the wave's time-out, says Airflow: {error}"
                return self.execute_complete(context, {"status": "timeout", "message": message})

    def finish(self, context: Context, jobs: Sequence[JobTypeDef]) -> None:
        """Judge the wave when its jobs had ended before anybody waited, or let its trigger ask on."""
        try:
            self._end(execution_store(), context, jobs, {})
        except (BotoCoreError, ClientError) as error:
            if is_final(error):
                raise
            self.log.warning("%s; the trigger asks on", error)
            self.defer_to(self.make_trigger(context))

    def make_trigger(self, context: Context) -> WaveTrigger:
        """Return the trigger that writes this wave's progress."""
        wave = execution_store().run(read_execution(id_of(context))).wave(self.wave_number)
        return WaveTrigger(
            execution_id=id_of(context),
            wave_number=self.wave_number,
            attempt=wave.attempt,
            actor=self.task_id,
            **self.get_trigger_arguments(context),
        )

    def _watched(self, store: ExecutionStore, context: Context) -> WaveRecord:
        """Return the wave, if its jobs are on record; one that ended badly is not watched again."""
        record = own_record(store, context)
        wave = wave_on_record(record, self.wave_number, self.wave_name)
        if wave.status.met:
            return wave
        if wave.status.final:
            tasks = task_id(Role.START, wave.wave_name)
            if wave.pause_before_wave:
                tasks = f"{task_id(Role.GATE, wave.wave_name)} and {tasks}"
            raise StartRefused(f"{wave.wave_name} has ended: {wave.status}. To try again, clear {tasks} too.")
        if not wave.attempt_job_ids and not wave.has_nothing_to_start:
            raise StartRefused(
                f"{wave.wave_name} has no jobs: it is {wave.status} on record, whatever its task says."
            )
        plan = frozen_plan(store, record.execution_id)
        self.aws_conn_id, self.region_name = plan.aws_conn_id, plan.region
        self.job_ids = [*self._acting_since(store, record.execution_id, wave), *wave.attempt_job_ids]
        self.timeout = self._remaining(wave)
        return wave

    def _acting_since(self, store: ExecutionStore, key: str, wave: WaveRecord) -> list[str]:
        """Return the jobs of earlier attempts on whose servers post-launch actions still run."""
        if wave.attempt == 1:
            return []
        servers = store.run(read_servers(key, self.wave_number))
        jobs = {server.job_id for server in servers if server.acting and server.job_id}
        return sorted(jobs - set(wave.attempt_job_ids))

    def _remaining(self, wave: WaveRecord) -> float:
        """Return the seconds until the wave's time-out, counted from its start and not from this try."""
        left = wave.deadline - now() if wave.deadline else wave.timeout
        return max(left.total_seconds(), 1)

    def _end(
        self, store: ExecutionStore, context: Context, jobs: Sequence[JobTypeDef], event: Mapping[str, Any]
    ) -> str:
        key = id_of(context)
        wave = store.run(read_execution(key)).wave(self.wave_number)
        servers = asyncio.run(final_servers(self.hook, store.run(read_servers(key, self.wave_number)), jobs))
        acting = any(server.acting for server in servers)
        ended = {job["jobID"] for job in jobs if job.get("status") == "COMPLETED"}
        unfinished = sorted(set(wave.attempt_job_ids) - ended)
        if acting and not unfinished and event.get("status") not in {"timeout", "error"}:
            self.defer_to(self.make_trigger(context))  # the jobs have ended, what follows them has not
        status, reason = verdict(wave, servers, unfinished, event)
        message = outcome_text(status, reason, servers)
        for warning in warnings(wave, servers, jobs, self.task_id):
            store.run(append_event(key, warning))
        store.run(
            wait_for_recovery.end_wave(
                key,
                self.wave_number,
                wave.attempt,
                servers,
                status,
                failure=reason,
                event=new_event(context, EventType.WAVE_ENDED, message, wave=wave),
            )
        )
        if not status.met:
            raise AirflowFailException(f"{wave.wave_name} {message}")
        return status.value
