"""The one clock of the server: how fast simulated time passes.

Durations are simulated: a conversion takes ten simulated minutes at every speed. Dates are real: when DRS
says that something happened agrees with the clients' own clocks at every speed.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Literal

Speed = float | Literal["immediate", "manual"]

REAL: Speed = 1.0
DEMO: Speed = 60.0
"""A job of 8 to 25 minutes ends in 8 to 25 seconds."""

_FACTORS = {"immediate": 1.0, "manual": 0.0}
_TICK = 1e-3
"""What a beginning takes while time stands still: short for people, long enough for dates between."""


class SpeedError(ValueError):
    """A speed that no clock has."""


def read_speed(value: object) -> Speed:
    """Read ``immediate``, ``manual``, ``real``, or how many simulated seconds pass in a second."""
    if value == "immediate":
        return "immediate"
    if value == "manual":
        return "manual"
    if value == "real":
        return REAL
    try:
        factor = float(str(value))
    except ValueError:
        factor = 0
    if not 0 < factor <= 100_000:  # noqa: PLR2004 - the message gives it
        raise SpeedError(
            f"speed {value!r}: allowed are 'immediate', 'real', 'manual', and numbers above 0 up to 100000"
        )
    return factor


@dataclass(frozen=True)
class _Mark:
    """A simulated second and the real one it fell on; from here on time passes at ``factor``."""

    simulated: float
    real: float
    factor: float


class Clock:
    """Simulated seconds, and the real dates they fall on.

    A second that has passed keeps its date. One that is still to come has the date it will have if the speed
    stays; while time stands still, as if it passed at the real speed. What lies before the start passed at
    the real speed, at any speed.
    """

    def __init__(self, speed: Speed = REAL) -> None:
        self._lock = Lock()
        self.reset(speed)

    def reset(self, speed: Speed) -> None:
        """Start again: simulated time starts at the real date."""
        self._epoch = time.time() - time.monotonic()
        self.speed = speed
        real = self._real()
        self._marks = [_Mark(real, real, self._factor)]

    def set_speed(self, speed: Speed) -> None:
        """Pass at another speed from now on; what has passed stays passed."""
        with self._lock:
            real = self._real()
            now = self._simulated_at(real)
            if self.speed == "manual" != speed:  # dated now, not when time was stopped
                now += _TICK
            self.speed = speed
            self._mark(now, real)

    def now(self) -> float:
        """Return simulated seconds; they never go back."""
        return self._simulated_at(self._real())

    def begin(self) -> float:
        """Return the simulated second of something that begins now.

        While time stands still this moves it by a millisecond, so that what begins later is dated later, and
        neither is dated at the moment when time was stopped.
        """
        if self.speed == "manual":
            self.advance(_TICK)
        return self.now()

    def advance(self, seconds: float) -> None:
        """Let so many simulated seconds pass at once."""
        with self._lock:
            self._skip_to(self._simulated_at(self._real()) + seconds)

    def skip_to(self, simulated: float) -> None:
        """Let simulated time reach this second at once, if it has not."""
        with self._lock:
            self._skip_to(simulated)

    def date(self, simulated: float) -> datetime:
        """Return the real date on which this simulated second falls."""
        return datetime.fromtimestamp(self._real_at(simulated), UTC)

    def earlier(self, simulated: float, by: float) -> float:
        """Return the simulated second whose date lies so many real seconds before that of another."""
        return self._simulated_before(self._real_at(simulated) - by)

    @property
    def immediate(self) -> bool:
        """Whether what was begun has ended when it is looked at."""
        return self.speed == "immediate"

    def _real_at(self, simulated: float) -> float:
        marks, first = self._marks, self._marks[0]
        if simulated < first.simulated:
            return first.real + simulated - first.simulated
        index = max(bisect_left(marks, simulated, key=lambda mark: mark.simulated), 1)
        before, following = marks[index - 1], marks[index : index + 1]
        passed = simulated - before.simulated
        if not following:
            return before.real + passed / (before.factor or 1.0)
        after = following[0]
        if before.factor:
            return min(before.real + passed / before.factor, after.real)
        if after.simulated == before.simulated:  # stopped while it stood still
            return before.real
        return before.real + passed / (after.simulated - before.simulated) * (after.real - before.real)

    def _simulated_before(self, real: float) -> float:
        """Return the last simulated second that falls on a real one."""
        marks, first = self._marks, self._marks[0]
        if real < first.real:
            return first.simulated + real - first.real
        index = bisect_right(marks, real, key=lambda mark: mark.real)
        before, following = marks[index - 1], marks[index : index + 1]
        passed = real - before.real
        if not following or before.factor:
            return before.simulated + passed * before.factor
        after = following[0]
        return before.simulated + passed / (after.real - before.real) * (after.simulated - before.simulated)

    def _skip_to(self, simulated: float) -> None:
        real = self._real()
        now = self._simulated_at(real)
        if now < simulated < math.inf:
            if now > self._marks[-1].simulated:
                self._mark(now, real)
            self._mark(simulated, real)

    def _simulated_at(self, real: float) -> float:
        last = self._marks[-1]
        return last.simulated + (real - last.real) * last.factor

    def _mark(self, simulated: float, real: float) -> None:
        self._marks.append(_Mark(simulated, real, self._factor))

    @property
    def _factor(self) -> float:
        return _FACTORS[self.speed] if isinstance(self.speed, str) else self.speed

    def _real(self) -> float:
        return self._epoch + time.monotonic()


clock = Clock()
"""moto's state is one per process; so is its time."""
