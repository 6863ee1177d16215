"""Recovery snapshots: the points in time that a source server can be launched from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING, Any

from .dates import iso_at

if TYPE_CHECKING:
    from .source_server import SourceServer


@dataclass(frozen=True)
class RecoverySnapshot:
    """A snapshot of a source server that is due at a simulated second."""

    source_server_id: str
    number: int
    interval: float
    volumes: int

    @property
    def expected(self) -> float:
        return self.number * self.interval

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
    """Return the snapshots that are kept, oldest first, and the next one where one will be taken.

    They are taken at whole intervals while replication is CONTINUOUS, and the last ones are kept, however
    old they get: a server whose replication is stalled can be launched as it was before.
    """
    policy = server.description.snapshots
    interval, volumes = policy.every_minutes * 60.0, len(server.description.disks_gib)
    numbers: list[int] = []
    for begin, end in server.replication.healthy_spans(now):
        last, first = floor(end / interval), floor(begin / interval) + 1
        numbers += range(last, max(first, last - policy.kept + len(numbers) + 1) - 1, -1)
    taken = sorted(numbers)
    coming = [floor(now / interval) + 1] if server.replication.state(now) == "CONTINUOUS" else []
    return [
        RecoverySnapshot(server.source_server_id, number, interval, volumes) for number in [*taken, *coming]
    ]
