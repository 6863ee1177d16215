"""The state of an execution at one moment, from the record and, where it helps, from Airflow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drs_recovery.record.enums import WaveStatus
from drs_recovery.record.models import execution_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from drs_recovery.record.approvals import GateRules, GivenApproval
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.record.parts import Approval
    from drs_recovery.record.server_record import ServerRecord
    from drs_recovery.record.server_settings import PutBack, ServerSettings
    from drs_recovery.record.task_record import TaskRecord


@dataclass(frozen=True)
class Target:
    """The DAG run that is watched, whether it is on record yet or not."""

    plan_id: str
    run_id: str

    @property
    def execution_id(self) -> str:
        """The id of the execution that the run is."""
        return execution_id(self.plan_id, self.run_id)


@dataclass(frozen=True)
class WaitingGate:
    """A gate that waits before a wave: who may answer, where, since and until when.

    ``rules`` is None where there is no frozen plan yet. ``given`` are approvals that do not pass it yet.
    """

    wave_name: str
    task_id: str
    url: str
    rules: GateRules | None = None
    given: tuple[Approval, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    note: str | None = None

    @property
    def who(self) -> str:
        """Who may answer, as a text."""
        return self.rules.who if self.rules else "the approvers of the plan"

    @property
    def approved_by(self) -> tuple[str, ...]:
        """Who has approved, of those that it needs."""
        return tuple(answer.by for answer in self.given if answer.by)

    @property
    def missing(self) -> int:
        """How many more people must approve."""
        return self.rules.missing(self.given) if self.rules else 1


@dataclass(frozen=True)
class Snapshot:
    """An execution with its servers and gates, as of ``at``.

    ``approvals`` are those of gates that need several, beside the last ones, which its waves hold.
    ``execution`` is None before the run is on record; ``queued`` says what it waits for. ``notes`` are
    on what could not be read. ``stranded`` is why the record will never become final by itself.
    ``standings`` is, by number, where waves stand that wait for room in DRS.
    ``settings`` and ``put_back`` are of launch settings; `show` alone reads them.
    """

    target: Target
    at: datetime
    execution: Execution | None = None
    servers: tuple[ServerRecord, ...] = ()
    gates: tuple[WaitingGate, ...] = ()
    approvals: tuple[GivenApproval, ...] = ()
    queued: str | None = None
    notes: tuple[str, ...] = ()
    stranded: str | None = None
    settings: tuple[ServerSettings, ...] = ()
    put_back: PutBack | None = None
    actions: tuple[TaskRecord, ...] = ()
    standings: Mapping[int, str] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether it changes no more by itself."""
        return self.stranded is not None or (self.execution is not None and self.execution.final)

    def servers_of(self, wave: WaveRecord) -> tuple[ServerRecord, ...]:
        """Return the servers of a wave."""
        return tuple(server for server in self.servers if server.wave_number == wave.wave_number)

    def actions_of(self, number: int | None) -> tuple[TaskRecord, ...]:
        """Return what is on record of the actions of a wave, or of the plan as a whole, in their order."""
        own = [action for action in self.actions if action.wave_number == number]
        return tuple(sorted(own, key=lambda action: (action.name.startswith("after_"), _began(action))))


def _began(action: TaskRecord) -> str:
    time = action.start_time or action.end_time
    return time.isoformat() if time else ""


def paused_waves(execution: Execution) -> tuple[WaveRecord, ...]:
    """Return the waves whose gates wait; an approved one is PAUSED until it starts."""
    return tuple(wave for wave in execution.waves if wave.status is WaveStatus.PAUSED and not wave.approved)
