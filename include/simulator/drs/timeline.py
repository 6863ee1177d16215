"""What a job does and when, fixed when it starts: everything DRS says of a job is a function of time elapsed.

All times are simulated seconds since the job's creation.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class JobStatus(StrEnum):
    PENDING = "PENDING"
    STARTED = "STARTED"
    COMPLETED = "COMPLETED"


class LaunchStatus(StrEnum):
    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    LAUNCHED = "LAUNCHED"
    FAILED = "FAILED"
    TERMINATED = "TERMINATED"


class Phase(StrEnum):
    """What DRS does to a server, in this order; CLEANUP only where it has a recovery instance already."""

    CLEANUP = "CLEANUP"
    SNAPSHOT = "SNAPSHOT"
    CONVERSION = "CONVERSION"
    LAUNCH = "LAUNCH"

    @property
    def failure(self) -> str:
        """Name of the job log event that says that the phase failed."""
        return "LAUNCH_FAILED" if self is Phase.LAUNCH else f"{self}_FAIL"


@dataclass(frozen=True)
class Step:
    """One phase of one server."""

    phase: Phase
    begin: float
    end: float
    raw_error: str | None = None


@dataclass(frozen=True)
class Event:
    """One entry of a job's log; ``source_server_id`` is absent in those about the whole job."""

    at: float
    name: str
    source_server_id: str | None = None
    raw_error: str | None = None


@dataclass(frozen=True)
class ServerTimeline:
    """The steps of one server, one after another; the last one may fail."""

    source_server_id: str
    steps: tuple[Step, ...]
    outcome: LaunchStatus

    @property
    def end(self) -> float:
        return self.steps[-1].end

    def launch_status(self, elapsed: float) -> LaunchStatus:
        """Return PENDING until the launch phase begins, as DRS does, whatever else is going on."""
        last = self.steps[-1]
        if elapsed >= last.end:
            return self.outcome
        if last.phase is Phase.LAUNCH and elapsed >= last.begin:
            return LaunchStatus.IN_PROGRESS
        return LaunchStatus.PENDING

    def begin_of(self, phase: Phase) -> float:
        """Return when a phase begins that this server passes through."""
        return next(step.begin for step in self.steps if step.phase is phase)

    def end_of(self, phase: Phase) -> float | None:
        """Return when a phase is over, if this server passes through it and it does not fail."""
        return next((s.end for s in self.steps if s.phase is phase and s.raw_error is None), None)

    def events(self) -> Iterator[Event]:
        """Yield the log's entries about this server."""
        for step in self.steps:
            yield Event(step.begin, f"{step.phase}_START", self.source_server_id)
            if step.raw_error is not None:
                yield Event(step.end, step.phase.failure, self.source_server_id, step.raw_error)
            elif step.phase is not Phase.LAUNCH:
                yield Event(step.end, f"{step.phase}_END", self.source_server_id)


@dataclass(frozen=True)
class JobTimeline:
    """A job from its creation to its end."""

    start: float
    end: float
    servers: tuple[ServerTimeline, ...]

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
        events = [
            Event(self.start, "JOB_START"),
            *(event for server in self.servers for event in server.events()),
            Event(self.end, "JOB_END"),
        ]
        return sorted((event for event in events if event.at <= elapsed), key=lambda event: event.at)
