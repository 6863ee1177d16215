"""What DRS asks of the world around it: the time, random numbers, and what goes wrong.

This is the one place through which these reach the service. Left alone, the time is the machine's, jobs go on
by moto's state transitions, ids are moto's, and nothing goes wrong; who knows better puts a clock, a pace,
random numbers and faults of its own in their place.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Protocol

from moto.moto_api import state_manager
from moto.moto_api._internal import mock_random

from .documents import NoSystemsManager
from .pace import Pace, StateTransitions, Steady

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .documents import Documents
    from .timeline import ServerTimeline

FaultEffect = Callable[["ServerTimeline"], "ServerTimeline"]
"""From the timeline of a healthy launch to that of one which goes wrong."""

Hiding = Callable[[float, int], bool]
"""Whether a job is not to be seen so many seconds after its creation, when it is looked for so often."""


REPLICATION = "drs::replication"
"""What ``state_manager.set_transition`` calls replication: immediate, or by the machine's time."""

state_manager.register_default_transition(REPLICATION, transition={"progression": "immediate"})


class Clock(Protocol):
    """Seconds that pass at any pace, and the dates on which they fall."""

    @property
    def immediate(self) -> bool:
        """Whether what was begun has ended when it is looked at."""

    def now(self) -> float:
        """Return the second that it is; it never goes back."""

    def begin(self) -> float:
        """Return the second of something that begins now, later than all that began before."""

    def skip_to(self, second: float) -> None:
        """Let it be this second at once, if it is not yet."""

    def date(self, second: float) -> datetime:
        """Return the date on which a second falls."""

    def earlier(self, second: float, by: float) -> float:
        """Return the second whose date lies so many seconds before that of another."""


class Rng(Protocol):
    """Ids and a seed; what has an occasion comes out the same, no matter what happened before."""

    seed: int

    def hex(self, length: int, *occasion: object) -> str:
        """Return the hexadecimal digits of an id."""

    def uuid(self, *occasion: object) -> str:
        """Return a UUID of version 4."""


class Faults(Protocol):
    """What goes wrong with new jobs, and with instances that were launched."""

    def of_launches(self, phases: Mapping[str, Collection[str]]) -> Mapping[str, FaultEffect]:
        """Return the effects of faults on the launches of one job, by server, from the phases of each."""

    def of_job(self, source_server_ids: Collection[str]) -> Hiding:
        """Return whether the new job of these servers is hidden, and for how long."""

    def of_instance(self, instance_id: str) -> Collection[str]:
        """Return what is wrong with an instance: `impair`, its status checks; `lose_agent`, its agent."""


class MachineClock:
    """The machine's own time, as ``time.time`` tells it."""

    @property
    def immediate(self) -> bool:
        """Whether replication has come to its end when it is looked at."""
        return bool(state_manager.get_transition(REPLICATION)["progression"] == "immediate")

    def now(self) -> float:
        return time.time()

    def begin(self) -> float:
        return self.now()

    def skip_to(self, second: float) -> None:
        """Do nothing: this time passes by itself."""

    def date(self, second: float) -> datetime:
        return datetime.fromtimestamp(second, timezone.utc)

    def earlier(self, second: float, by: float) -> float:
        return second - by


class MotoRng:
    """moto's own random numbers."""

    seed = 0

    def hex(self, length: int, *_: object) -> str:
        return mock_random.get_random_hex(length)

    def uuid(self, *_: object) -> str:
        return str(mock_random.uuid4())


class NoFaults:
    """Nothing goes wrong."""

    def of_launches(self, phases: Mapping[str, Collection[str]]) -> Mapping[str, FaultEffect]:
        return {}

    def of_job(self, source_server_ids: Collection[str]) -> Hiding:
        return lambda _seconds, _looks: False

    def of_instance(self, instance_id: str) -> Collection[str]:
        return ()


@dataclass
class World:
    """Everything around the service."""

    clock: Clock
    rng: Rng
    faults: Faults
    documents: Documents = field(default_factory=NoSystemsManager)
    pace: Callable[[float], Pace] = StateTransitions
    """From the second of its creation to how a job goes on."""

    def become(self, clock: Clock, rng: Rng, faults: Faults) -> None:
        """Be a world from now on in whose time jobs pass by themselves."""
        self.clock, self.rng, self.faults, self.pace = clock, rng, faults, Steady


world = World(MachineClock(), MotoRng(), NoFaults())
"""moto's state is one per process; so is the world around it."""
