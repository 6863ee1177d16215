"""What a job does and when, fixed when it starts: all DRS says of a job is a function of time elapsed.

All times are simulated seconds since the job's creation. The servers of a job are in step: each phase begins
for all when the last one has done with the phase before, so that a slow or hanging server holds its job back.
Two things are not fixed: a hanging server is held in a phase until its fault is cleared, and then goes on as
planned; and a phase fails whose work EC2 refuses.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class _Name(str, Enum):
    """A word of the service model."""

    def __str__(self) -> str:
        return str(self.value)

    __hash__ = str.__hash__  # an enum's own is a call of Python


class JobStatus(_Name):
    PENDING = "PENDING"
    STARTED = "STARTED"
    COMPLETED = "COMPLETED"


class LaunchStatus(_Name):
    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    LAUNCHED = "LAUNCHED"
    FAILED = "FAILED"
    TERMINATED = "TERMINATED"


class Phase(_Name):
    """What DRS does to a server, in this order; CLEANUP only where it has a recovery instance already."""

    CLEANUP = "CLEANUP"
    SNAPSHOT = "SNAPSHOT"
    CONVERSION = "CONVERSION"
    LAUNCH = "LAUNCH"

    @property
    def failure(self) -> str:
        """Name of the job log event that says that the phase failed."""
        return "LAUNCH_FAILED" if self is Phase.LAUNCH else f"{self}_FAIL"


@dataclass(frozen=True, slots=True)
class Step:
    """One phase of one server."""

    phase: Phase
    begin: float
    length: float
    raw_error: str | None = None
    remarks: tuple[str, ...] = ()
    """Names of further events at its end."""

    @property
    def end(self) -> float:
        return self.begin + self.length

    def at(self, begin: float) -> Step:
        """Return the same step with another begin."""
        return Step(self.phase, begin, self.length, self.raw_error, self.remarks)


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a job's log; ``source_server_id`` is absent in those about the whole job."""

    at: float
    name: str
    source_server_id: str | None = None
    raw_error: str | None = None


@dataclass(frozen=True, eq=False)
class Hold:
    """What keeps a server in its last step, and the steps as they were planned from there."""

    released_at: Callable[[], float | None]
    """Tells the second of the clock at which it ended; nothing, as long as it lasts."""
    planned: tuple[Step, ...]

    def released(self, passed: float) -> tuple[Step, ...]:
        """Return the steps when the hold ends, so long after the begin of the first."""
        first, *later = self.planned
        return (replace(first, length=max(first.length, passed)), *later)


@dataclass(frozen=True)
class ServerTimeline:
    """The steps of one server, one after another; the last one may fail, or never end."""

    source_server_id: str
    steps: tuple[Step, ...]
    outcome: LaunchStatus
    begin: float = 0
    skipped: Event | None = None
    """What is logged of a server that has no steps."""
    names_instance: bool = False
    """Whether a job that launches it tells the recovery instance: in no recorded answer it does."""
    uses_previous_snapshot: bool = False
    action_error: str | None = None
    """Why its post-launch actions fail."""
    hold: Hold | None = None

    @cached_property
    def end(self) -> float:
        return self.steps[-1].end if self.steps else self.begin

    @cached_property
    def phases(self) -> tuple[Phase, ...]:
        return tuple(step.phase for step in self.steps)

    def launch_status(self, elapsed: float) -> LaunchStatus:
        """Return PENDING until the launch phase begins, as DRS does, no matter what else goes on."""
        if elapsed >= self.end:
            return self.outcome
        if self.steps and self.steps[-1].phase is Phase.LAUNCH and elapsed >= self.steps[-1].begin:
            return LaunchStatus.IN_PROGRESS
        return LaunchStatus.PENDING

    def released(self, elapsed: float) -> ServerTimeline:
        """Return the timeline of a server that hangs no longer than until then."""
        if self.hold is None:
            return self
        return replace(
            self, steps=(*self.steps[:-1], *self.hold.released(elapsed - self.steps[-1].begin)), hold=None
        )

    def failed(self, phase: Phase, raw_error: str, *remarks: str) -> ServerTimeline:
        """Return the timeline of a server that comes no further than a phase which it passes through."""
        at = self.phases.index(phase)
        failed = replace(self.steps[at], raw_error=raw_error, remarks=remarks)
        return replace(self, steps=(*self.steps[:at], failed), outcome=LaunchStatus.FAILED, hold=None)

    def from_previous_snapshot(self, raw_error: str) -> ServerTimeline:
        """Return the timeline of a server whose snapshot fails, and which goes on from the one before it."""
        steps = tuple(
            replace(step, raw_error=raw_error, remarks=("USING_PREVIOUS_SNAPSHOT",))
            if step.phase is Phase.SNAPSHOT
            else step
            for step in self.steps
        )
        return replace(self, steps=steps, uses_previous_snapshot=True)

    def begin_of(self, phase: Phase) -> float:
        """Return when a phase begins that this server passes through."""
        return next(step.begin for step in self.steps if step.phase is phase)

    def end_of(self, phase: Phase) -> float | None:
        """Return when a phase is over, if this server passes through it and it does not fail."""
        return next((s.end for s in self.steps if s.phase is phase and s.raw_error is None), None)

    def events(self) -> Iterator[Event]:
        """Yield the log's entries about this server."""
        if self.skipped:
            yield self.skipped
        for step in self.steps:
            yield Event(step.begin, f"{step.phase}_START", self.source_server_id)
            if step.raw_error is not None:
                yield Event(step.end, step.phase.failure, self.source_server_id, step.raw_error)
            else:
                yield Event(step.end, f"{step.phase}_END", self.source_server_id)
            for remark in step.remarks:
                yield Event(step.end, remark, self.source_server_id)


