"""What a DAG run asks for, and the record it begins as."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.errors import ParamsError
from drs_recovery.record.base import complaint_of_run_id, shorten
from drs_recovery.record.enums import ExecutionStatus, ExecutionType, OnFailure, WaveStatus
from drs_recovery.record.models import Execution, WaveRecord, execution_id
from drs_recovery.record.params import RunParams
from drs_recovery.record.reasons import given_reason
from drs_recovery.record.run_request import RunRequest
from drs_recovery.settings import settings
from drs_recovery.tasks.airflow_runs import this_airflow
from drs_recovery.tasks.base import now
from drs_recovery.text.durations import duration_text, roughly

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk.types import DagRunProtocol

    from drs_recovery.plan import Plan

SCHEDULED = "scheduled"


def read_params(run: DagRunProtocol) -> RunParams:
    """Return the run's params, as they were given; an unknown key is refused.

    Airflow's REST API checks types and choices, but lets unknown keys through (seen in 3.3.2): a misspelt
    `execution_type` would run as the default.
    """
    return RunParams.read(run.conf or {})


def run_request(run: DagRunProtocol) -> RunRequest:
    """Return what a run asks for, as the record keeps it."""
    return RunRequest.of(run.conf or {}, run_type=run_type(run), run_after=run.run_after)


def new_execution(plan: Plan, run: DagRunProtocol) -> Execution:
    """Return the record that a DAG run begins as: every wave of the plan, PENDING.

    A run whose id can stand on no record fails, whichever task comes first.
    """
    if complaint := complaint_of_run_id(run.run_id):
        raise AirflowFailException(f"{run.run_id!r} {complaint}. Nothing was done: start a new run")
    started = now()
    waves = tuple(
        WaveRecord(
            wave_number=number,
            wave_name=wave.name,
            pause_before_wave=_pauses(plan, number, run),
            depends_on=plan.dependencies[number],
            status=WaveStatus.PENDING,
            on_failure=OnFailure(wave.on_failure),
            timeout_seconds=int(wave.timeout.total_seconds()),
        )
        for number, wave in enumerate(plan.waves)
    )
    return Execution(
        execution_id=execution_id(run.dag_id, run.run_id),
        plan_id=plan.id,
        plan_name=plan.name,
        plan_hash=plan.hash,
        region=plan.region,
        airflow_url=this_airflow(),
        dag_run_id=run.run_id,
        execution_type=execution_type(run),
        status=ExecutionStatus.PENDING,
        version=1,
        total_waves=len(waves),
        completed_waves=0,
        waves=waves,
        requested_by=requested_by(run),
        reason=reason_of(run),
        request=run_request(run),
        rto_seconds=_seconds(plan.rto),
        rpo_seconds=_seconds(plan.rpo),
        start_time=started,
        open_since=started,
    )


def requested_by(run: DagRunProtocol) -> str:
    """Return the user who triggered the run, as Airflow knows them, or what did."""
    return run.triggering_user_name or f"airflow ({run_type(run)})"


def run_type(run: DagRunProtocol) -> str:
    """Return Airflow's word for the kind of a run; ``str()`` of the task SDK's enum is another."""
    return str(run.run_type.value)


def check_request(plan: Plan, run: DagRunProtocol) -> None:
    """Raise ParamsError when this run may not start an execution of the plan."""
    read_params(run).check(plan.id, run_type(run))
    if run_type(run) == SCHEDULED:
        _check_not_late(run)


def _check_not_late(run: DagRunProtocol) -> None:
    late, allowed = now() - run.run_after, timedelta(minutes=settings().late_minutes)
    if late > allowed:
        raise ParamsError(
            f"late: this drill was scheduled for {run.run_after:%Y-%m-%d %H:%M} UTC, {roughly(late)} ago; "
            f"a scheduled drill starts within {duration_text(allowed)} of its slot or not at all"
        )


def _pauses(plan: Plan, number: int, run: DagRunProtocol) -> bool:
    if run_type(run) == SCHEDULED and plan.drill_approvals == "none":
        return False
    approvals = _text(run.conf, "approvals")
    if approvals == "every_wave":
        return True
    return plan.waves[number].pause_before_wave and approvals != "none"


def execution_type(run: DagRunProtocol) -> ExecutionType:
    """Return the type asked for; a run whose params are refused is on record as what it tried to be."""
    asked = (run.conf or {}).get("execution_type", "DRILL")
    return ExecutionType.RECOVERY if asked == "RECOVERY" else ExecutionType.DRILL


def reason_of(run: DagRunProtocol) -> str | None:
    """Return the reason that was given, as the record has room for it."""
    given = given_reason(raw_reason(run))
    return shorten(given) if given else None


def raw_reason(run: DagRunProtocol) -> str | None:
    """Return the reason letter by letter, as the release before put it on record."""
    return _text(run.conf, "reason")


def _seconds(duration: timedelta | None) -> int | None:
    return None if duration is None else int(duration.total_seconds())


def _text(conf: Mapping[str, Any] | None, key: str) -> str | None:
    value = (conf or {}).get(key)
    return value if isinstance(value, str) and value else None
