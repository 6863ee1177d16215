"""Recovery snapshots: the points in time that a source server can be launched from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from math import floor
from typing import TYPE_CHECKING, Any, Protocol

from .dates import iso_at, iso_second, whole_second
from .members import Complete
from .pit_policy import FIXED, UNITS, Rule, rules_of
from .stages import spread
from .timeline import JobStatus

if TYPE_CHECKING:
    from datetime import datetime

    from .replication import Replication
    from .timeline import LaunchStatus


UNIT = 600.0
"""Seconds between the moments at which a snapshot can be due: the shortest interval of a policy."""

SOONEST, LATEST = 410.0, 430.0
"""Seconds from when a snapshot is expected until it is taken: two recorded ones took 6:57 and 7:07."""

KEPT = FIXED["MINUTE"][1] * UNITS["MINUTE"]
"""Seconds for which the snapshot of a launch is kept, as long as those that a policy takes most often."""


@dataclass(frozen=True)
class RecoverySnapshot:
    """A snapshot of a source server: when it was due, and the simulated second of its data.

    It is one of the server's policy, or of the job that launched the server from its latest data.
    """

    source_server_id: str
    expected: float
    taken: float
    volumes: int
    job_id: str | None = None

    @property
    def position(self) -> int:
        """Place in the order of a server's snapshots."""
        return round(self.expected * 1e6)

    @property
    def due(self) -> datetime:
        """Date on which it was due."""
        return whole_second(self.expected)

    @property
    def snapshot_id(self) -> str:
        return f"pit-{self._hash('pit')}"

    @property
    def ebs_snapshots(self) -> list[str]:
        """Ids of the EBS snapshots that it consists of: one for each volume."""
        return [f"snap-{self._hash(number)}" for number in range(self.volumes)]

    def to_dict(self, now: float) -> Complete:
        taken = self.taken <= now
        members = Complete(
            snapshotID=self.snapshot_id,
            sourceServerID=self.source_server_id,
            expectedTimestamp=iso_second(self.expected),
            ebsSnapshots=self.ebs_snapshots if taken else [],
        )
        if taken:
            members["timestamp"] = iso_at(self.taken)
        return members

    def _hash(self, part: object) -> str:
        text = f"{self.source_server_id}:{self.job_id or floor(self.expected / UNIT)}:{part}"
        return hashlib.sha256(text.encode()).hexdigest()[:17]


class LastJob(Protocol):
    """What is asked of the job that launched a server last."""

    job_id: str
    is_drill: bool

    @property
    def creation_date(self) -> datetime:
        """Return the date of its start."""

    def status(self, now: float) -> JobStatus:
        """Return how it stands."""

    def launch_status(self, source_server_id: str, now: float) -> LaunchStatus:
        """Return how it stands with one server."""


class Snapshotted(Protocol):
    """What is asked of a server whose snapshots are kept."""

    recovery_job_id: str | None
    last_job: LastJob | None
    replication: Replication


class LaunchSnapshots:
    """The snapshots that a server's launches use, by job; each stays for as long as it is used."""

    def __init__(self, server: Snapshotted) -> None:
        self._server = server
        self._by_job: dict[str, tuple[RecoverySnapshot, float]] = {}

    def use(self, job_id: str, snapshot: RecoverySnapshot, made: float) -> None:
        """Keep what a job launches; its own one, which it made at this second, for longer."""
        until = made + KEPT if snapshot.job_id else made
        self._by_job = {j: kept for j, kept in self._by_job.items() if self._is_kept(j, kept, made)}
        self._by_job[job_id] = snapshot, until

    def kept(self, now: float) -> list[RecoverySnapshot]:
        return [kept[0] for job_id, kept in self._by_job.items() if self._is_kept(job_id, kept, now)]

    def _is_kept(self, job_id: str, kept: tuple[RecoverySnapshot, float], now: float) -> bool:
        snapshot, until = kept
        if snapshot.taken < self._server.replication.kept_from:
            return False
        return now < until or job_id == self._server.recovery_job_id or self._works(job_id, now)

    def _works(self, job_id: str, now: float) -> bool:
        last = self._server.last_job
        return last is not None and last.job_id == job_id and last.status(now) is not JobStatus.COMPLETED


class Retention:
    """The policies of one source server, each from a simulated second on; what one deletes is gone.

    A snapshot is taken ``delay`` seconds after the moment of its data, and kept from then on.
    """

    def __init__(self, server_id: str, policy: list[dict[str, Any]]) -> None:
        self.delay = SOONEST + spread(server_id, "snapshot") * (LATEST - SOONEST)
        self._from: list[tuple[float, list[Rule]]] = [(0.0, rules_of(policy))]

    def change(self, now: float, policy: list[dict[str, Any]]) -> None:
        """Take and keep snapshots by another policy from now on."""
        if (rules := rules_of(policy)) != self._from[-1][1]:
            self._from.append((now - self.delay, rules))

    def kept(self, now: float) -> list[float]:
        """Return the moments whose snapshot is kept, if there was one, the earliest first."""
        kept = {moment for rule in self._from[-1][1] for moment in rule.kept(now - self.delay)}
        return sorted(kept if len(self._from) == 1 else filter(self._kept_by_earlier, kept))

    def coming(self, now: float) -> float | None:
        """Return the moment of the snapshot that is taken next, unless the policy takes none."""
        return min((rule.coming(now - self.delay) for rule in self._from[-1][1]), default=None)

    def _kept_by_earlier(self, moment: float) -> bool:
        ended = ((rules, end) for (_, rules), (end, _) in pairwise(self._from))
        return all(any(rule.keeps(moment, end) for rule in rules) for rules, end in ended if moment <= end)
