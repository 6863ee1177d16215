"""Random numbers, decided by one seed, so that a run can be repeated exactly."""

from __future__ import annotations

from random import Random
from uuid import UUID

from moto.moto_api._internal import mock_random


class Rng:
    """Durations, rates and ids, each decided by the seed and the occasion alone, not by what came before.

    Without a seed, ids are new in every run, as on AWS; durations and rates are those of seed 0.
    """

    def __init__(self) -> None:
        self.reset(None)

    def reset(self, seed: int | None) -> None:
        """Start again; moto's own ids follow the seed as well, in the order in which they are made."""
        mock_random.seed(seed)
        self.seed = seed or 0
        self._salt = mock_random.get_random_hex(32)

    def uniform(self, low: float, high: float, *occasion: object) -> float:
        """Return a number between two others."""
        return Random(repr((self.seed, *occasion))).uniform(low, high)  # noqa: S311 - no secret

    def hex(self, length: int, *occasion: object) -> str:
        """Return the hexadecimal digits of an id."""
        return f"{self._bits(4 * length, occasion):0{length}x}"

    def uuid(self, *occasion: object) -> str:
        """Return a UUID of version 4."""
        return str(UUID(int=self._bits(128, occasion), version=4))

    def _bits(self, count: int, occasion: tuple[object, ...]) -> int:
        return Random(repr((self._salt, *occasion))).getrandbits(count)  # noqa: S311 - no secret


rng = Rng()
"""moto's random numbers are one per process; so is this."""
