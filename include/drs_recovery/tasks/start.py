"""`start_recovery`: starts a wave's jobs, each once, when the execution record permits it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.aws.operators.drs import DrsStartRecoveryOperator
from drs_recovery.clock import now
from drs_recovery.engine.parting import LOOK_AGAIN
from drs_recovery.engine.start import (
    AlreadyMet,
    Ports,
    Queued,
    Refused,
    Started,
    StartRequest,
    Waiting,
    start_wave,
)
from drs_recovery.errors import RecordUnavailable
from drs_recovery.settings import settings
from drs_recovery.tasks.airflow_runs import clear_of
from drs_recovery.tasks.base import (
    actor,
    ends_task_on_error,
    execution_store,
    id_of,
    is_last_try,
    journal_of,
    link_jobs,
    own_record,
    went_on,
)
from drs_recovery.tasks.log_lines import CarriesExecution
from drs_recovery.tasks.metrics import START_WAITED, send_time
from drs_recovery.tasks.room_trigger import RoomTrigger
from drs_recovery.tasks.waking import wake_trigger

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from airflow.sdk import Context
    from airflow.triggers.base import BaseTrigger

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.plan import Plan
    from drs_recovery.record.queue import Place
    from drs_recovery.store.queue import QueueKey


class StartRecovery(CarriesExecution, DrsStartRecoveryOperator):
    """Starts the DRS jobs of a wave and puts their ids on record.

    What may pass is waited for without a worker slot until the wave's deadline: throttling, trouble of AWS,
    a job that holds a server, a quota. See `drs_recovery.aws.utils.errors`.

    :param plan: the plan; what is started is what the execution froze.
    :param wave_number: place of the wave in the plan, from 0.
    :param wave_name: name of the wave, to notice a plan edited in flight.
    """

    ui_color = "#cfe8d5"

    def __init__(self, *, plan: Plan, wave_number: int, wave_name: str, **kwargs: Any) -> None:
        # The operator by itself must not be retried; with intents on record this one may.
        kwargs.setdefault("retries", 3)
        self.target = plan.target(wave_number)
        super().__init__(
            source_server_ids=[],
            aws_conn_id=self.target.aws_conn_id,
            region_name=self.target.region,
            deferrable=False,
            **kwargs,
        )
        self.wave_number = wave_number
        self.wave_name = wave_name
        self.wave_timeout = plan.waves[wave_number].timeout

    def execute(self, context: Context) -> list[str]:
        """Return the ids of the wave's jobs."""
        return self._start_wave(context, now(), {})

    def execute_complete(
        self,
        context: Context,
        event: dict[str, Any] | None = None,
        *,
        since: str = "",
        refused: dict[str, Any] | None = None,
        queued: str = "",
        asked: str = "",
        **_: Any,
    ) -> list[str]:
        """Try again what could not be started, since when, but no server that was refused for good.

        The text of a refusal stands for its servers; what an earlier release handed over is tried again.
        ``queued`` is since when it waited in the queue, if it did: of that no time is counted. ``asked`` is
        when it was tried first.
        """
        known = {text: servers for text, servers in (refused or {}).items() if isinstance(servers, list)}
        began = datetime.fromisoformat(since) if since else now()
        began += now() - datetime.fromisoformat(queued) if queued else timedelta()
        return self._start_wave(
            context, began, known, asked=datetime.fromisoformat(asked) if asked else began
        )

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Resume, or write why the trigger broke, when no retry is left."""
        with ends_task_on_error(execution_store(), context, id_of(context), self.wave_number):
            return super().resume_execution(next_method, next_kwargs, context)

    def _start_wave(
        self,
        context: Context,
        since: datetime,
        refused: Mapping[str, Collection[str]],
        *,
        asked: datetime | None = None,
    ) -> list[str]:
        store = execution_store()
        with ends_task_on_error(store, context, id_of(context), self.wave_number):
            asks = (context["dag_run"].conf or {}).get("replace_recovered")
            request = StartRequest(
                self.wave_number,
                self.wave_name,
                since,
                clear_of(context),
                refused,
                asks_to_replace=bool(asks),
                last_try=is_last_try(context),
            )
            try:
                record = own_record(store, context)
                result = start_wave(record, request, Ports(store, journal_of(context), self._drs))
            except RecordUnavailable as error:
                self._wait_for_table(since, asked or since, error)
                raise
            match result:
                case AlreadyMet(job_ids):
                    self.log.info("%s has met its policy: nothing is started again", self.wave_name)
                    return list(job_ids)
                case Started(new, job_ids):
                    if asked:
                        send_time(START_WAITED, now() - asked, record)
                    went_on(store, context, self.wave_number)
                    link_jobs(context, self, self.hook, new)
                    return list(job_ids)
                case Refused(new, reason):
                    link_jobs(context, self, self.hook, new)
                    raise AirflowFailException(reason)
                case Waiting(new, waits, began, deadline, known):
                    self._part_started(context, new)
                    trigger = wake_trigger(waits, deadline, self.target)
                    self._park(trigger, began, asked or since, known, deadline)
                case Queued(new, place, queue, began, known):
                    self._part_started(context, new)
                    self._park(self._room_trigger(context, place, queue), began, asked or since, known)
        raise AssertionError("a start that waits lets go of its worker")

    def _drs(self, plan: Plan) -> DrsHook:
        """Return the hook of where the frozen plan says, and take its timeout: its file may have changed."""
        self.wave_timeout = plan.waves[self.wave_number].timeout
        self.target = plan.target(self.wave_number)
        self.aws_conn_id, self.region_name = self.target
        return self.hook

    def _part_started(self, context: Context, new: Sequence[str]) -> None:
        if new:
            went_on(execution_store(), context, self.wave_number)
        link_jobs(context, self, self.hook, new)

    def _room_trigger(self, context: Context, place: Place, queue: QueueKey) -> RoomTrigger:
        return RoomTrigger(
            execution_id=place.execution,
            wave_number=place.wave_number,
            attempt=place.attempt,
            actor=actor(context),
            account=queue.account,
            region_name=queue.region,
            aws_conn_id=self.target.aws_conn_id,
            hold=settings().hold_seconds,
            poll_interval=settings().poll_seconds,
        )

    def _park(
        self,
        trigger: BaseTrigger,
        since: datetime,
        asked: datetime,
        refused: Mapping[str, Sequence[str]],
        deadline: datetime | None = None,
    ) -> None:
        """Let go of the worker until the trigger fires; in the queue without a deadline."""
        queued = {} if deadline else {"queued": now().isoformat()}
        self.defer(
            trigger=trigger,
            method_name=self.execute_complete.__name__,
            kwargs={
                "since": since.isoformat(),
                "asked": asked.isoformat(),
                "refused": dict(refused),
                **queued,
            },
            timeout=deadline - now() + timedelta(minutes=5) if deadline else None,
        )

    def _wait_for_table(self, since: datetime, asked: datetime, error: RecordUnavailable) -> None:
        deadline = since + self.wave_timeout
        if now() < deadline:
            self.log.warning("%s; tried again in %.0f s", error, LOOK_AGAIN)
            self._park(TimeDeltaTrigger(timedelta(seconds=LOOK_AGAIN)), since, asked, {}, deadline)