@dataclass(frozen=True)
class JobTimeline:
    """A job from its creation to its end, which comes ``closing`` after that of its last server."""

    start: float
    servers: tuple[ServerTimeline, ...]
    preparing: float = 0
    """What passes between the snapshots and the conversion."""
    closing: float = 0

    @cached_property
    def end(self) -> float:
        return max(server.end for server in self.servers) + self.closing

    @property
    def launching(self) -> float:
        """Return when the last phase of a server has begun that begins by itself."""
        begins = (server.steps[-1].begin for server in self.servers if server.steps)
        return max((begin for begin in begins if begin < inf), default=self.start)

    @property
    def horizon(self) -> float:
        """Return when the last thing happens that happens by itself: a hanging server waits for ever."""
        times = (self.end, *(step.end for server in self.servers for step in server.steps))
        return max((time for time in times if time < inf), default=self.start)

    def released(self, released_at: Callable[[Hold], float | None]) -> JobTimeline:
        """Return the timeline without the holds that have ended, each at the time that is shown for it."""
        ended = {hold: at for hold in self._holds if (at := released_at(hold)) is not None}
        if not ended:
            return self
        return self._of(s.released(ended[s.hold]) if s.hold in ended else s for s in self.servers)

    def failed(self, source_server_id: str, phase: Phase, raw_error: str) -> JobTimeline:
        """Return the timeline of a job in which a server comes no further than a phase."""
        failing = self.of(source_server_id)
        return self._of(s.failed(phase, raw_error) if s is failing else s for s in self.servers)

    def _of(self, servers: Iterable[ServerTimeline]) -> JobTimeline:
        """Return the timeline of the same job with other timelines of its servers."""
        return replace(self, servers=in_step(self.start, servers, self.preparing))

    @cached_property
    def _holds(self) -> list[Hold]:
        return [server.hold for server in self.servers if server.hold]

    def of(self, source_server_id: str) -> ServerTimeline:
        return self._by_server[source_server_id]

    @cached_property
    def _by_server(self) -> dict[str, ServerTimeline]:
        return {server.source_server_id: server for server in self.servers}

    def status(self, elapsed: float) -> JobStatus:
        if elapsed >= self.end:
            return JobStatus.COMPLETED
        return JobStatus.STARTED if elapsed >= self.start else JobStatus.PENDING

    def events(self, elapsed: float) -> list[Event]:
        """Return the log's entries so far, in the order they happened."""
        return [event for event in self._events if event.at <= elapsed]

    @cached_property
    def _events(self) -> list[Event]:
        events = [
            Event(self.start, "JOB_START"),
            *(event for server in self.servers for event in server.events()),
            Event(self.end, "JOB_END"),
        ]
        # What ends, ends before the next phase begins, even at the same moment.
        return sorted(events, key=lambda event: (event.at, event.name in _BEGINNINGS))


_BEGINNINGS = frozenset(f"{phase}_START" for phase in Phase)


def in_step(start: float, servers: Iterable[ServerTimeline], preparing: float) -> tuple[ServerTimeline, ...]:
    """Return servers each of whose phases begins when the last of them has done with the one before."""
    placed, at = list(servers), start
    steps: list[list[Step]] = [[] for _ in placed]
    for phase in Phase:
        begin = at + preparing if phase is Phase.CONVERSION else at
        for number, server in enumerate(placed):
            for step in server.steps:
                if step.phase is phase:
                    steps[number].append(step.at(begin))
                    at = max(at, begin + step.length)
    return tuple(replace(server, steps=tuple(its)) for server, its in zip(placed, steps, strict=True))
