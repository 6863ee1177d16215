"""The opening of an execution: its record first, then the plan's lock, the checks, and what is frozen.

A start that is refused (params, run type, late, lock, checks) and one that failed (servers, AWS) are both on
record, and `complete_execution` ends them as CANCELLED or FAILED: the auditor sees every attempt.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from drs_recovery.aws.utils.errors import is_final, said
from drs_recovery.engine.launchable import GONE
from drs_recovery.engine.permission import check_gates
from drs_recovery.engine.readiness import report
from drs_recovery.engine.readiness.facts import Unknown
from drs_recovery.engine.same_run import check_address
from drs_recovery.errors import AddressMissing, LockHeld, ParamsError, PreflightBlocked, TransitionRefused
from drs_recovery.plan import Target, same_plan
from drs_recovery.record.enums import EventType, ExecutionStatus, FailureKind, OnFailure, WaveStatus
from drs_recovery.record.models import Execution, WaveRecord, execution_id
from drs_recovery.record.params import RunParams
from drs_recovery.record.parts import Failure
from drs_recovery.record.server_record import ServerRecord
from drs_recovery.record.tier import USUAL_TIER
from drs_recovery.settings import settings
from drs_recovery.store.lock import take_lock
from drs_recovery.store.programs import open_execution
from drs_recovery.store.trail import append_event
from drs_recovery.text.durations import duration_text, roughly

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from drs_recovery.engine.journal import Journal
    from drs_recovery.engine.readiness.facts import Facts
    from drs_recovery.engine.recovery_points import Chosen
    from drs_recovery.engine.same_run import Run
    from drs_recovery.plan import Plan
    from drs_recovery.store.store import ExecutionStore

log = logging.getLogger(__name__)

SCHEDULED = "scheduled"


@dataclass(frozen=True)
class Ports:
    """What an opening reaches: the record, the audit trail, the facts to check, and other DAG runs.

    ``is_finished`` says whether the DAG run of the plan's holder has ended or is gone.
    """

    store: ExecutionStore
    journal: Journal
    gather: Callable[[], Sequence[Facts]]
    is_finished: Callable[[Execution], bool]


@dataclass(frozen=True)
class Opened:
    """The execution holds its plan, and what it recovers is frozen."""

    execution_id: str


@dataclass(frozen=True)
class Stopped:
    """Nothing is started: the execution has ended, or why it cannot start is on record."""

    message: str
    cause: Exception | None = None


def new_execution(plan: Plan, run: Run, now: datetime) -> Execution:
    """Return the record that a DAG run begins as: every wave of the plan, PENDING."""
    waves = tuple(
        WaveRecord(
            wave_number=number,
            wave_name=wave.name,
            region=plan.target(number).region,
            pause_before_wave=_pauses(plan, number, run),
            depends_on=plan.dependencies[number],
            status=WaveStatus.PENDING,
            checks=sum(not check.optional for check in wave.checks) if wave.checks else None,
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
        airflow_url=run.airflow_url,
        dag_run_id=run.run_id,
        execution_type=run.execution_type,
        status=ExecutionStatus.PENDING,
        version=1,
        total_waves=len(waves),
        completed_waves=0,
        waves=waves,
        requested_by=run.requested_by,
        reason=run.reason,
        request=run.request,
        tier=plan.tier if plan.tier != USUAL_TIER else None,
        rto_seconds=_seconds(plan.rto),
        rpo_seconds=_seconds(plan.rpo),
        start_time=now,
        open_since=now,
    )


def put_record(store: ExecutionStore, journal: Journal, execution: Execution, detail: str) -> Execution:
    """Put the record of an execution unless it is there; return what is on record."""
    event = journal.event(EventType.OPENED, detail, who=execution.requested_by)
    return store.run(open_execution.open_execution(execution, event))


def open_record(record: Execution, plan: Plan, run: Run, ports: Ports, *, last_try: bool) -> Opened | Stopped:
    """Take the plan, check, and freeze what is recovered; what was opened before is not opened again.

    An error that may pass is raised while there are tries left.
    """
    # The waves of a run that was cleared open the execution again, if they may
    stays = record.final and (not record.frozen or record.superseded_by is not None)
    if record.failure or stays:
        ended = f"Execution {record.execution_id} has ended: {record.status}. {record.outcome or ''}"
        return Stopped(ended.strip())
    if record.frozen:
        return Opened(record.execution_id)
    try:
        _check_unedited(record, plan)
        check_address(record)
        check_request(plan, run, ports.journal.now())
        check_gates(record, plan)
        _take_lock(record, ports)
        places = ports.gather()
        _check_plan(record, plan, places, ports, last_try=last_try)
        _freeze(record, plan, places, ports)
    except (AddressMissing, ParamsError, LockHeld, PreflightBlocked) as error:
        return _put_failure_on_record(record, FailureKind.REFUSED, error, ports)
    except Exception as error:  # an error of Airflow, asked for the holder's run, goes on record too
        if not is_final(error) and not last_try:
            raise
        return _put_failure_on_record(record, FailureKind.FAILED, error, ports)
    return Opened(record.execution_id)


def check_request(plan: Plan, run: Run, now: datetime) -> None:
    """Raise ParamsError when this run may not start an execution of the plan.

    An unknown key is refused too: Airflow's REST API checks types and choices, but lets unknown keys through
    (seen in 3.3.2), and a misspelt `execution_type` would run as the default.
    """
    RunParams.read(run.conf).check(plan.id, run.run_type)
    if run.run_type != SCHEDULED or run.run_after is None:
        return
    late, allowed = now - run.run_after, timedelta(minutes=settings().late_minutes)
    if late > allowed:
        raise ParamsError(
            f"late: this drill was scheduled for {run.run_after:%Y-%m-%d %H:%M} UTC, {roughly(late)} ago; "
            f"a scheduled drill starts within {duration_text(allowed)} of its slot or not at all"
        )


def _check_unedited(record: Execution, plan: Plan) -> None:
    if record.plan_hash not in plan.hashes:
        raise TransitionRefused("the plan was edited while this execution was being opened; start a new run")


def _take_lock(record: Execution, ports: Ports) -> None:
    """Take the plan, from another execution too if that has finished or is a drill in a recovery's way."""
    taken_from = ports.store.run(take_lock(record, is_finished=ports.is_finished))
    message = f"taken over from execution {taken_from}" if taken_from else "the plan was free"
    event = ports.journal.event(EventType.LOCK_TAKEN, message)
    ports.store.run(append_event(record.execution_id, event.replace(once=EventType.LOCK_TAKEN)))


