"""A machine of the tasks of two executions of a plan, a DRILL and a RECOVERY: each a process of its own.

Any of them is started at any time, as often as hypothesis likes: it is retried, cleared, marked, or lives on
after its run. Each stops before each request; between any two, others go on; each may die after any request,
or never hear its answer. After every request that writes, the invariants are checked on raw items.

To add a task: a method of ``Tasks``, a rule here that starts it, and what the record must hold in ``Truth``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from drs_recovery.record.enums import Decision, ExecutionType, LaunchStatus, OnFailure, WaveStatus
from tests.recovery.machine.processes import Fate, Process
from tests.recovery.machine.raw import WAVE_FINISHED, Truth, open_intents, releases
from tests.recovery.machine.tasks import SERVERS, WAVES, Clock, Tasks, plan_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_recovery.record.models import Execution

STEPS = 8
"""From the opening of an execution to its end, when nothing happens to it."""


class Pace(NamedTuple):
    """How far a process gets at once: so many requests, or so many writes and what it reads between them."""

    count: int
    writes: bool = True


END = Pace(1000)
"""To its end, but for what others do to it."""

Move = tuple[Any, ...]
"""A task and its arguments."""

W = range(WAVES)
MOVES: list[Move] = [
    ("open",),
    *[("ask", number) for number in W],
    *[("answer", number, decision) for number in W for decision in Decision],
    *[("start", number) for number in W],
    *[("cannot_start", number) for number in W],
    *[("poll", number, status) for number in W for status in LaunchStatus],
    *[("end_wave", number, failed) for number in W for failed in range(3)],
    *[("end_wave_as", number, status) for number in W for status in WaveStatus],
    ("complete",),
    ("reconcile",),
    ("unlock",),
]
"""All that may be started, at any time."""

NEXT = None
"""The move that comes next when nothing goes wrong."""

sides = st.sampled_from([ExecutionType.DRILL, ExecutionType.DRILL, ExecutionType.RECOVERY])
paces = st.just(END) | st.builds(Pace, st.integers(0, 4)) | st.builds(Pace, st.integers(0, 9), st.just(False))
moves = st.just(NEXT) | st.just(NEXT) | st.sampled_from(MOVES)
mishaps = st.sampled_from([fate for fate in Fate if fate is not Fate.HEARD])
ALL_SERVERS = [server for wave in SERVERS for server in wave]
REFUSALS = ["ConflictException", "ValidationException"]
ADOPTION = timedelta(seconds=100)
"""More than a job is looked for before its StartRecovery is sent again."""


class Interleaved(RuleBasedStateMachine):
    """Processes of a DRILL and a RECOVERY of one plan, request by request."""

    surroundings: Any
    clock: Clock
    ends: set[str] = set()  # noqa: RUF012 - of all runs of a test: what it got to see

    @initialize(
        ahead=st.integers(0, STEPS),
        real_ahead=st.just(0) | st.integers(0, STEPS),
        on_failure=st.sampled_from(OnFailure),
    )
    def begin(self, ahead: int, real_ahead: int = 0, on_failure: OnFailure = OnFailure.STOP) -> None:
        """Begin somewhere on the way of a drill, and perhaps of a RECOVERY that took its plan over."""
        given, plan = self.surroundings, plan_of("shop", on_failure)
        given.reset()
        self.clock.passed = timedelta()
        self.processes: list[Process] = []
        self.gone: set[str] = set()
        self.tasks = {
            kind: Tasks(given.store, given.hook, plan, f"manual__{kind}", kind, self.clock)
            for kind in ExecutionType
        }
        self.truths = {tasks.id: Truth(given.client, given.table, tasks.id) for tasks in self.tasks.values()}
        for kind, steps in zip(ExecutionType, (ahead, real_ahead), strict=True):
            for _ in range(steps):
                self.begins(kind, NEXT, END)

    def begins(self, kind: ExecutionType, move: Move | None, pace: Pace, fate: Fate = Fate.HEARD) -> Process:
        """Start a process and let it go so far."""
        task, *arguments = self.next_move(kind) if move is NEXT else move
        if task in {"open", "reconcile"}:
            arguments.append(self.is_gone)
        work: Callable[..., object] = getattr(self.tasks[kind], task)
        process = Process(task, self.tasks[kind].id, lambda: work(*arguments))
        self.processes.append(process)
        self.go_on(process, pace, fate)
        return process

    def go_on(self, process: Process, pace: Pace, fate: Fate = Fate.HEARD) -> None:
        """Let a process go so far, where its last request, or write, has a fate."""
        left = pace.count
        while process.next is not None:
            counts = process.next.writes or not pace.writes
            if counts and left == 0:
                break
            left -= counts
            self.send(process, fate if counts and left == 0 else Fate.HEARD)
        self.processes = [each for each in self.processes if not each.over]

    def send(self, process: Process, fate: Fate) -> None:
        sent, truth = process.next, self.truths[process.execution_id]
        assert sent is not None
        if sent.operation == "StartRecovery":
            if fate is Fate.TWICE:
                fate = Fate.LOST  # its client sends once
            if fate is not Fate.KILLED:
                truth.may_start(sent)
        done = process.go(fate)
        for each in self.truths.values():
            if sum(each.hears(heard) for heard in done):
                self.see(each)

    def see(self, truth: Truth) -> None:
        truth.check()
        if truth.record is not None and "endTime" in truth.record:
            self.ends.add(truth.record["status"])

    def is_gone(self, execution: Execution) -> bool:
        """Whether the DAG run of an execution is over."""
        return execution.execution_id in self.gone

    def next_move(self, kind: ExecutionType) -> Move:
        """Return what comes next when nothing goes wrong."""
        record = self.truths[self.tasks[kind].id].record
        if record is None or not {"failure", "serverCount"} & (record.keys() | record["waves"][0].keys()):
            return ("open",)
        wave = next((wave for wave in record["waves"] if not releases(wave)), None)
        if wave is None:
            return ("complete",)
        number = int(wave["waveNumber"])
        if wave["status"] in WAVE_FINISHED and self.tasks[kind].cleared > wave.get("clearNumber", 0):
            return "ask" if wave["pauseBeforeWave"] else "start", number
        if wave["status"] in WAVE_FINISHED or {"failure", "supersededBy", "endTime"} & record.keys():
            return ("complete",)
        return self.move_of(wave, number)

    def move_of(self, wave: dict[str, Any], number: int) -> Move:
        """Return what comes next in a wave that has its turn."""
        if wave["status"] in {"STARTED", "POLLING"} and not open_intents(wave):
            return "end_wave", number, 0
        if not wave["pauseBeforeWave"] or "approval" in wave:
            return "start", number
        return ("answer", number, Decision.APPROVED) if wave["status"] == "PAUSED" else ("ask", number)

    # What hypothesis may do

    @rule(kind=sides, move=moves, pace=paces)
    def is_started(self, kind: ExecutionType, move: Move | None, pace: Pace) -> None:
        self.begins(kind, move, pace)

    @rule(kind=sides, first=moves, second=moves, before=st.integers(0, 4))
    def race(self, kind: ExecutionType, first: Move | None, second: Move | None, before: int) -> None:
        """Hold a process back before one of its writes, while another does all it does."""
        held = self.begins(kind, first, Pace(before))
        self.begins(kind, second, END)
        self.go_on(held, END)

    @precondition(lambda self: self.processes)
    @rule(data=st.data(), pace=paces)
    def goes_on(self, data: st.DataObject, pace: Pace) -> None:
        self.go_on(data.draw(st.sampled_from(self.processes)), pace)

    @precondition(lambda self: self.processes)
    @rule(data=st.data(), count=st.integers(1, 4), writes=st.booleans(), fate=mishaps)
    def has_a_mishap(self, data: st.DataObject, count: int, writes: bool, fate: Fate) -> None:
        self.go_on(data.draw(st.sampled_from(self.processes)), Pace(count, writes), fate)

    @rule(kind=sides, move=moves, count=st.integers(1, 6), fate=mishaps)
    def dies_and_is_started_again(
        self, kind: ExecutionType, move: Move | None, count: int, fate: Fate
    ) -> None:
        self.begins(kind, move, Pace(count), fate)
        self.begins(kind, move, END)

    @rule()
    def time_passes(self) -> None:
        """Long enough for a lost job to be given up; who has held its StartRecovery back so long is dead."""
        for process in self.processes:
            if process.next is not None and process.next.operation == "StartRecovery":
                self.go_on(process, Pace(1), Fate.KILLED)
        self.clock.passed += ADOPTION

    @rule(server=st.sampled_from(ALL_SERVERS))
    def server_is_deleted(self, server: str) -> None:
        """DRS knows it no more, whatever the record says."""
        self.surroundings.delete(server)

    @rule(server=st.sampled_from(ALL_SERVERS), error=st.sampled_from(REFUSALS))
    def server_is_refused(self, server: str, error: str) -> None:
        """The next StartRecovery that names it is refused, without a word on whom it is about."""
        self.surroundings.control.deny(
            "drs", "StartRecovery", resource=server, error=error, message="one of the servers", times=1
        )

    @rule()
    def jobs_hide(self) -> None:
        """From now on DRS shows no new job, for longer than one is looked for; its servers are in it."""
        self.surroundings.hide()
        for truth in self.truths.values():
            truth.hiding = True

    @precondition(lambda self: any(truth.hiding for truth in self.truths.values()))
    @rule()
    def jobs_show(self) -> None:
        """And have ended; who looked while they hid has ended too, since nobody can know of them then."""
        for process in self.processes:
            self.send(process, Fate.KILLED)
        self.processes = []
        self.surroundings.show()
        for truth in self.truths.values():
            truth.hiding = False

    @rule(kind=sides)
    def run_is_cleared(self, kind: ExecutionType) -> None:
        """A person clears tasks of its DAG run: each may be started again, which each may be at any time."""
        self.tasks[kind].cleared += 1

    @rule(kind=sides)
    def run_is_gone(self, kind: ExecutionType) -> None:
        """Its DAG run ends, or is deleted, whatever lives on of it."""
        self.gone.add(self.tasks[kind].id)
