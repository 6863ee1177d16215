"""What the tasks of a plan do, as the product does it: the code of the tasks, without Airflow around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from drs_recovery.engine.attempt import Clear
from drs_recovery.engine.finish import end_execution
from drs_recovery.engine.gate import GateRequest, open_gate, record_answer
from drs_recovery.engine.journal import Journal
from drs_recovery.engine.open import Ports, new_execution, open_record, put_record
from drs_recovery.engine.readiness.facts import Facts, ServerFacts
from drs_recovery.engine.same_run import Run
from drs_recovery.engine.start import Ports as StartPorts
from drs_recovery.engine.start import StartRequest, Waiting, start_wave
from drs_recovery.engine.watch import WatchedWave, end_wave
from drs_recovery.errors import StartRefused
from drs_recovery.plan import Plan, SourceServer, policies
from drs_recovery.record.enums import (
    Decision,
    EventType,
    ExecutionType,
    LaunchStatus,
    OnFailure,
    WaveStatus,
)
from drs_recovery.record.events import Event
from drs_recovery.record.models import Execution, WaveRecord, execution_id
from drs_recovery.record.parts import Approval
from drs_recovery.store.intents import with_servers
from drs_recovery.store.lock import unlock
from drs_recovery.store.programs import (
    start_recovery,
    wait_for_recovery,
)
from drs_recovery.store.queries import open_executions, read_execution
from drs_recovery.store.servers import read_servers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.record.server_record import ServerRecord
    from drs_recovery.store.store import ExecutionStore

SERVERS = (("s-000000000000db001", "s-000000000000db002"), ("s-00000000000app001",))
OPTIONAL = "s-000000000000db002"
WAVES = len(SERVERS)


@dataclass
class Clock:
    """The time of all processes: the real one, and what a test let pass."""

    passed: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.passed


def plan_of(plan_id: str, on_failure: OnFailure) -> Plan:
    """Return a plan of two waves, the second behind a gate; ``on_failure`` is that of the first."""
    first = {"optional": [OPTIONAL], "on_failure": on_failure.value}
    waves = [
        {"name": "Wave1", "servers": list(SERVERS[0]), **first},
        {"name": "Wave2", "servers": list(SERVERS[1]), "pause_before_wave": True},
    ]
    return Plan.model_validate(
        {
            "id": plan_id,
            "name": "Shop",
            "description": "For the machine.",
            "owner": "tests",
            "region": "eu-west-1",
            "approvers": ("alice",),
            "waves": waves,
        }
    )


async def as_recorded(_: DrsHook, known: Sequence[ServerRecord], *__: Any) -> list[ServerRecord]:
    """Return the servers of ended jobs as the sensor saw them: in the local AWS all are launched."""
    return list(known)


@dataclass
class Tasks:
    """The tasks of one execution; each method is what one process does, from first to last."""

    store: ExecutionStore
    hook: DrsHook
    plan: Plan
    run_id: str
    type: ExecutionType
    clock: Clock
    cleared: int = 0

    @property
    def id(self) -> str:
        """The execution id."""
        return execution_id(self.plan.id, self.run_id)

    @property
    def run(self) -> Run:
        """The DAG run."""
        conf = {"execution_type": self.type.value}
        if self.type is ExecutionType.RECOVERY:
            conf |= dict.fromkeys(("confirm", "replace_recovered"), self.plan.id)
        return Run(
            self.plan.id, self.run_id, "manual", conf=conf, user="alice", airflow_url="http://airflow.example"
        )

    @property
    def new(self) -> Execution:
        """The record as it begins."""
        return new_execution(self.plan, self.run, self.clock())

    def new_event(self, kind: EventType, wave: WaveRecord | None = None, detail: str = "happened") -> Event:
        """Return an event."""
        number, attempt = (wave.wave_number, wave.attempt) if wave else (None, None)
        return Event(
            type=kind, time=self.clock(), actor="machine", detail=detail, wave_number=number, attempt=attempt
        )

    def journal(self, task_id: str) -> Journal:
        """Return the journal of a task."""
        return Journal(task_id, self.clock)

    @property
    def clear(self) -> Clear:
        """What Airflow knows: how often the run was cleared, and that no other is over."""
        return Clear(self.cleared, lambda _: False)

    def open(self, is_finished: Callable[[Execution], bool]) -> None:
        """`open_execution`; what AWS would answer is known."""
        journal = self.journal("open_execution")
        record = put_record(self.store, journal, self.new, "opened")
        ports = Ports(self.store, journal, self.facts, is_finished)
        open_record(record, self.plan, self.run, ports, last_try=False)

    def facts(self) -> tuple[Facts, ...]:
        """Return what the checks look at: a fleet without problems."""
        servers = [[SourceServer(source_server_id=each) for each in wave] for wave in SERVERS]
        healthy = tuple(tuple(ServerFacts(each, state="CONTINUOUS") for each in wave) for wave in servers)
        return (Facts(healthy, policies(self.plan, tuple(map(tuple, servers)))),)

    def ask(self, number: int) -> None:
        """`approve`, until it waits."""
        request = GateRequest(number, self.plan.waves[number].name, self.clear, asked=True)
        journal = self.journal(f"wave{number + 1}.approve")
        open_gate(self.store.run(read_execution(self.id)), request, self.store, journal)

    def answer(self, number: int, decision: Decision) -> None:
        """`approve`, when it was answered."""
        record = self.store.run(read_execution(self.id))
        wave = record.wave(number)
        given = Approval(decision=decision, by="alice", time=self.clock(), attempt=wave.attempt)
        record_answer(self.store, self.journal(f"wave{number + 1}.approve"), record, wave, given)

    def start(self, number: int) -> None:
        """`start_recovery`."""
        journal = self.journal(f"wave{number + 1}.start_recovery")
        request = StartRequest(number, self.plan.waves[number].name, self.clock(), self.clear, {})
        ports = StartPorts(self.store, journal, lambda _: self.hook)
        result = start_wave(self.store.run(read_execution(self.id)), request, ports)
        if isinstance(result, Waiting):
            raise result.waits[0]

    def cannot_start(self, number: int) -> None:
        """`start_recovery` of a wave that AWS refuses."""
        wave = self.store.run(read_execution(self.id)).wave(number)
        event = self.new_event(EventType.WAVE_ENDED, wave)
        self.store.run(
            start_recovery.fail_wave(self.id, number, wave.attempt, "AccessDeniedException", event)
        )

    def _watched(self, number: int, status: LaunchStatus) -> tuple[WaveRecord, list[ServerRecord]]:
        """Return a wave whose jobs are on record, as a sensor sees to, and its servers as DRS shows them."""
        wave = self.store.run(read_execution(self.id)).wave(number)
        if not wave.attempt_job_ids and not wave.has_nothing_to_start:
            raise StartRefused(f"{wave.wave_name} has no jobs")
        servers = self.store.run(read_servers(self.id, number))
        if wave.has_nothing_to_start:
            return wave, servers
        intents = self.store.run(with_servers(self.id, wave.attempt_intents))
        jobs = {server: each.job_id for each in intents if each.job_id for server in each.servers}
        seen = {"launch_status": status, "attempt": wave.attempt}
        return wave, [
            server.replace(job_id=jobs[server.source_server_id], **seen)
            if server.source_server_id in jobs
            else server
            for server in servers
        ]

    def poll(self, number: int, status: LaunchStatus) -> None:
        """The trigger of `wait_for_recovery`, once."""
        wave, servers = self._watched(number, status)
        self.store.run(wait_for_recovery.poll(self.id, number, wave.attempt, servers))
        self.store.run(wait_for_recovery.polled(self.id, self.clock()))

    def end_wave(self, number: int, failed: int) -> None:
        """The trigger or the sensor, when the jobs have ended, and so many of the last servers failed."""
        wave, servers = self._watched(number, LaunchStatus.LAUNCHED)
        for place in range(len(servers))[::-1][:failed]:
            if servers[place].job_id is not None:
                servers[place] = servers[place].replace(launch_status=LaunchStatus.FAILED)
        watched = WatchedWave(self.id, number, wave.attempt, f"wave{number + 1}.wait_for_recovery")
        jobs: Any = [{"jobID": job_id, "status": "COMPLETED"} for job_id in wave.attempt_job_ids]
        self.store.run(end_wave(watched, self.journal(watched.actor), servers, jobs))

    def end_wave_as(self, number: int, status: WaveStatus) -> None:
        """The sensor, with a verdict that its servers do not bear out."""
        wave, servers = self._watched(number, LaunchStatus.IN_PROGRESS)
        self.store.run(
            wait_for_recovery.write_end(self.id, number, wave.attempt, servers, status, failure="so")
        )

    def complete(self, run_finished: str | None = None) -> None:
        """`complete_execution`, or the reconciler where the DAG run is over."""
        journal = self.journal("complete_execution")
        execution = put_record(self.store, journal, self.new, "at its end")
        end_execution(self.store, journal, execution, {}, run_finished=run_finished)

    def reconcile(self, is_finished: Callable[[Execution], bool]) -> None:
        """`reconcile`, as far as this execution goes."""
        for execution in self.store.run(open_executions()):
            if execution.execution_id == self.id and is_finished(execution):
                self.complete(run_finished="its DAG run is gone")

    def unlock(self) -> None:
        """`recovery unlock`."""
        self.store.run(unlock(self.plan.id, "alice", "its run hangs"))
