"""A machine of all writers of an execution, over all its attempts, each cut off after any of its writes.

Its invariants, which read raw items, are in ``record_truth``.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from drs_recovery.errors import RecordError, StartRefused
from drs_recovery.record.attempts import to_start
from drs_recovery.record.enums import Decision, ExecutionStatus, ExecutionType, LaunchStatus, WaveStatus
from drs_recovery.record.judge import judge
from drs_recovery.record.parts import Failure
from drs_recovery.record.server_record import ServerRecord
from drs_recovery.store.lock import take_lock
from drs_recovery.store.open_attempt import Opening, open_attempt
from drs_recovery.store.programs import (
    approve,
    cancel,
    complete_execution,
    open_execution,
    start_recovery,
    wait_for_recovery,
)
from tests.recovery.execution.ended import brought_to_its_end
from tests.recovery.execution.record_truth import (
    AT_WILL,
    EACH,
    ENDS,
    MET,
    WAVE_ENDS,
    WAVES,
    Seen,
    Table,
    TrueRecord,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_recovery.record.intent import Intent
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.store.requests import Item, StoreProgram
    from drs_recovery.store.store import ExecutionStore
    from tests.recovery.execution.stored import Make

    Key = tuple[str, str]

FAILS, STEPS = 9, 17
"""The step at which a server of the second wave fails; with its second attempt the way ends."""
numbers = st.sampled_from([None, None, *range(WAVES)])
"""Of a wave; None: the one whose turn it is, where most of what matters happens."""
deaths = st.none() | st.integers(1, 5)
"""The write after which a process is gone."""
backs = st.sampled_from([0, 0, 0, 1, 2])
"""How many attempts, or announcements, a process is behind."""
lasts = st.sampled_from([LaunchStatus.LAUNCHED, *LaunchStatus])
"""What becomes of the last server of a wave."""
OF_AN_END = {"endTime", "outcome", "taskFailure", "taskSkips", "taskNotes", "cancelAsked"}
OF_AN_ATTEMPT = {"intents", "approval", "waitingSince", "startTime", "endTime", "failure"}


def opening(execution: Execution, servers: list[ServerRecord]) -> StoreProgram[None]:
    """Open an execution as its first task does."""
    yield from open_execution.open_execution(execution)
    yield from take_lock(execution)
    yield from open_execution.freeze(execution.execution_id, "{}", servers)


class RecordMachine(TrueRecord):
    """Processes that write one execution; ``death`` is the write after which such a process is gone."""

    store: ExecutionStore
    make: Make
    table: Table
    way: ClassVar[list[tuple[dict[Key, Item], Seen]]]
    """What is in the table, and was seen of it, after each step of an execution that takes two attempts."""

    @classmethod
    def walk(cls, store: ExecutionStore, make: Make, table: Table) -> None:
        """Go all the way once: each run begins somewhere on it."""
        cls.store, cls.make, cls.table, cls.way = store, make, table, [({}, Seen())]
        machine = cls()
        machine.begin(0)
        for step in range(1, STEPS + 1):
            machine.next_step(None, LaunchStatus.FAILED if step == FAILS else LaunchStatus.LAUNCHED)
            machine.the_record_is_true()
            cls.way.append((dict(cls.table.items), deepcopy(machine.seen)))

    @initialize(steps=st.integers(0, STEPS))
    def begin(self, steps: int) -> None:
        """Begin somewhere on the way."""
        items, seen = self.way[steps]
        self.table.restore(items)
        self.first = self.make.execution(waves=WAVES)
        self.id, self.seen, self.no_room = self.first.execution_id, deepcopy(seen), None

    def do(self, death: int | None, program: StoreProgram[object], back: int = 0) -> bool:
        """Let a process run a program; no process of an earlier attempt changes a wave."""
        waves = self.execution.waves if back else ()
        taken = self.run(death, lambda: self.store.run(program))
        assert not back or self.execution.waves == waves
        return taken

    def run(self, death: int | None, work: Callable[[], object]) -> bool:
        """Let a process work; return whether the record took it, and nothing cut it off."""
        if death is not None:
            self.table.wire.die_after(death)
        elif self.no_room:
            self.table.wire.refuse(*self.no_room)
        self.no_room, taken = None, True
        try:
            work()
        except (RecordError, StartRefused):
            taken = False
        finally:
            self.table.wire.mend()
            self.table.read()
        return taken

    def servers_of(self, wave: WaveRecord, last: LaunchStatus, back: int = 0) -> list[ServerRecord]:
        """Return the servers of a wave as its job shows them, if it has one: launched, but for the last."""
        servers = [ServerRecord.from_item(item) for item in self.servers]
        servers = [server for server in servers if server.wave_number == wave.wave_number]
        mine = to_start(wave, servers) if wave.attempt_job_ids else []
        shown = {"job_id": (*wave.attempt_job_ids, None)[0], "attempt": max(wave.attempt - back, 1)}
        for server in mine:
            status = last if server == mine[-1] else LaunchStatus.LAUNCHED
            servers[servers.index(server)] = server.replace(launch_status=status, **shown)
        return servers

    # What may happen, at any time

    @rule(first=st.integers(1, 3), times=st.integers(1, 4))
    def there_is_no_room(self, first: int, times: int) -> None:
        """Let DynamoDB refuse writes of the next process for their size."""
        self.no_room = first, times

    @rule(death=deaths)
    def opens(self, death: int | None) -> None:
        self.do(death, opening(self.first, self.make.servers(WAVES, EACH)))

    @rule(death=deaths, kind=st.sampled_from(ExecutionType))
    def another_opens(self, death: int | None, kind: ExecutionType) -> None:
        """Let another execution of the plan open."""
        self.seen.others += 1
        run = f"another__{self.seen.others}"
        other = self.make.execution(run, waves=1, execution_type=kind)
        self.do(death, opening(other, self.make.servers(1, 1)))

    @precondition(lambda self: self.holder not in {None, self.id})
    @rule(death=deaths)
    def another_ends(self, death: int | None) -> None:
        self.run(death, lambda: brought_to_its_end(self.store, self.holder, interrupted="marked failed"))

    @rule(number=numbers, death=deaths)
    def gate(self, number: int | None, death: int | None) -> None:
        self.do(death, approve.pause(self.id, self.wave(number).wave_number))

    @rule(number=numbers, death=deaths, decision=st.sampled_from([Decision.APPROVED, *Decision]), back=backs)
    def answer(self, number: int | None, death: int | None, decision: Decision, back: int = 0) -> None:
        wave = self.wave(number)
        step = approve.approve if decision is Decision.APPROVED else approve.reject
        approval = self.make.approval(decision, attempt=wave.attempt - back)
        self.do(death, step(self.id, wave.wave_number, approval), back)

    @rule(number=numbers, death=deaths)
    def announce(self, number: int | None, death: int | None) -> None:
        """Announce the start of what no earlier attempt has launched, which not every record permits."""
        wave, before = self.wave(number), self.execution
        number = wave.wave_number
        servers = to_start(wave, self.servers_of(wave, LaunchStatus.LAUNCHED))
        ids = [server.source_server_id for server in servers]
        if not ids:
            self.do(death, start_recovery.nothing_to_start(self.id, number, wave.attempt))
            return
        launched = {self.seen.launched.get(server_id, wave.attempt) for server_id in ids}
        assert launched == {wave.attempt}, "launched, and started again"
        intent = self.make.intent(attempt=wave.attempt, servers=ids)
        self.seen.announced.append((number, intent))
        self.do(death, start_recovery.intend(self.id, number, intent))
        if intent.intent_id in [known.intent_id for known in self.wave(number).intents]:
            assert (before.final, before.failure, before.superseded_by) == (False, None, None)
            assert all(before.wave(other).status in MET for other in wave.depends_on)

    def announced(self, back: int) -> tuple[int, Intent]:
        return self.seen.announced[max(-1 - back, -len(self.seen.announced))]

    @precondition(lambda self: self.seen.announced)
    @rule(death=deaths, back=backs, adopted=st.booleans())
    def job(self, death: int | None, back: int = 0, *, adopted: bool = False) -> None:
        """Let a job show, to the task that started it or to the one that ends the execution."""
        number, intent = self.announced(back)
        job_id = f"drsjob of {intent.intent_id}"
        step = complete_execution.adopt if adopted else start_recovery.started
        if self.do(death, step(self.id, number, intent, job_id)):
            self.seen.jobs.add((number, job_id))

    @precondition(lambda self: self.seen.announced)
    @rule(death=deaths, back=backs)
    def refusal(self, death: int | None, back: int = 0) -> None:
        number, intent = self.announced(back)
        self.do(death, start_recovery.refused(self.id, number, intent, "ConflictException"))

    @rule(number=numbers, death=deaths, last=lasts, ended=st.booleans(), back=backs)
    def progress(
        self, number: int | None, death: int | None, last: LaunchStatus, back: int = 0, *, ended: bool
    ) -> None:
        wave = self.wave(number)
        end = {"end_time": self.make.time()} if ended else {}
        servers = [server.replace(**end) for server in self.servers_of(wave, last, back)]
        self.do(death, wait_for_recovery.poll(self.id, wave.wave_number, wave.attempt - back, servers), back)
        self.do(death, wait_for_recovery.polled(self.id, self.make.time()))

    @rule(number=numbers, death=deaths, last=lasts, status=st.none() | st.sampled_from(WAVE_ENDS), back=backs)
    def wave_ends(
        self,
        number: int | None,
        death: int | None,
        last: LaunchStatus,
        status: WaveStatus | None = None,
        back: int = 0,
    ) -> None:
        """Let a sensor end a wave, as it judges its servers or at will."""
        wave = self.wave(number)
        servers = self.servers_of(wave, last, back)
        judged, why = judge(wave, servers)
        attempt = wave.attempt - back
        end = wait_for_recovery.write_end
        self.do(death, end(self.id, wave.wave_number, attempt, servers, status or judged, failure=why), back)

    @rule(number=numbers, death=deaths, back=backs)
    def cannot_start(self, number: int | None, death: int | None, back: int = 0) -> None:
        wave = self.wave(number)
        attempt = wave.attempt - back
        self.do(death, start_recovery.fail_wave(self.id, wave.wave_number, attempt, "AccessDenied"), back)
        if wave.attempt_job_ids or wave.open_intents:
            assert self.wave(wave.wave_number).status is wave.status

    @rule(death=deaths)
    def fails_beside_its_waves(self, death: int | None) -> None:
        failure = Failure(kind="FAILED", message="no such server")
        self.do(death, open_execution.note_failure(self.id, failure))

    @rule(death=deaths, withdrawn=st.booleans())
    def cancel_is_asked(self, death: int | None, *, withdrawn: bool = False) -> None:
        step = cancel.withdraw if withdrawn else cancel.ask
        self.do(death, step(self.id, "alice", "wrong plan"))

    @rule(death=deaths, interrupted=st.none() | st.just("marked failed"))
    def run_ends(self, death: int | None, interrupted: str | None = None) -> None:
        self.run(death, lambda: brought_to_its_end(self.store, self.id, interrupted=interrupted))

    @rule(death=deaths, status=st.sampled_from([ExecutionStatus.COMPLETED, *ENDS]))
    def ends_at_will(self, death: int | None, status: ExecutionStatus) -> None:
        self.do(death, complete_execution.write_end(self.id, status, AT_WILL))

    @rule(number=numbers, death=deaths, cleared=st.booleans())
    def wave_opens_again(self, number: int | None, death: int | None, *, cleared: bool) -> None:
        """Open another attempt of a wave, with the jobs of its open intents, after a clear or without."""
        self.seen.clears += cleared
        wave, attempts = self.wave(number), self.execution.attempts
        number = wave.wave_number
        found = [intent.replace(job_id=f"drsjob of {intent.intent_id}") for intent in wave.open_intents]
        done = self.do(death, open_attempt(self.id, Opening(number, wave.attempt, self.seen.clears, found)))
        if self.execution.attempts > attempts:
            assert self.seen.clears > (wave.clear_number or 0)
            assert wave.status in WAVE_ENDS
            assert wave.status is not WaveStatus.COMPLETED
            record = self.records[self.id]
            assert not OF_AN_END & record.keys()
            assert not [name for name in OF_AN_ATTEMPT if record["waves"][number].get(name)]
            self.seen.ends = {key: end for key, end in self.seen.ends.items() if end == "COMPLETED"}
            self.seen.jobs |= {(number, intent.job_id) for intent in found if done}

    @rule(death=deaths)
    def next_step(self, death: int | None, last: LaunchStatus = LaunchStatus.LAUNCHED) -> None:
        """Do what comes next when nothing goes wrong."""
        execution, wave = self.execution, self.wave(None)
        if wave.server_count is None:
            self.opens(death)
        elif execution.final and not wave.status.policy_met:
            self.wave_opens_again(None, death, cleared=True)
        elif wave.status.final:
            self.run_ends(death)
        elif wave.open_intents:
            self.job(death)
        elif wave.attempt_job_ids or wave.has_nothing_to_start:
            self.wave_ends(None, death, last)
        elif not wave.pause_before_wave or wave.approved:
            self.announce(None, death)
        elif wave.status is WaveStatus.PAUSED:
            self.answer(None, death, Decision.APPROVED)
        else:
            self.gate(None, death)