def _check_plan(
    record: Execution, plan: Plan, places: Sequence[Facts], ports: Ports, *, last_try: bool
) -> None:
    """Put on record what the checks found; raise PreflightBlocked for what the plan does not let start.

    A check that blocks and could not look is made again first, where that may help; so is the look at the
    source servers of a place, however strict the plan is.
    """
    found = report(plan, places, drill=record.is_drill)
    errors = [problem.error for problem in found.blocking if problem.error is not None]
    errors += [place.fleet.error for place in places if isinstance(place.fleet, Unknown)]
    passing = next((error for error in errors if not is_final(error)), None)
    if passing is not None and not last_try:
        raise passing
    event = ports.journal.event(EventType.PREFLIGHT, str(found))
    ports.store.run(open_execution.note_preflight(record.execution_id, found.warnings, found.lag, event))
    if found.blocking:
        problems = "; ".join(map(str, found.blocking))
        warn = ", ".join(f"{check}: warn" for check in dict.fromkeys(one.check for one in found.blocking))
        raise PreflightBlocked(
            f"the checks before a {record.execution_type} found: {problems}. Mend it, or let the plan "
            f"warn of it only: `preflight: {{{warn}}}`"
        )


def _freeze(record: Execution, plan: Plan, places: Sequence[Facts], ports: Ports) -> None:
    of_waves = [_place_of(places, number) for number in range(len(plan.waves))]
    policies = [facts.of_wave(number)[1] for number, facts in enumerate(of_waves)]
    servers = server_records(places)
    accounts = {number: facts.account_id for number, facts in enumerate(of_waves) if facts.account_id}
    ports.store.run(
        open_execution.freeze(
            record.execution_id,
            plan.dump(run_says_more=any(server.point_wanted for server in servers)),
            servers,
            minimum_launched={
                number: policy.minimum_launched
                for number, policy in enumerate(policies)
                if policy.minimum_launched is not None
            },
            account_ids=accounts,
            account_id=_account_of_plan(plan, accounts),
            unasked=frozenset(n for n, facts in enumerate(of_waves) if isinstance(facts.fleet, Unknown)),
            same_plan=same_plan,
        )
    )
    log.info("Froze %s source servers in %s waves", len(servers), len(plan.waves))


def _place_of(places: Sequence[Facts], number: int) -> Facts:
    """Return the facts of the place where a wave is recovered."""
    return next(facts for facts in places if number not in facts.elsewhere)


def _account_of_plan(plan: Plan, accounts: Mapping[int, str]) -> str | None:
    """Return the account where the plan itself leads, if a wave of it goes there."""
    own = plan.targets.get(Target(plan.aws_conn_id, plan.region), ())
    return next((accounts[number] for number in own if number in accounts), None)


def server_records(places: Sequence[Facts]) -> list[ServerRecord]:
    """Return the record of every server of every wave, before anything is launched.

    One that DRS does not know, or could not be asked for, has its error from the start; when its wave starts,
    DRS is asked again.
    """
    return [
        ServerRecord(
            source_server_id=server.source_server_id,
            hostname=server.hostname,
            name=server.name,
            wave_number=number,
            optional=True if server.source_server_id in policy.optional else None,
            error=None if server.known else _why_unknown(facts),
            attempt=1,
            **_point(one.point),
        )
        for number, facts in sorted((number, facts) for facts in places for number in facts.here)
        for servers, policy in [facts.of_wave(number)]
        for one in servers
        for server in (one.server,)
    ]


def _why_unknown(facts: Facts) -> str:
    return str(facts.fleet) if isinstance(facts.fleet, Unknown) else GONE


def _point(chosen: Chosen | None) -> dict[str, Any]:
    """Return what is frozen of a server's recovery point; nothing where the latest data are launched."""
    if chosen is None:
        return {}
    snapshot_id, time = chosen.snapshot or (None, None)
    return {"point_wanted": chosen.wanted, "recovery_snapshot_id": snapshot_id, "recovery_point": time}


def _put_failure_on_record(record: Execution, kind: FailureKind, error: Exception, ports: Ports) -> Stopped:
    """Put on record why the execution does not start."""
    text = said(error)
    event = ports.journal.event(EventType(kind.value), text)
    ports.store.run(open_execution.note_failure(record.execution_id, Failure(kind=kind, message=text), event))
    return Stopped(text, error)


def _pauses(plan: Plan, number: int, run: Run) -> bool:
    if run.run_type == SCHEDULED and plan.drill_approvals == "none":
        return False
    approvals = run.text("approvals")
    if approvals == "every_wave":
        return True
    return plan.waves[number].pause_before_wave and approvals != "none"


def _seconds(duration: timedelta | None) -> int | None:
    return None if duration is None else int(duration.total_seconds())
