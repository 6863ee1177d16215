"""Reads an execution again and again: its record, and from Airflow only what the record lacks."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from drs_recovery.cli.airflow import gate_url, task_url
from drs_recovery.cli.airflow_view import AirflowView, state_of
from drs_recovery.cli.frozen_plan import frozen_plan
from drs_recovery.clock import now
from drs_recovery.engine.permission import rules_of_gate
from drs_recovery.engine.queue import standings
from drs_recovery.errors import ExecutionNotFound, RecordUnavailable
from drs_recovery.names import Role, task_id
from drs_recovery.report.snapshot import Snapshot, Target, WaitingGate, paused_waves
from drs_recovery.settings import settings
from drs_recovery.store.approvals import read_approvals
from drs_recovery.store.queries import read_execution
from drs_recovery.store.servers import read_servers
from drs_recovery.store.tasks import read_tasks
from drs_recovery.text.values import timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from drs_recovery.plan import Plan
    from drs_recovery.record.approvals import GivenApproval
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.record.server_record import ServerRecord
    from drs_recovery.record.task_record import TaskRecord
    from drs_recovery.store.store import ExecutionStore

RUN_CHECK = 10
"""Seconds between two reads of a DAG run whose execution is not final."""

STRANDED_AFTER = timedelta(seconds=45)
"""Time for an execution to become final after its run has ended."""


MOST_NAMED = 3
"""Unreadable items that a snapshot names; the log has them all."""


class Watcher:
    """Takes snapshots of one DAG run and its execution."""

    def __init__(self, store: ExecutionStore, target: Target, airflow: AirflowView) -> None:
        self.store = store
        self.target = target
        self.airflow = airflow
        self._execution: Execution | None = None
        self._servers: tuple[ServerRecord, ...] = ()
        self._approvals: tuple[GivenApproval, ...] = ()
        self._actions: tuple[TaskRecord, ...] = ()
        self._standings: Mapping[int, str] = {}
        self._plan: Plan | None = None
        self._record_note: str | None = None
        self._next_run_check = 0.0
        self._ended_at: datetime | None = None
        self._held: str | None = None

    def look(self) -> Snapshot:
        """Return a snapshot of now; what does not answer is in its notes."""
        self._read_record()
        execution = self._execution
        gates = (
            tuple(self._waiting_gate(execution, wave) for wave in paused_waves(execution))
            if execution
            else ()
        )
        queued = self.airflow.queued(self.target) if execution is None and not self._record_note else None
        stranded = None if execution is not None and execution.final else self._stranded()
        return Snapshot(
            self.target,
            now(),
            execution,
            self._servers,
            gates,
            approvals=self._approvals,
            queued=queued,
            notes=self._notes(missed=bool(gates) or execution is None),
            stranded=stranded,
            actions=self._actions,
            standings=self._standings,
        )

    def _notes(self, *, missed: bool) -> tuple[str, ...]:
        """Return what could not be read, and what holds the run.

        That nobody is signed in matters only where Airflow is needed.
        """
        known = self.airflow.note if missed or self.airflow.client else None
        finished = self._execution is not None and self._execution.final
        held = None if finished or self._ended_at else self._held
        return tuple(note for note in (self._record_note, known, held) if note)

    def _read_record(self) -> None:
        """Read execution and servers; if the table does not answer, the last ones stay."""
        trouble: list[str] = []
        try:
            self._execution = self.store.run(read_execution(self.target.execution_id))
            servers = self.store.run(read_servers(self.target.execution_id, passed_over=trouble.append))
            self._servers = tuple(servers)
            if any(wave.approvals_needed for wave in self._execution.waves):
                given = read_approvals(self.target.execution_id, passed_over=trouble.append)
                self._approvals = tuple(self.store.run(given))
            self._standings = standings(self.store, self._execution, now())
            self._plan = self._plan or frozen_plan(self.store, self.target.execution_id)
            if self._plan and self._plan.all_actions:
                tasks = self.store.run(read_tasks(self.target.execution_id, trouble.append))
                self._actions = tuple(task for task in tasks if task.action)
        except ExecutionNotFound:
            pass
        except RecordUnavailable as error:
            self._record_note = f"the record cannot be read: {error}"
            return
        self._record_note = f"passed over: {'; '.join(trouble[:MOST_NAMED])}" if trouble else None

    def _waiting_gate(self, execution: Execution, wave: WaveRecord) -> WaitingGate:
        plan = self._plan
        gate = task_id(Role.GATE, plan.waves[wave.wave_number].name if plan else wave.wave_name)
        url = gate_url(settings().airflow_url, self.target.plan_id, self.target.run_id, gate)
        asked = self.airflow.gate(self.target, gate)
        since = asked.created_at if asked else wave.waiting_since
        return WaitingGate(
            wave.wave_name,
            gate,
            url,
            rules=rules_of_gate(plan, execution, wave.wave_number) if plan else None,
            given=tuple(
                given
                for given in self._approvals
                if (given.wave_number, given.attempt) == (wave.wave_number, wave.attempt)
            ),
            since=since,
            until=since + plan.gate_timeout if plan and since else None,
            note=state_of(asked),
        )

    def _stranded(self) -> str | None:
        """Return why the record will stay as it is: its DAG run ended some time ago."""
        if time.monotonic() >= self._next_run_check:
            self._next_run_check = time.monotonic() + RUN_CHECK
            run = self.airflow.run(self.target)
            self._ended_at = (run.end_date or self._ended_at or now()) if run and run.ended else None
            self._held = self.airflow.held(self.target) if self._execution else None
        if self._ended_at is None or now() - self._ended_at < STRANDED_AFTER:
            return None
        last = task_id(Role.FINISH if self._execution else Role.OPEN)
        state = "is not final" if self._execution else "does not exist"
        url = task_url(settings().airflow_url, self.target.plan_id, self.target.run_id, last)
        return (
            f"The DAG run ended at {timestamp(self._ended_at)}, but its execution record {state}. "
            f"The log of {last} says why: {url}"
        )


def read_snapshot(store: ExecutionStore, execution: Execution) -> Snapshot:
    """Return the snapshot of an execution, from the record alone."""
    target = Target(execution.plan_id, execution.dag_run_id)
    return Watcher(store, target, AirflowView(None)).look()
