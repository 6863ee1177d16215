"""`open_execution`: the record first, then the request, the lock, and the frozen plan with its servers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException
from botocore.config import Config

from drs_recovery.aws.hooks.drs import DrsHook
from drs_recovery.aws.utils.errors import is_final
from drs_recovery.engine.launchable import GONE
from drs_recovery.errors import LockHeld, ParamsError, PreflightBlocked, TransitionRefused
from drs_recovery.plan import SourceServer, policies, resolve, same_plan
from drs_recovery.record.enums import EventType, FailureKind
from drs_recovery.record.models import Failure
from drs_recovery.record.server_record import ServerRecord
from drs_recovery.store.lock import take_lock
from drs_recovery.store.programs import open_execution
from drs_recovery.store.trail import append_event
from drs_recovery.tasks.airflow_runs import run_over
from drs_recovery.tasks.base import ended, execution_store, is_last_try, new_event, verdicts
from drs_recovery.tasks.connections import connection_source
from drs_recovery.tasks.preflight import report
from drs_recovery.tasks.preflight.connection import look_at_connection
from drs_recovery.tasks.preflight.gather import gather
from drs_recovery.tasks.request import check_request, new_execution, requested_by
from drs_recovery.tasks.same_run import check_same_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context
    from mypy_boto3_drs.type_defs import SourceServerTypeDef

    from drs_recovery.plan import Plan, Policy, Selection
    from drs_recovery.record.models import Execution
    from drs_recovery.store.store import ExecutionStore
    from drs_recovery.tasks.preflight.facts import Facts


SOON_OR_NOT_AT_ALL = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2})
"""botocore's own patience, five times a minute, would delay a recovery for the sake of a warning."""


