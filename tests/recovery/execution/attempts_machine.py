"""A machine of an execution whose run ends and is cleared again and again, each writer cut off anywhere.

Its invariants read raw items, not through the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from drs_recovery.errors import RecordError, StartRefused
from drs_recovery.record.attempts import to_start
from drs_recovery.record.enums import EventType, LaunchStatus, WaveStatus
from drs_recovery.record.judge import judge
from drs_recovery.record.status import RunEnd, final_status
from drs_recovery.store.open_attempt import Opening, open_attempt
from drs_recovery.store.programs import approve, complete_execution, start_recovery, wait_for_recovery
from drs_recovery.store.queries import read_execution
from drs_recovery.store.servers import read_servers
from tests.recovery.execution.world import Make, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_recovery.record.models import WaveRecord
    from drs_recovery.store.requests import StoreProgram

WAVES, EACH = 2, 2
deaths = st.none() | st.integers(1, 5)
numbers = st.sampled_from(range(WAVES))


class Attempts(RuleBasedStateMachine):
    """Processes of one execution over all its attempts; ``death`` is the write after which one is gone."""

    client: Any
    fragile: Any
    table: str
    runs = 0

    @initialize()
    def begin(self) -> None:
        type(self).runs += 1
        self.world = World(self.client, Make(), self.table)
        self.world.frozen(waves=WAVES, each=EACH, run=f"manual__{self.runs}")
        self.store, (client, self.wire) = self.world.store, self.fragile
        self.store._client = client
        self.cleared = 0
        self.launched: dict[str, int] = {}
        self.over: dict[str, Any] | None = None

    def do(
        self, death: int | None, step: Callable[..., StoreProgram[object]], *arguments: Any, **more: Any
    ) -> None:
        if death is not None:
            self.wire.die_after(death)
        try:
            self.store.run(step(self.world.id, *arguments, **more))
        except (RecordError, StartRefused):
            pass
        finally:
            self.wire.mend()

    def wave(self, number: int) -> WaveRecord:
        return self.store.run(read_execution(self.world.id)).wave(number)

    @rule(number=numbers, death=deaths)
    def goes_on(self, number: int, death: int | None) -> None:
        """Ask, answer and start, as far as the wave has come."""
        wave = self.wave(number)
        if wave.status is WaveStatus.PENDING and wave.pause_before_wave:
            self.do(death, approve.pause, number)
        elif wave.status is WaveStatus.PAUSED and not wave.approved:
            answer = self.world.make.approval(attempt=wave.attempt)
            self.do(death, approve.approve, number, answer)
        elif wave.open_intents:
            intent = wave.open_intents[0]
            self.do(death, start_recovery.started, number, intent, f"drsjob of {intent.intent_id}")
        elif not wave.status.final and not wave.attempt_job_ids:
            self.starts(wave, death)

    def starts(self, wave: WaveRecord, death: int | None) -> None:
        servers = to_start(wave, self.store.run(read_servers(self.world.id, wave.wave_number)))
        ids = [server.source_server_id for server in servers]
        if not ids:
            self.do(death, start_recovery.nothing_to_start, wave.wave_number, wave.attempt)
            return
        assert not set(ids) & self.launched.keys(), "launched, and started again"
        intent = self.world.make.intent(wave.wave_number, attempt=wave.attempt, servers=ids)
        self.do(death, start_recovery.intend, wave.wave_number, intent)

    @rule(number=numbers, death=deaths, last=st.sampled_from(list(LaunchStatus)))
    def job_ends(self, number: int, death: int | None, last: LaunchStatus) -> None:
        """Judge the wave as its sensor does, by all its servers."""
        wave = self.wave(number)
        if wave.status.final or not (wave.attempt_job_ids or wave.has_nothing_to_start):
            return
        servers = self.store.run(read_servers(self.world.id, number))
        mine = [server.source_server_id for server in to_start(wave, servers)]
        fates = dict.fromkeys(mine, LaunchStatus.LAUNCHED) | ({mine[-1]: last} if mine else {})
        judged = [
            server.replace(launch_status=fates.get(server.source_server_id, server.launch_status))
            for server in servers
        ]
        status, why = judge(wave, judged)
        self.do(death, wait_for_recovery.write_end, number, wave.attempt, judged, status, failure=why)
        for server in self.store.run(read_servers(self.world.id, number)):
            if server.launch_status is LaunchStatus.LAUNCHED and server.end_time:
                self.launched[server.source_server_id] = server.attempt

    @rule(number=numbers, status=st.sampled_from(list(LaunchStatus)), back=st.integers(0, 2))
    def late(self, number: int, status: LaunchStatus, back: int) -> None:
        """Let a process of an earlier attempt, or of this one, write what it believes."""
        attempt = self.wave(number).attempt - back
        servers = self.store.run(read_servers(self.world.id, number))
        believed = [server.replace(launch_status=status, attempt=max(attempt, 1)) for server in servers]
        if back:
            self.do(None, wait_for_recovery.poll, number, attempt, believed)
            self.do(None, wait_for_recovery.write_end, number, attempt, believed, WaveStatus.COMPLETED)
        else:
            self.do(None, wait_for_recovery.polled, self.world.make.time())

    @rule(death=deaths, interrupted=st.none() | st.just("marked failed"))
    def run_ends(self, death: int | None, interrupted: str | None) -> None:
        """End the execution as complete_execution does."""
        self.do(death, complete_execution.close_waves, RunEnd(interrupted=interrupted))
        execution = self.store.run(read_execution(self.world.id))
        if not execution.final and all(wave.status.final for wave in execution.waves):
            status = final_status(execution.waves, interrupted=interrupted is not None, total_waves=WAVES)
            told = self.world.make.event(EventType.EXECUTION_ENDED)
            self.do(death, complete_execution.write_end, status, "over", told)

    @rule(number=numbers, death=deaths, again=st.booleans())
    def cleared_wave(self, number: int, death: int | None, again: bool) -> None:
        """Clear the tasks of a wave, or run them again without a clear; settle what is open as found."""
        self.cleared += again
        wave = self.wave(number)
        found = [intent.replace(job_id=f"drsjob of {intent.intent_id}") for intent in wave.open_intents]
        opening = Opening(number, wave.attempt, self.cleared, found)
        before = self.store.run(read_execution(self.world.id))
        self.do(death, open_attempt, opening)
        after = self.store.run(read_execution(self.world.id))
        if after.attempts > before.attempts:
            assert self.cleared > (wave.clear_number or 0)
            assert wave.status.final
            assert wave.status is not WaveStatus.COMPLETED
            self.over = None

    @invariant()
    def the_record_is_true(self) -> None:
        items = self.world.items()
        record = next(item for item in items if item["item"] == "EXECUTION")
        servers = [item for item in items if item["item"].startswith("SERVER#")]
        waves = record["waves"]
        for wave in waves:
            mine = [server for server in servers if server["waveNumber"] == wave["waveNumber"]]
            if wave["status"] == "COMPLETED":
                assert [server["launchStatus"] for server in mine] == ["LAUNCHED"] * EACH
            sent = [intent for intent in wave["intents"] if intent["attempt"] == wave["attempt"]]
            assert sum("refusal" not in intent for intent in sent) <= 1
            if sent and wave["pauseBeforeWave"]:
                assert wave["approval"]["attempt"] == wave["attempt"]
            if sent:
                assert all(waves[int(number)]["status"] == "COMPLETED" for number in wave["dependsOn"])
        for server in servers:
            if server["sourceServerID"] in self.launched:
                assert server["launchStatus"] == "LAUNCHED"
        if "endTime" in record:
            assert "openSince" not in record
            assert (record["status"] == "COMPLETED") == all(w["status"] == "COMPLETED" for w in waves) or (
                record["status"] == "CANCELLED"
            )
            self.over = self.over or record
            assert record == self.over, "a final status changed without a new attempt"
        else:
            assert self.over is None, "an execution was opened again without a new attempt"
