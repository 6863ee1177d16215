"""The one clock of the server: how fast simulated time passes.

Durations are simulated: a conversion takes ten simulated minutes at every speed. Dates are real: when DRS
says that something happened agrees with the clients' own clocks at every speed.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Literal

Speed = float | Literal["immediate"]

REAL: Speed = 1.0
DEMO: Speed = 60.0
"""A job of 12 to 21 minutes ends in 12 to 21 seconds."""


class SpeedError(ValueError):
    """A speed that no clock has."""


def read_speed(value: object) -> Speed:
    """Read ``immediate``, ``real``, or how many simulated seconds pass in a second."""
    if value == "immediate":
        return "immediate"
    if value == "real":
        return REAL
    try:
        factor = float(str(value))
    except ValueError:
        factor = 0
    if not 0 < factor <= 100_000:  # noqa: PLR2004 - said in the message
        raise SpeedError(
            f"speed {value!r}: allowed are 'immediate', 'real', and numbers above 0 up to 100000"
        )
    return factor


@dataclass(frozen=True)
class _Stretch:
    """A stretch of real time, in which simulated time passes evenly."""

    simulated: float
    real: float
    factor: float


class Clock:
    """Simulated seconds, and the real dates they fall on."""

    def __init__(self, speed: Speed = REAL) -> None:
        self._lock = Lock()
        self.reset(speed)

    def reset(self, speed: Speed) -> None:
        """Begin anew: simulated time starts at the real date."""
        self._epoch = time.time() - time.monotonic()
        self.speed = speed
        real = self._real()
        self._stretches = [_Stretch(real, real, self._factor)]

    def set_speed(self, speed: Speed) -> None:
        """Pass at another speed from now on; what has passed stays passed."""
        with self._lock:
            now, real = self.now(), self._real()
            self.speed = speed
            self._stretches.append(_Stretch(now, real, self._factor))

    def now(self) -> float:
        """Return simulated seconds; they never go back."""
        last = self._stretches[-1]
        return last.simulated + (self._real() - last.real) * last.factor

    def skip_to(self, simulated: float) -> None:
        """Let simulated time reach this second at once, if it has not."""
        with self._lock:
            if simulated > self.now():
                self._stretches.append(_Stretch(simulated, self._real(), self._factor))

    def date(self, simulated: float) -> datetime:
        """Return the real date on which this simulated second falls."""
        stretches = self._stretches
        index = max(bisect_right(stretches, simulated, key=lambda stretch: stretch.simulated) - 1, 0)
        stretch = stretches[index]
        real = stretch.real + (simulated - stretch.simulated) / stretch.factor
        if index + 1 < len(stretches):
            real = min(real, stretches[index + 1].real)
        return datetime.fromtimestamp(real, UTC)

    @property
    def immediate(self) -> bool:
        """Whether what was begun has ended when it is looked at."""
        return self.speed == "immediate"

    @property
    def _factor(self) -> float:
        return 1.0 if self.speed == "immediate" else self.speed

    def _real(self) -> float:
        return self._epoch + time.monotonic()


clock = Clock()
"""moto's state is one per process; so is its time."""
