"""How long DRS takes, in simulated seconds, and the timelines that follow from it.

The ranges lie within what is observed on AWS: a job is STARTED 30 to 60 seconds after its creation, snapshots
take seconds, a conversion 2 to 14 minutes, a launch 1 to 6, a whole job 10 to 25. The lower ends add up to
twelve minutes, so that at the default speed a wave takes 12 to 21 real seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from .timeline import JobTimeline, LaunchStatus, Phase, ServerTimeline, Step
from .world import world

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .world import Affliction

Span = tuple[float, float]
"""The shortest and the longest that something takes."""


@dataclass(frozen=True)
class Durations:
    """How long each part of a job takes; ``seed`` decides where in its range each one falls."""

    seed: int = 0
    pending: Span = (30, 60)
    cleanup: Span = (20, 40)
    snapshot: Span = (30, 60)
    conversion: Span = (480, 720)
    launch: Span = (180, 360)
    termination: Span = (30, 90)
    closing: Span = (2, 6)
    agent: Span = (60, 120)
    action: Span = (20, 60)

    def pick(self, part: str, *occasion: object) -> float:
        """Return how long a part takes on an occasion: always the same for the same seed and occasion."""
        span: Span = getattr(self, part)
        return Random(repr((self.seed, part, occasion))).uniform(*span)  # noqa: S311 - no secret


def _stay_healthy(timeline: ServerTimeline) -> ServerTimeline:
    return timeline


@dataclass(frozen=True)
class LaunchRequest:
    """A server to be launched for the ``count``-th time, and what befalls it."""

    source_server_id: str
    count: int
    replaces: bool
    fast: bool = False
    """Whether it is launched without a conversion."""
    afflict: Affliction = _stay_healthy

    @property
    def phases(self) -> list[Phase]:
        """Return what DRS does to the server, in this order."""
        left_out = {Phase.CLEANUP: not self.replaces, Phase.CONVERSION: self.fast}
        return [phase for phase in Phase if not left_out.get(phase)]


def current() -> Durations:
    """Return the durations of this run."""
    return Durations(world.chance.seed)


def plan_launch(requests: Iterable[LaunchRequest], durations: Durations | None = None) -> JobTimeline:
    """Return the timeline of a job that launches these servers side by side."""
    wanted, durations = list(requests), durations or current()
    start = durations.pick("pending", *((r.source_server_id, r.count) for r in wanted))
    return _job(start, tuple(_launch(request, start, durations) for request in wanted), durations)


def plan_termination(
    job_number: int, source_server_ids: Iterable[str], durations: Durations | None = None
) -> JobTimeline:
    """Return the timeline of a job that terminates the recovery instances of these servers."""
    durations = durations or current()
    start = durations.pick("pending", job_number)
    servers = []
    for source_server_id in source_server_ids:
        end = start + durations.pick("termination", source_server_id, job_number)
        step = Step(Phase.CLEANUP, start, end)
        servers.append(ServerTimeline(source_server_id, (step,), LaunchStatus.TERMINATED))
    return _job(start, tuple(servers), durations)


def _job(start: float, servers: tuple[ServerTimeline, ...], durations: Durations) -> JobTimeline:
    last = max(server.end for server in servers)
    closing = durations.pick("closing", last)
    return JobTimeline(start, last + closing, servers, closing)


def _launch(request: LaunchRequest, start: float, durations: Durations) -> ServerTimeline:
    begin, steps = start, []
    for phase in request.phases:
        end = begin + durations.pick(phase.lower(), request.source_server_id, request.count)
        steps.append(Step(phase, begin, end))
        begin = end
    healthy = ServerTimeline(request.source_server_id, tuple(steps), LaunchStatus.LAUNCHED, start)
    return request.afflict(healthy)
