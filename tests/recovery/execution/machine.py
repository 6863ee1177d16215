"""A machine of all writers of an execution, in any order, each cut off after any of its writes.

Its invariants read raw items, not through the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from drs_recovery.errors import RecordError, StartRefused
from drs_recovery.record.enums import Decision, ExecutionStatus, LaunchStatus, WaveStatus
from drs_recovery.record.models import Failure
from drs_recovery.record.status import RunEnd, final_status
from drs_recovery.store.programs import (
    approve,
    complete_execution,
    open_execution,
    start_recovery,
    wait_for_recovery,
)
from drs_recovery.store.queries import read_execution
from drs_recovery.store.servers import read_servers
from tests.recovery.execution.world import Make, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_recovery.record.intent import Intent
    from drs_recovery.store.requests import StoreProgram

WAVES, EACH = 2, 1
STEPS = 9
"""From the opening of an execution to its end, when nothing happens to it."""

numbers = st.sampled_from([None, None, *range(WAVES)])
"""Of a wave; None: the one whose turn it is, where most of what matters happens."""
lasts = st.sampled_from(
    [LaunchStatus.LAUNCHED, LaunchStatus.FAILED, LaunchStatus.LAUNCHED, LaunchStatus.PENDING]
)
deaths = st.none() | st.integers(1, 4)
FINAL = [status for status in ExecutionStatus if status.final]
OVER = [status for status in WaveStatus if status.final]
MET = {"COMPLETED", "PARTIAL"}


class Writers(RuleBasedStateMachine):
    """Processes that write one execution; ``death`` is the write after which such a process is gone."""

    client: Any
    fragile: Any
    table: str
    runs = 0

    @initialize(ahead=st.integers(0, STEPS))
    def begin(self, ahead: int) -> None:
        """Begin somewhere on the way of an execution to which nothing happens."""
        type(self).runs += 1
        self.world = World(self.client, Make(), self.table)
        self.world.frozen(waves=WAVES, each=EACH, run=f"manual__{self.runs}")
        self.store, (client, self.wire) = self.world.store, self.fragile
        self.store._client = client
        self.intents: dict[int, list[Intent]] = {number: [] for number in range(WAVES)}
        self.over: dict[str, Any] = {}
        self.no_room: tuple[int, int] | None = None
        for _ in range(ahead):
            self.next_step(None)

    def do(
        self, death: int | None, step: Callable[..., StoreProgram[object]], *arguments: Any, **more: Any
    ) -> None:
        """Let a process do a step, which the record may refuse, or which a death may cut off."""
        if death is not None:
            self.wire.die_after(death)
        elif self.no_room:
            self.wire.refuse(*self.no_room)
        try:
            self.store.run(step(self.world.id, *arguments, **more))
        except (RecordError, StartRefused):
            pass
        finally:
            self.no_room = None
            self.wire.mend()

    def turn(self, number: int | None) -> int:
        """Return a wave's number: the one that is asked for, or the first that has not ended."""
        if number is not None:
            return number
        waves = self.store.run(read_execution(self.world.id)).waves
        return next((wave.wave_number for wave in waves if not wave.status.final), 0)

    @rule(first=st.integers(1, 3), times=st.integers(1, 4))
    def there_is_no_room(self, first: int, times: int) -> None:
        """Let DynamoDB refuse writes of the next process for their size."""
        self.no_room = first, times

    @rule(number=numbers, death=deaths)
    def gate(self, number: int | None, death: int | None) -> None:
        number = self.turn(number)
        self.do(death, approve.pause, number)

    @rule(number=numbers, death=deaths, decision=st.sampled_from([Decision.APPROVED] * 4 + [*Decision]))
    def answer(self, number: int | None, death: int | None, decision: Decision) -> None:
        number = self.turn(number)
        approved = decision is Decision.APPROVED
        step = approve.approve if approved else approve.reject
        self.do(death, step, number, self.world.make.approval(decision))

    @rule(number=numbers, death=deaths)
    def announce(self, number: int | None, death: int | None) -> None:
        number = self.turn(number)
        self.intents[number].append(intent := self.world.make.intent(number, each=EACH))
        self.do(death, start_recovery.intend, number, intent)

    @rule(number=numbers, death=deaths, data=st.data())
    def job(self, number: int | None, death: int | None, data: st.DataObject) -> None:
        number = self.turn(number)
        if self.intents[number]:
            intent = data.draw(st.sampled_from(self.intents[number]))
            step = data.draw(st.sampled_from([start_recovery.started, complete_execution.adopt]))
            self.do(death, step, number, intent, f"drsjob of {intent.intent_id}")

    @rule(number=numbers, death=deaths, data=st.data())
    def refusal(self, number: int | None, death: int | None, data: st.DataObject) -> None:
        number = self.turn(number)
        if self.intents[number]:
            intent = data.draw(st.sampled_from(self.intents[number]))
            self.do(death, start_recovery.refused, number, intent, "ConflictException")

    @rule(number=numbers, death=deaths, status=st.sampled_from(LaunchStatus), ended=st.booleans())
    def progress(self, number: int | None, death: int | None, status: LaunchStatus, ended: bool) -> None:
        number = self.turn(number)
        end = self.world.make.time() if ended and status is not LaunchStatus.IN_PROGRESS else None
        servers = self.store.run(read_servers(self.world.id, number))
        changed = [
            server.replace(launch_status=status, end_time=server.end_time or end) for server in servers
        ]
        self.do(death, wait_for_recovery.poll, number, 1, changed[: 1 if ended else EACH])

    @rule(number=numbers, death=deaths, status=st.sampled_from([WaveStatus.COMPLETED] * 6 + OVER), last=lasts)
    def wave_ends(
        self, number: int | None, death: int | None, status: WaveStatus, last: LaunchStatus
    ) -> None:
        number = self.turn(number)
        servers = self.world.launched(number)
        servers[-1] = servers[-1].replace(launch_status=last)
        self.do(death, wait_for_recovery.write_end, number, 1, servers, status, failure=f"ended {status}")

    @rule(number=numbers, death=deaths)
    def cannot_start(self, number: int | None, death: int | None) -> None:
        number = self.turn(number)
        self.do(death, start_recovery.fail_wave, number, 1, "AccessDeniedException")

    @rule(death=deaths)
    def fails_beside_its_waves(self, death: int | None) -> None:
        self.do(death, open_execution.note_failure, Failure(kind="FAILED", message="no such server"))

    @rule(death=deaths, interrupted=st.none() | st.just("marked failed"))
    def closes(self, death: int | None, interrupted: str | None) -> None:
        self.do(death, complete_execution.close_waves, RunEnd(interrupted=interrupted))

    @rule(death=deaths, status=st.sampled_from([ExecutionStatus.COMPLETED] * 5 + FINAL))
    def ends_at_will(self, death: int | None, status: ExecutionStatus) -> None:
        self.do(death, complete_execution.write_end, status, "at will")

    @rule(death=deaths)
    def completes(self, death: int | None) -> None:
        """Do what complete_execution does, as soon as all waves are over."""
        execution = self.store.run(read_execution(self.world.id))
        if all(wave.status.final for wave in execution.waves):
            status = final_status(execution.waves, failure=execution.failure, total_waves=WAVES)
            self.do(death, complete_execution.write_end, status, "in its order")

    @rule(death=deaths)
    def next_step(self, death: int | None) -> None:
        """Do what comes next when nothing goes wrong."""
        waves = self.store.run(read_execution(self.world.id)).waves
        wave = next((wave for wave in waves if not wave.status.final), None)
        if wave is None:
            self.completes(death)
        elif wave.open_intents:
            intent = wave.open_intents[0]
            self.do(death, start_recovery.started, wave.wave_number, intent, f"drsjob of {intent.intent_id}")
        elif wave.attempt_job_ids:
            servers = self.world.launched(wave.wave_number)
            self.do(death, wait_for_recovery.write_end, wave.wave_number, 1, servers, WaveStatus.COMPLETED)
        elif not wave.pause_before_wave or wave.approved:
            self.announce(wave.wave_number, death)
        elif wave.status is WaveStatus.PAUSED:
            self.answer(wave.wave_number, death, Decision.APPROVED)
        else:
            self.gate(wave.wave_number, death)

    @invariant()
    def the_record_is_true(self) -> None:
        items = self.world.items()
        record = next(item for item in items if item["item"] == "EXECUTION")
        self.check_completed(record, [item for item in items if item["item"].startswith("SERVER#")])
        self.check_over(record)

    def check_completed(self, record: dict[str, Any], servers: list[dict[str, Any]]) -> None:
        """Invariant 1: no execution before its waves, no wave before its servers; and invariants 2 to 4."""
        waves = record["waves"]
        assert len(waves) == record["totalWaves"] == WAVES
        assert record["completedWaves"] == sum(wave["status"] in MET for wave in waves)
        if record["status"] == "COMPLETED":
            assert [wave["status"] for wave in waves] == ["COMPLETED"] * WAVES
        for wave in waves:
            mine = [server for server in servers if server["waveNumber"] == wave["waveNumber"]]
            if wave["status"] == "COMPLETED":
                assert [server["launchStatus"] for server in mine] == ["LAUNCHED"] * EACH
            if wave["intents"]:
                assert all(waves[int(number)]["status"] in MET for number in wave["dependsOn"])
                assert not wave["pauseBeforeWave"] or wave["approval"]["decision"] == "APPROVED"
            assert sum("refusal" not in intent for intent in wave["intents"]) <= 1

    def check_over(self, record: dict[str, Any]) -> None:
        """Invariant 6: a final status is written once; neither it nor that of a wave ever changes."""
        final = record["status"] in {str(status) for status in FINAL}
        assert final == ("endTime" in record) == ("openSince" not in record)
        if final:
            assert self.over.setdefault("execution", record) == record
        assert final == ("execution" in self.over)
        for number, wave in enumerate(record["waves"]):
            if wave["status"] in OVER:
                self.over.setdefault(str(number), wave["status"])
            assert self.over.get(str(number), wave["status"]) == wave["status"]