class OpenExecution(BaseOperator):
    """Opens the execution that a DAG run is; opening twice is opening once.

    A refused start (params, run type, late, lock, preflight) and a failure (servers, AWS) are written into
    the record, and `complete_execution` ends it as CANCELLED or FAILED: the auditor sees every attempt.

    :param plan: the plan, as its file says now.
    :param remark: what the audit trail should know of the plan beside.
    """

    ui_color = "#dfe7f5"

    def __init__(self, *, plan: Plan, remark: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plan = plan
        self.remark = remark

    def execute(self, context: Context) -> str:
        """Return the execution id."""
        store = execution_store()
        execution = self._open(store, context)
        frozen = all(wave.server_count is not None for wave in execution.waves)
        # A run that was cleared: its waves open the execution again, if they may
        stays = execution.final and (not frozen or execution.superseded_by is not None)
        if execution.failure or stays:
            raise AirflowFailException(ended(execution))
        if frozen:
            return execution.execution_id
        try:
            self._check_unedited(execution)
            check_request(self.plan, context["dag_run"])
            self._take_lock(store, context, execution)
            self._freeze(store, context, execution)
        except (ParamsError, LockHeld, PreflightBlocked) as error:
            self._fail(store, context, FailureKind.REFUSED, error)
        except Exception as error:  # what Airflow says of the holder's run, too, goes on record
            if not is_final(error) and not is_last_try(context):
                raise
            self._fail(store, context, FailureKind.FAILED, error)
        return execution.execution_id

    def _open(self, store: ExecutionStore, context: Context) -> Execution:
        run = context["dag_run"]
        execution = new_execution(self.plan, run).replace(connection_source=self._source())
        detail = f"{execution.execution_type} of {self.plan.name}, DAG run {run.run_id}"
        if self.remark:
            detail += f" ({self.remark})"
        if execution.reason:
            detail += f": {execution.reason}"
        opened = store.run(
            open_execution.open_execution(
                execution, new_event(context, EventType.OPENED, detail, who=requested_by(run))
            )
        )
        with verdicts(store, context, opened.execution_id):
            check_same_run(opened, run)
        return opened

    def _source(self) -> str | None:
        """Return where the plan's connection comes from; trouble with that keeps no record from being put."""
        try:
            return connection_source(self.plan.aws_conn_id)
        except Exception as error:  # noqa: BLE001 - whatever it is, the check of the connection tells it
            self.log.warning("Where connection %s comes from is unknown: %s", self.plan.aws_conn_id, error)
            return None

    def _take_lock(self, store: ExecutionStore, context: Context, execution: Execution) -> None:
        """Take the plan, from another execution too if that is over or is a drill in a recovery's way."""
        taken_from = store.run(
            take_lock(execution, is_over=lambda holder: run_over(context, holder) is not None)
        )
        message = f"taken over from execution {taken_from}" if taken_from else "the plan was free"
        event = new_event(context, EventType.LOCK_TAKEN, message)
        store.run(append_event(execution.execution_id, event.replace(once=EventType.LOCK_TAKEN)))

    def _check_unedited(self, execution: Execution) -> None:
        if execution.plan_hash not in self.plan.hashes:
            raise TransitionRefused(
                "the plan was edited while this execution was being opened; start a new run"
            )

    def _freeze(self, store: ExecutionStore, context: Context, execution: Execution) -> None:
        hook = DrsHook(aws_conn_id=self.plan.aws_conn_id, region_name=self.plan.region)
        items = hook.list_source_servers()
        selection = resolve(self.plan, [source_server(item) for item in items])
        wanted = policies(self.plan, selection)
        soon = hook.with_config(SOON_OR_NOT_AT_ALL)
        account_id = self._account_id(soon)
        facts = gather(soon, self.plan, selection, items, execution.execution_id)
        connection = look_at_connection(store, soon, self.plan.id, account_id)
        self._check(store, context, execution, replace(facts, connection=connection))
        servers = server_records(selection, wanted)
        store.run(
            open_execution.freeze(
                execution.execution_id,
                self.plan.dump(),
                servers,
                minimum_launched={
                    number: policy.minimum_launched
                    for number, policy in enumerate(wanted)
                    if policy.minimum_launched is not None
                },
                account_id=account_id,
                same_plan=same_plan,
            )
        )
        self.log.info("Froze %s source servers in %s waves", len(servers), len(self.plan.waves))

    def _check(self, store: ExecutionStore, context: Context, execution: Execution, facts: Facts) -> None:
        """Put on record what the checks found; raise PreflightBlocked for what the plan does not let start.

        A check that blocks and could not look is made again first, where that may help.
        """
        found = report(self.plan, facts, drill=execution.is_drill)
        failed = [problem.error for problem in found.blocking if problem.error is not None]
        passing = next((error for error in failed if not is_final(error)), None)
        if passing is not None and not is_last_try(context):
            raise passing
        event = new_event(context, EventType.PREFLIGHT, str(found))
        store.run(open_execution.note_preflight(execution.execution_id, found.warnings, found.lag, event))
        if found.blocking:
            problems = "; ".join(map(str, found.blocking))
            warn = ", ".join(f"{check}: warn" for check in dict.fromkeys(one.check for one in found.blocking))
            raise PreflightBlocked(
                f"the checks before a {execution.execution_type} found: {problems}. Mend it, or let the plan "
                f"warn of it only: `preflight: {{{warn}}}`"
            )

    def _account_id(self, hook: DrsHook) -> str | None:
        """Return the account that the jobs will be in; an outage of STS is no reason not to recover."""
        try:
            return hook.account_id
        except Exception as error:  # noqa: BLE001 - whatever it is, the record goes without the account
            self.log.warning("The account of connection %s is unknown: %s", self.plan.aws_conn_id, error)
            return None

    def _fail(self, store: ExecutionStore, context: Context, kind: FailureKind, error: Exception) -> None:
        failure = Failure(kind=kind, message=str(error))
        type_ = EventType(kind.value)
        store.run(
            open_execution.note_failure(self._id(context), failure, new_event(context, type_, str(error)))
        )
        raise AirflowFailException(str(error)) from error

    def _id(self, context: Context) -> str:
        return new_execution(self.plan, context["dag_run"]).execution_id


def source_server(item: SourceServerTypeDef) -> SourceServer:
    """Return a source server as DescribeSourceServers tells it; what DRS leaves out stays absent."""
    hints = item.get("sourceProperties", {}).get("identificationHints", {})
    tags = item.get("tags", {})
    return SourceServer(
        source_server_id=item["sourceServerID"],
        hostname=hints.get("hostname"),
        name=tags.get("Name"),
        tags=tags,
    )


def server_records(selection: Selection, wanted: Sequence[Policy]) -> list[ServerRecord]:
    """Return the record of every server of every wave, before anything is launched.

    One that DRS does not know says so from the start; when its wave starts, DRS is asked again.
    """
    return [
        ServerRecord(
            source_server_id=server.source_server_id,
            hostname=server.hostname,
            name=server.name,
            wave_number=number,
            optional=True if server.source_server_id in policy.optional else None,
            error=None if server.known else GONE,
            attempt=1,
        )
        for number, (servers, policy) in enumerate(zip(selection, wanted, strict=True))
        for server in servers
    ]
