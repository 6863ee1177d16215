"""Recovery snapshots: the points in time that a source server can be launched from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from math import floor
from typing import TYPE_CHECKING, Any

from .dates import iso_at
from .pit_policy import Rule, rules_of

if TYPE_CHECKING:
    from .source_server import SourceServer

UNIT = 600.0
"""Seconds between the moments at which a snapshot can be due: the shortest interval of a policy."""


@dataclass(frozen=True)
class RecoverySnapshot:
    """A snapshot of a source server that is due at a simulated second."""

    source_server_id: str
    number: int
    volumes: int

    @property
    def expected(self) -> float:
        return self.number * UNIT

    @property
    def snapshot_id(self) -> str:
        return f"pit-{self._hash('pit')}"

    @property
    def ebs_snapshots(self) -> list[str]:
        """Ids of the EBS snapshots that it consists of: one for each volume."""
        return [f"snap-{self._hash(number)}" for number in range(self.volumes)]

    def to_dict(self, now: float) -> dict[str, Any]:
        taken = self.expected <= now
        return {
            "snapshotID": self.snapshot_id,
            "sourceServerID": self.source_server_id,
            "expectedTimestamp": iso_at(self.expected),
            "timestamp": iso_at(self.expected) if taken else None,
            "ebsSnapshots": self.ebs_snapshots if taken else [],
        }

    def _hash(self, part: object) -> str:
        text = f"{self.source_server_id}:{self.number}:{part}"
        return hashlib.sha256(text.encode()).hexdigest()[:17]


class Retention:
    """The policies of one source server, each from a simulated second on; what one deletes is gone."""

    def __init__(self, policy: list[dict[str, Any]]) -> None:
        self._from: list[tuple[float, list[Rule]]] = [(0.0, rules_of(policy))]

    def change(self, now: float, policy: list[dict[str, Any]]) -> None:
        """Take and keep snapshots by another policy from now on."""
        if (rules := rules_of(policy)) != self._from[-1][1]:
            self._from.append((now, rules))

    def kept(self, now: float) -> list[float]:
        """Return the moments of which a snapshot is kept, if there was one, the earliest first."""
        kept = {moment for rule in self._from[-1][1] for moment in rule.kept(now)}
        return sorted(kept if len(self._from) == 1 else filter(self._kept_by_earlier, kept))

    def coming(self, now: float) -> float | None:
        """Return the moment of the next snapshot, unless the policy takes none."""
        return min((rule.coming(now) for rule in self._from[-1][1]), default=None)

    def _kept_by_earlier(self, moment: float) -> bool:
        ended = ((rules, end) for (_, rules), (end, _) in pairwise(self._from))
        return all(any(rule.keeps(moment, end) for rule in rules) for rules, end in ended if moment <= end)


def snapshots_of(server: SourceServer, now: float) -> list[RecoverySnapshot]:
    """Return the snapshots that are kept, oldest first, and the next one where one will be taken.

    They are taken while replication is CONTINUOUS, at whole intervals of the rules of the server's policy,
    and kept for as long as one of these says, whether replication is healthy still or not. One whose EBS
    snapshot somebody deleted is no more.
    """
    spans = server.replication.healthy_spans(now)
    moments = [m for m in server.retention.kept(now) if any(begin < m <= end for begin, end in spans)]
    coming = server.retention.coming(now)
    if coming is not None and server.replication.state(now) == "CONTINUOUS":
        moments.append(coming)
    server_id, volumes = server.source_server_id, len(server.description.disks_gib)
    snapshots = [RecoverySnapshot(server_id, floor(moment / UNIT), volumes) for moment in moments]
    if not (lost := server.lost_snapshots):
        return snapshots
    return [snapshot for snapshot in snapshots if snapshot.snapshot_id not in lost]
