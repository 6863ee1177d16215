"""An execution of a three-wave shop, brought to any point of its life as the tasks would bring it there."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from drs_recovery.plan import Plan
from drs_recovery.plan.actions import Action
from drs_recovery.record.enums import EventType, ExecutionType, LaunchStatus, WaveStatus
from drs_recovery.record.events import Event
from drs_recovery.record.intent import Intent
from drs_recovery.record.judge import judge
from drs_recovery.record.models import Execution, WaveRecord, execution_id
from drs_recovery.record.outcome import outcome
from drs_recovery.record.parts import Approval, Failure
from drs_recovery.record.server_record import ServerRecord
from drs_recovery.record.status import final_status
from drs_recovery.settings import settings
from drs_recovery.store.lock import take_lock
from drs_recovery.store.open_attempt import Opening, open_attempt
from drs_recovery.store.programs import (
    approve,
    complete_execution,
    open_execution,
    start_recovery,
    wait_for_recovery,
)
from drs_recovery.store.queries import read_execution
from drs_recovery.store.servers import read_servers
from drs_recovery.store.store import ExecutionStore

if TYPE_CHECKING:
    from datetime import datetime

FLEET = {
    "DBWave1": (("s-000000000000db001", "db-1.shop.example", "shop-db-1"),),
    "AppWave2": (
        ("s-00000000000app001", "app-1.shop.example", "shop-app-1"),
        ("s-00000000000app002", "app-2.shop.example", "shop-app-2"),
    ),
    "WebWave3": (("s-00000000000web001", "web-1.shop.example", None), ("s-00000000000web002", None, None)),
}

SHOP = Plan.model_validate(
    {
        "id": "web_shop",
        "name": "Web shop",
        "description": "Three-tier shop.",
        "owner": "shop-team",
        "region": "eu-west-1",
        "approvers": ["alice", "bob"],
        "waves": [
            {
                "name": name,
                "servers": [server for server, *_ in servers],
                "pause_before_wave": name != "DBWave1",
            }
            for name, servers in FLEET.items()
        ],
    }
)


PAGED = SHOP.model_copy(
    update={"after": (Action.model_validate({"name": "note", "http": {"connection": "pager"}}),)}
)
"""The same with an action after its last wave."""


class Story:
    """One execution; every step takes a minute."""

    def __init__(
        self, client: Any, start: datetime, *, run_id: str, plan: Plan = SHOP, real: bool = False
    ) -> None:
        self.client, self.table = client, settings().table
        self.store = ExecutionStore(client, self.table, clock=self._next)
        self.plan, self.at, self.run_id = plan, start, run_id
        self.id = execution_id(plan.id, run_id)
        kind = ExecutionType.RECOVERY if real else ExecutionType.DRILL
        waves = tuple(
            WaveRecord(
                wave_number=number,
                wave_name=wave.name,
                pause_before_wave=wave.pause_before_wave,
                depends_on=plan.dependencies[number],
            )
            for number, wave in enumerate(plan.waves)
        )
        execution = Execution(
            execution_id=self.id,
            plan_id=plan.id,
            plan_name=plan.name,
            plan_hash=plan.hash,
            region=plan.region,
            dag_run_id=run_id,
            execution_type=kind,
            total_waves=len(waves),
            waves=waves,
            requested_by="alice",
            reason="monthly drill",
            start_time=start,
            open_since=start,
        )
        self.store.run(
            open_execution.open_execution(
                execution, self._message(EventType.OPENED, "alice", detail="monthly drill")
            )
        )

    def freeze(self) -> Story:
        """Take the plan's lock, freeze plan and servers."""
        self.store.run(take_lock(self.store.run(read_execution(self.id))))
        servers = [
            ServerRecord(
                source_server_id=server,
                hostname=hostname,
                name=name,
                wave_number=number,
                optional=True if server in (wave.optional or ()) else None,
            )
            for number, wave in enumerate(self.plan.waves)
            for server, hostname, name in FLEET[wave.name]
        ]
        self.store.run(open_execution.freeze(self.id, self.plan.dump(), servers))
        return self

    def refuse(self, why: str) -> Story:
        """Note that the start was refused."""
        self.store.run(open_execution.note_failure(self.id, Failure(kind="REFUSED", message=why)))
        return self

    def pause(self, wave: int) -> Story:
        """Ask at a gate."""
        self.store.run(approve.pause(self.id, wave, self._message(EventType.GATE_WAITING, "approve", wave)))
        return self

    def answer(self, wave: int, decision: str = "APPROVED", by: str | None = "bob") -> Story:
        """Answer a gate."""
        approval = Approval(decision=decision, by=by, time=self._next(), reason="looks right")
        write = approve.approve if decision == "APPROVED" else approve.reject
        self.store.run(write(self.id, wave, approval, self._message(EventType(decision), by, wave)))
        return self

    def launch(self, wave: int, phase: str | None = "CONVERSION") -> Story:
        """Start the wave's job, and have its servers in a phase."""
        ids = tuple(server.source_server_id for server in self.store.run(read_servers(self.id, wave)))
        intent = Intent(attempt=1, batch=0, servers=ids, time=self._next())
        self.store.run(start_recovery.intend(self.id, wave, intent))
        job = f"drsjob-{wave:017}"
        self.store.run(
            start_recovery.started(
                self.id, wave, intent, job, self._message(EventType.JOB_STARTED, "start_recovery", wave)
            )
        )
        going = {"launch_status": LaunchStatus.IN_PROGRESS, "phase": phase, "phase_since": self._next()}
        changed = [server.replace(**going) for server in self.store.run(read_servers(self.id, wave))]
        self.store.run(wait_for_recovery.poll(self.id, wave, 1, changed))
        return self

    def land(self, wave: int, *, failed: dict[str, str] | None = None) -> Story:
        """End the wave: its servers are LAUNCHED but for those that failed, with DRS's reason."""
        servers = [
            self._landed(server, failed or {}) for server in self.store.run(read_servers(self.id, wave))
        ]
        status, why = judge(self.store.run(read_execution(self.id)).wave(wave), servers)
        shown = self._message(EventType.WAVE_ENDED, "wait_for_recovery", wave, detail=status)
        self.store.run(
            wait_for_recovery.write_end(self.id, wave, 1, servers, status, failure=why, event=shown)
        )
        return self

    def finish(self) -> Story:
        """End the execution as its waves say."""
        execution = self.store.run(complete_execution.close_waves(self.id))
        status = final_status(execution.waves, failure=execution.failure, total_waves=execution.total_waves)
        texts = outcome(execution, self.store.run(read_servers(self.id)))
        shown = self._message(EventType.EXECUTION_ENDED, "complete_execution", detail=texts)
        self.store.run(complete_execution.write_end(self.id, status, texts, shown))
        self.store.run(complete_execution.release(self.store.run(read_execution(self.id))))
        return self

    def again(self, wave: int) -> Story:
        """Open a new attempt of a wave whose tasks were cleared."""
        shown = self._message(
            EventType.ATTEMPT_OPENED, "appwave2.approve", wave, attempt=2, detail="it was FAILED"
        )
        self.store.run(open_attempt(self.id, Opening(wave_number=wave, last=1, clear_number=1), shown))
        return self

    def to_the_second_gate(self) -> Story:
        """Recover the first wave, and wait at the gate of the second."""
        return self.freeze().launch(0).land(0).pause(1)

    def to_the_end(self) -> Story:
        """Recover everything."""
        self.to_the_second_gate().answer(1).launch(1).land(1)
        return self.pause(2).answer(2).launch(2).land(2).finish()

    def _landed(self, server: ServerRecord, failed: dict[str, str]) -> ServerRecord:
        if error := failed.get(server.source_server_id):
            return server.replace(launch_status=LaunchStatus.FAILED, error=error, end_time=self._next())
        tail = server.source_server_id[-5:]
        return server.replace(
            launch_status=LaunchStatus.LAUNCHED,
            recovery_instance_id=f"i-000000000000{tail}",
            private_ip=f"10.0.{server.wave_number}.{ord(tail[-1])}",
            end_time=self._next(),
        )

    def _next(self) -> datetime:
        self.at += timedelta(minutes=1)
        return self.at

    def _message(self, type_: EventType, actor: str | None, wave: int | None = None, **more: Any) -> Event:
        return Event(type=type_, time=self._next(), actor=actor, wave_number=wave, **more)


def wave_status(story: Story, number: int) -> WaveStatus:
    """Return what the record says of a wave."""
    return story.store.run(read_execution(story.id)).wave(number).status
