"""How long DRS takes, in simulated seconds, and the timelines that follow from it.

Two recorded jobs of two small Linux servers took 8:53 and 8:59: 0.3 s until JOB_START, 0.2 s for the
snapshots, 51 s until the conversion began, 2:55 and 3:17 for that, 4:38 and 5:10 until the last launch had
ended. A recorded job of 25 servers took 28:46. The ranges lie around the former; a job grows with each
further server as far as it has to for the latter, and its conversion with the largest of the servers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING

from .timeline import JobTimeline, LaunchStatus, Phase, ServerTimeline, Step, in_step
from .world import world

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .world import FaultEffect

FEW = 2
"""Servers of a job that take no longer than one of them."""
CONVERSION_OF_SERVER, LAUNCH_OF_SERVER = 25.0, 26.5
"""Seconds that each further server adds to the phase."""
CONVERSION_OF_GIB, LARGEST = 0.2, 3000
"""Seconds that the disks of the largest server add, and the size from which on it makes no difference."""

Span = tuple[float, float]
"""The shortest and the longest that something takes."""

_MOST = 2**64 - 1
"""The largest number in eight bytes. They come from a digest: to seed a `Random` takes ten times as long."""


@dataclass(frozen=True)
class Durations:
    """How long each part of a job takes; ``seed`` decides where in its range each one falls."""

    seed: int = 0
    pending: Span = (0.2, 0.5)
    cleanup: Span = (20, 40)
    snapshot: Span = (0.1, 0.3)
    preparing: Span = (45, 55)
    conversion: Span = (165, 195)
    launch: Span = (260, 310)
    termination: Span = (30, 90)
    closing: Span = (2, 7)
    agent: Span = (60, 120)
    action: Span = (20, 60)

    def pick(self, part: str, *occasion: object) -> float:
        """Return how long a part takes on an occasion: always the same for the same seed and occasion."""
        span: Span = getattr(self, part)
        drawn = blake2b(repr((self.seed, part, occasion)).encode(), digest_size=8).digest()
        shortest, longest = span
        return shortest + (longest - shortest) * int.from_bytes(drawn, "big") / _MOST


def stay_healthy(timeline: ServerTimeline) -> ServerTimeline:
    return timeline


@dataclass(frozen=True)
class LaunchRequest:
    """A server to be launched for the ``count``-th time, and the effect of its faults."""

    source_server_id: str
    count: int
    replaces: bool
    gib: int = 8
    """How much is on its disks."""
    fast: bool = False
    """Whether it is launched without a conversion."""
    fault_effect: FaultEffect = stay_healthy

    @cached_property
    def phases(self) -> list[Phase]:
        """Return what DRS does to the server, in this order."""
        left_out = {Phase.CLEANUP: not self.replaces, Phase.CONVERSION: self.fast}
        return [phase for phase in Phase if not left_out.get(phase)]


def current() -> Durations:
    """Return the durations of this run."""
    return Durations(world.rng.seed)


def plan_launch(requests: Iterable[LaunchRequest], durations: Durations | None = None) -> JobTimeline:
    """Return the timeline of a job that launches these servers side by side."""
    wanted, durations = list(requests), durations or current()
    occasion = tuple((request.source_server_id, request.count) for request in wanted)
    start = durations.pick("pending", *occasion)
    conversion = durations.pick("conversion", *occasion) + _longer(wanted)
    servers = (_launch(request, start, durations, conversion, _more(wanted)) for request in wanted)
    preparing, closing = (durations.pick(part, *occasion) for part in ("preparing", "closing"))
    return JobTimeline(start, in_step(start, servers, preparing), preparing, closing)


def plan_termination(
    job_number: int, source_server_ids: Iterable[str], durations: Durations | None = None
) -> JobTimeline:
    """Return the timeline of a job that terminates the recovery instances of these servers."""
    durations = durations or current()
    start = durations.pick("pending", job_number)
    servers = []
    for source_server_id in source_server_ids:
        step = Step(Phase.CLEANUP, start, durations.pick("termination", source_server_id, job_number))
        servers.append(ServerTimeline(source_server_id, (step,), LaunchStatus.TERMINATED))
    return JobTimeline(start, tuple(servers), closing=durations.pick("closing", job_number))


def _launch(
    request: LaunchRequest, start: float, durations: Durations, conversion: float, more: int
) -> ServerTimeline:
    """Return what happens to one server; when, is for its job to say."""
    occasion = request.source_server_id, request.count
    lengths = {
        Phase.CLEANUP: durations.pick("cleanup", *occasion) if request.replaces else 0,
        Phase.SNAPSHOT: durations.pick("snapshot", *occasion),
        Phase.CONVERSION: conversion,
        Phase.LAUNCH: durations.pick("launch", *occasion) + more * LAUNCH_OF_SERVER,
    }
    steps = tuple(Step(phase, start, lengths[phase]) for phase in request.phases)
    return request.fault_effect(ServerTimeline(request.source_server_id, steps, LaunchStatus.LAUNCHED, start))


def _more(wanted: list[LaunchRequest]) -> int:
    return max(len(wanted) - FEW, 0)


def _longer(wanted: list[LaunchRequest]) -> float:
    """Return what the number of servers, and the size of the largest, add to their conversion."""
    largest = max(request.gib for request in wanted)
    return _more(wanted) * CONVERSION_OF_SERVER + min(largest, LARGEST) * CONVERSION_OF_GIB
