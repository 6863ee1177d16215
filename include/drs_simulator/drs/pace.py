"""How a job goes on: by itself as time passes, or by moto's state transitions.

A job's timeline says what happens how long after its creation; a pace says how long that is by now.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Protocol

from moto.moto_api import state_manager
from moto.moto_api._internal.managed_state_model import ManagedState

MODEL = "drs::job"
"""What ``state_manager.set_transition`` calls the jobs of DRS."""

state_manager.register_default_transition(MODEL, transition={"progression": "immediate"})


class Pace(Protocol):
    """How far one job is, in seconds of its timeline, and when it was or will be how far."""

    by_itself: bool
    """Whether the job goes on without being described."""

    def elapsed(self, now: float) -> float:
        """Return how many seconds of its timeline have passed."""

    def at(self, elapsed: float) -> float:
        """Return the second of the clock at which so many have."""

    def keep(self, now: float, started: float, ended: float) -> None:
        """Go on as far as the job is by now; ``started`` and ``ended`` are moments of its timeline."""

    def look(self) -> None:
        """Take note that the job is described."""


class Steady:
    """A second of the timeline passes in a second of the clock."""

    by_itself = True

    def __init__(self, created: float) -> None:
        self._created = created

    def elapsed(self, now: float) -> float:
        return now - self._created

    def at(self, elapsed: float) -> float:
        return self._created + elapsed

    def keep(self, now: float, started: float, ended: float) -> None:
        """Do nothing: it passes by itself."""

    def look(self) -> None:
        """Do nothing: it passes whether somebody looks or not."""


class StateTransitions(ManagedState):
    """The job is PENDING, STARTED or COMPLETED as moto's state manager says.

    What happens between two of these is dated evenly between the moments at which they were reached.
    """

    by_itself = False

    def __init__(self, created: float) -> None:
        super().__init__(MODEL, [("PENDING", "STARTED"), ("STARTED", "COMPLETED")])
        self._marks = [(0.0, created)]

    def elapsed(self, now: float) -> float:
        return self._marks[-1][0]

    def at(self, elapsed: float) -> float:
        index = min(max(bisect_left(self._marks, (elapsed,)), 1), len(self._marks) - 1)
        (since, begin), (until, end) = self._marks[index - 1], self._marks[index]
        passed = (elapsed - since) / (until - since) if until > since else 0.0
        return begin + min(max(passed, 0.0), 1.0) * (end - begin)

    def keep(self, now: float, started: float, ended: float) -> None:
        reached = {"STARTED": started, "COMPLETED": ended}.get(str(self.status), 0.0)
        if reached > self._marks[-1][0]:
            self._marks.append((reached, now))

    def look(self) -> None:
        self.advance()
