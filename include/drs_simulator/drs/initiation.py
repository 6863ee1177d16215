"""The steps in which DRS initiates a source server's replication, which it tells of ever after."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from .dates import iso_at
from .members import Parts, Written, written
from .stages import spread

STEPS = (
    "WAIT",
    "CREATE_SECURITY_GROUP",
    "LAUNCH_REPLICATION_SERVER",
    "BOOT_REPLICATION_SERVER",
    "AUTHENTICATE_WITH_SERVICE",
    "DOWNLOAD_REPLICATION_SOFTWARE",
    "CREATE_STAGING_DISKS",
    "ATTACH_STAGING_DISKS",
    "PAIR_REPLICATION_SERVER_WITH_AGENT",
    "CONNECT_AGENT_TO_REPLICATION_SERVER",
    "START_DATA_TRANSFER",
)
SHARED = frozenset(STEPS[2:6])
"""Steps that are SKIPPED where a replication server is there already that has room for the disks."""


@dataclass(frozen=True, slots=True)
class Initiation:
    """An initiation from its beginning to the first byte, in simulated seconds."""

    began: float
    first_byte: float
    skipped: frozenset[str] = frozenset()

    def reached(self, now: float) -> bool:
        """Return whether data have begun to come."""
        return now >= self.first_byte

    def to_dict(self, now: float, failed_at: float | None = None) -> Parts:
        """Return the modelled dataReplicationInitiation; ``failed_at`` is when it came to a standstill."""
        until = now if failed_at is None else min(failed_at, now)
        progress = 1.0 if self.reached(until) else self._progress(until)
        standing = "IN_PROGRESS" if failed_at is None else "FAILED"
        wanted = len(STEPS) - len(self.skipped)
        return Parts(
            startDateTime=iso_at(self.began), steps=_steps(self.skipped, int(progress * wanted), standing)
        )

    def _progress(self, now: float) -> float:
        return max(now - self.began, 0) / (self.first_byte - self.began)


@lru_cache
def _steps(skipped: frozenset[str], done: int, standing: str) -> Written:
    """Return all steps where so many are done; most servers have them alike."""
    wanted = [name for name in STEPS if name not in skipped]
    current = STEPS.index(wanted[done]) if done < len(wanted) else len(STEPS)
    reached = ["SKIPPED" if name in skipped else "SUCCEEDED" for name in STEPS[:current]]
    statuses = [*reached, standing, *["NOT_STARTED"] * len(STEPS)]
    steps = [{"name": name, "status": status} for name, status in zip(STEPS, statuses, strict=False)]
    return Written(written(steps))


def initiation(server_id: str, began: float, first_byte: float) -> Initiation:
    """Return the initiation of a server; every other one finds a replication server that it can share."""
    skipped = SHARED if spread(server_id, "shared") < 0.5 else frozenset()  # noqa: PLR2004 - every other
    return Initiation(began, first_byte, skipped)
