"""`wait_for_recovery`: watches a wave's jobs, writes what it sees, and judges the wave when they have ended.

It only observes: nothing here can finish an execution.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.utils import validate_execute_complete_event
from airflow.sdk.exceptions import AirflowFailException, AirflowSensorTimeout
from botocore.exceptions import BotoCoreError, ClientError

from drs_recovery.aws.sensors.drs import DrsJobSensor
from drs_recovery.aws.utils.errors import is_final
from drs_recovery.clock import now
from drs_recovery.engine.database_checks import look_at_databases
from drs_recovery.engine.watch import Cut, Watch, WatchedWave, end_wave, final_servers, wave_to_watch
from drs_recovery.settings import settings
from drs_recovery.store.queries import read_execution
from drs_recovery.store.servers import read_servers
from drs_recovery.tasks.base import (
    ends_task_on_error,
    execution_store,
    id_of,
    journal_of,
    own_record,
    polling,
)
from drs_recovery.tasks.databases import first_row
from drs_recovery.tasks.log_lines import CarriesExecution, carry_jobs
from drs_recovery.tasks.wave_trigger import WaveTrigger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow.sdk import Context
    from mypy_boto3_drs.type_defs import JobTypeDef

    from drs_recovery.plan import Plan
    from drs_recovery.record.enums import WaveStatus

NO_RETURN = "a sensor that defers lets go of its worker"


class WaitForRecovery(CarriesExecution, DrsJobSensor):
    """Waits until every job of a wave has ended in DRS; holds no worker slot meanwhile.

    :param plan: the plan; what is watched is what the execution recorded.
    :param wave_number: place of the wave in the plan, from 0.
    :param wave_name: name of the wave, to notice a plan edited in flight.
    """

    ui_color = "#d9ecf7"

    def __init__(self, *, plan: Plan, wave_number: int, wave_name: str, **kwargs: Any) -> None:
        target = plan.target(wave_number)
        super().__init__(
            job_ids=[],
            # A job may not show for as long as the start would look for it
            missing_grace=max(60, settings().adoption_seconds),
            aws_conn_id=target.aws_conn_id,
            region_name=target.region,
            **polling(),
            **kwargs,
        )
        self.wave_number = wave_number
        self.wave_name = wave_name

    def execute(self, context: Context) -> Any:
        """Judge jobs that have ended already; defer to the trigger for the rest."""
        with ends_task_on_error(execution_store(), context, id_of(context), self.wave_number):
            if met := self._watch(context):
                return met.value
            return super().execute(context) if self.job_ids else self._end_wave(context, ())

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> Any:
        """Judge the wave by what DRS says now of each server: completion comes before time-out (P-5)."""
        with ends_task_on_error(execution_store(), context, id_of(context), self.wave_number):
            if met := self._watch(context):
                return met.value
            cut = _cut(validate_execute_complete_event(event))
            return self._end_or_watch(context, lambda: self.look().jobs if self.job_ids else (), cut)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Resume, or write why the trigger broke, when no retry is left.

        Airflow has a time-out of its own, a minute after the trigger's: the wave is judged then too.
        """
        with ends_task_on_error(execution_store(), context, id_of(context), self.wave_number):
            try:
                return super().resume_execution(next_method, next_kwargs, context)
            except AirflowSensorTimeout as error:
                message = f"no trigger answered within the wave's time-out, says Airflow: {error}"
                return self.execute_complete(context, {"status": "timeout", "message": message})

    def finish(self, context: Context, jobs: Sequence[JobTypeDef]) -> None:
        """Judge the wave when its jobs had ended before anybody waited."""
        self._end_or_watch(context, lambda: jobs)

    def make_trigger(self, context: Context) -> WaveTrigger:
        """Return the trigger that writes this wave's progress."""
        wave = execution_store().run(read_execution(id_of(context))).wave(self.wave_number)
        return WaveTrigger(
            execution_id=id_of(context),
            wave_number=self.wave_number,
            attempt=wave.attempt,
            actor=self.task_id,
            checks=wave.checks is not None,
            **self.get_trigger_arguments(context),
        )

    def _watch(self, context: Context) -> WaveStatus | None:
        """Take up what there is to watch; return the status of a wave that has met its policy."""
        store = execution_store()
        record = own_record(store, context)
        match wave_to_watch(store, record, self.wave_number, self.wave_name, now()):
            case Watch(_, plan, job_ids, timeout_seconds):
                self.aws_conn_id, self.region_name = plan.target(self.wave_number)
                self.job_ids, self.timeout = list(job_ids), timeout_seconds
                carry_jobs(job_ids)
                return None
            case met:
                return met

    def _end_or_watch(
        self, context: Context, jobs: Callable[[], Sequence[JobTypeDef]], cut: Cut | None = None
    ) -> str:
        """Put the end of the wave on record; while AWS cannot be asked, and has time, the trigger asks on."""
        try:
            return self._end_wave(context, jobs(), cut)
        except (BotoCoreError, ClientError) as error:
            if cut or is_final(error):
                raise
            self.log.warning("%s; the trigger asks on", error)
            self.defer_to(self.make_trigger(context))
            raise AssertionError(NO_RETURN) from error

    def _end_wave(self, context: Context, jobs: Sequence[JobTypeDef], cut: Cut | None = None) -> str:
        """Put the end of the wave on record; watch on where its jobs have ended and what follows has not."""
        store, key = execution_store(), id_of(context)
        wave = store.run(read_execution(key)).wave(self.wave_number)
        servers = asyncio.run(final_servers(self.hook, store.run(read_servers(key, self.wave_number)), jobs))
        watched = WatchedWave(key, self.wave_number, wave.attempt, self.task_id)
        servers = look_at_databases(store, key, wave, servers, jobs, ask=first_row)
        end = store.run(end_wave(watched, journal_of(context), servers, jobs, cut))
        if end is None:
            self.defer_to(self.make_trigger(context))
            raise AssertionError(NO_RETURN)
        if not end.status.policy_met:
            raise AirflowFailException(f"{wave.wave_name} {end.message}")
        return end.status.value


def _cut(event: Mapping[str, Any]) -> Cut | None:
    """Return why the trigger ended before the jobs did, if it did: ``event`` is its `DrsJobEvent`."""
    return None if event["status"] == "success" else Cut(event["status"], event["message"])
