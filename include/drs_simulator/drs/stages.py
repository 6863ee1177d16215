"""The stages that a source server's replication passes through, and how long they take."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

STARTING = ("INITIATING", "INITIAL_SYNC", "CREATING_SNAPSHOT")
"""States before there are data to launch, in their order."""

SHORTEST, LONGEST = 60.0, 3600.0
"""Seconds in which a lag is caught up."""

_SPANS = {"INITIATING": (300, 600), "INITIAL_SYNC": (60, 120), "CREATING_SNAPSHOT": (60, 180)}
_SYNC_OF_GIB = 8.0


@dataclass(frozen=True, slots=True)
class Stage:
    """A state from a moment on; ``data`` is the moment of the latest data at its beginning, if any."""

    at: float
    state: str
    data: float | None = None


def starting(server_id: str, gib: float) -> list[float]:
    """Return how long a server is in each of the states before there are data to launch."""
    lengths = []
    for state in STARTING:
        shortest, longest = _SPANS[state]
        synced = gib * _SYNC_OF_GIB if state == "INITIAL_SYNC" else 0.0
        lengths.append(shortest + spread(server_id, state) * (longest - shortest) + synced)
    return lengths


def beginning(lengths: list[float], now: float) -> list[Stage]:
    """Return the stages of a server that replicates from its first byte on."""
    stages, at = [], now
    for state, length in zip(STARTING, lengths, strict=True):
        stages.append(Stage(at, state))
        at += length
    return [*stages, Stage(at, "CONTINUOUS", at)]


def catching_up(now: float, state: str, data: float) -> list[Stage]:
    """Return the stages of a server whose data are behind, and come again."""
    end = now + min(max((now - data) / 4, SHORTEST), LONGEST)
    return [Stage(now, state, data), Stage(end, "CONTINUOUS", end)]


def spread(server_id: str, part: object) -> float:
    """Return a number from 0 to 1 that is always the same for a server and a part of what it does."""
    return crc32(f"{server_id}:{part}".encode()) % 1000 / 1000
