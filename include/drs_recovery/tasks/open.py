"""`open_execution`: puts a DAG run on record, and freezes what it recovers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.engine.frozen_plan import drs_at
from drs_recovery.engine.open import Opened, Ports, Stopped, new_execution, open_record, put_record
from drs_recovery.engine.readiness.gather import Sources, gather
from drs_recovery.engine.recovery_points import PointsAsked
from drs_recovery.engine.same_run import NO_ADDRESS, check_same_run
from drs_recovery.plan.claims import claims
from drs_recovery.tasks.airflow_runs import run_finished, run_of
from drs_recovery.tasks.base import ends_task_on_error, execution_store, is_last_try, journal_of
from drs_recovery.tasks.connections import connection_source, table_hook
from drs_recovery.tasks.log_lines import CarriesExecution

if TYPE_CHECKING:
    from pathlib import Path

    from airflow.sdk import Context
    from botocore.config import Config

    from drs_recovery.engine.same_run import Run
    from drs_recovery.plan import Plan
    from drs_recovery.plan.claims import Claim
    from drs_recovery.record.models import Execution
    from drs_recovery.store.store import ExecutionStore


class OpenExecution(CarriesExecution, BaseOperator):
    """Opens the execution that a DAG run is; opening twice is opening once.

    :param plan: the plan, as its file is now.
    :param remark: what the audit trail should have about the plan besides.
    :param folder: the folder of the plans, among which others may have the same servers.
    """

    ui_color = "#dfe7f5"

    def __init__(self, *, plan: Plan, remark: str = "", folder: Path | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plan = plan
        self.remark = remark
        self.folder = folder

    def execute(self, context: Context) -> str:
        """Return the execution id."""
        store, run = execution_store(), run_of(context)
        record = self._put_record(store, context, run)
        with ends_task_on_error(store, context, record.execution_id):
            check_same_run(record, run)
        ports = Ports(
            store,
            journal_of(context),
            lambda: gather(
                self.plan, self._sources(store), PointsAsked.by(run, record), drill=record.is_drill
            ),
            lambda holder: run_finished(context, holder) is not None,
        )
        match open_record(record, self.plan, run, ports, last_try=is_last_try(context)):
            case Opened(execution_id):
                return execution_id
            case Stopped(message, cause):
                raise AirflowFailException(message) from cause

    def _put_record(self, store: ExecutionStore, context: Context, run: Run) -> Execution:
        journal = journal_of(context)
        execution = new_execution(self.plan, run, journal.now()).replace(connection_source=self._source())
        detail = f"{execution.execution_type} of {self.plan.name}, DAG run {run.run_id}"
        if self.remark:
            detail += f" ({self.remark})"
        if execution.reason:
            detail += f": {execution.reason}"
        if execution.airflow_url is None:
            detail += f"; {NO_ADDRESS}"
        return put_record(store, journal, execution, detail)

    def _source(self) -> str | None:
        """Return where the plan's connections come from; an error of that keeps no record from being put."""
        ids = dict.fromkeys(target.aws_conn_id for target in self.plan.targets)
        known = {conn_id: source for conn_id in ids if (source := self._source_of(conn_id))}
        if len(ids) == 1:
            return next(iter(known.values()), None)
        return "; ".join(f"{conn_id}: {source}" for conn_id, source in known.items()) or None

    def _source_of(self, conn_id: str) -> str | None:
        try:
            return connection_source(conn_id)
        except Exception as error:  # noqa: BLE001 - any: the check of the connection reports it
            self.log.warning("Where connection %s comes from is unknown: %s", conn_id, error)
            return None

    def _sources(self, store: ExecutionStore) -> Sources:
        def table_client(config: Config | None) -> Any:
            table = table_hook()
            return table.get_client_type(region_name=table.region_name, config=config)

        def others() -> list[Claim]:
            return claims(self.folder, self.plan.id) if self.folder else []

        return Sources(drs_at, store, table_client, connection_source, others)
