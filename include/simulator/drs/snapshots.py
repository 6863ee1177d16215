"""Recovery snapshots: the points in time that a source server can be launched from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .dates import iso_at

if TYPE_CHECKING:
    from .source_server import SourceServer

INTERVAL = 600
"""DRS's default policy: a snapshot every ten minutes, each kept for an hour, in simulated seconds."""
KEPT = 6


@dataclass(frozen=True)
class RecoverySnapshot:
    """A snapshot of a source server that is due at a simulated second."""

    source_server_id: str
    number: int
    volumes: int

    @property
    def expected(self) -> float:
        return float(self.number * INTERVAL)

    @property
    def snapshot_id(self) -> str:
        return f"pit-{self._hash('pit')}"

    def to_dict(self, now: float) -> dict[str, Any]:
        taken = self.expected <= now
        return {
            "snapshotID": self.snapshot_id,
            "sourceServerID": self.source_server_id,
            "expectedTimestamp": iso_at(self.expected),
            "timestamp": iso_at(self.expected) if taken else None,
            "ebsSnapshots": [f"snap-{self._hash(n)}" for n in range(self.volumes)] if taken else [],
        }

    def _hash(self, part: object) -> str:
        text = f"{self.source_server_id}:{self.number}:{part}"
        return hashlib.sha256(text.encode()).hexdigest()[:17]


def snapshots_of(server: SourceServer, now: float) -> list[RecoverySnapshot]:
    """Return the snapshots that are kept, oldest first, and the next one, which is not taken yet."""
    last = int(now // INTERVAL)
    volumes = len(server.description.disks_gib)
    numbers = range(last - KEPT + 1, last + 2)
    return [RecoverySnapshot(server.source_server_id, number, volumes) for number in numbers]
