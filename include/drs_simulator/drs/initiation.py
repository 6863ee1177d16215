"""The steps in which DRS initiates a source server's replication, which it tells of ever after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .dates import iso_at
from .members import Complete
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


@dataclass(frozen=True)
class Initiation:
    """An initiation from its beginning to the first byte, in simulated seconds."""

    began: float
    first_byte: float
    skipped: frozenset[str] = frozenset()

    def reached(self, now: float) -> bool:
        """Return whether data have begun to come."""
        return now >= self.first_byte

    def to_dict(self, now: float, failed_at: float | None = None) -> dict[str, Any]:
        """Return the modelled dataReplicationInitiation; ``failed_at`` is when it came to a standstill."""
        until = now if failed_at is None else min(failed_at, now)
        wanted = [name for name in STEPS if name not in self.skipped]
        done = len(wanted) if self.reached(until) else int(self._progress(until) * len(wanted))
        current = STEPS.index(wanted[done]) if done < len(wanted) else len(STEPS)
        standing = "IN_PROGRESS" if failed_at is None else "FAILED"
        steps = (
            {"name": name, "status": self._status(at, current, standing)} for at, name in enumerate(STEPS)
        )
        return Complete(startDateTime=iso_at(self.began), steps=list(steps))

    def _progress(self, now: float) -> float:
        return max(now - self.began, 0) / (self.first_byte - self.began)

    def _status(self, at: int, current: int, standing: str) -> str:
        if at < current:
            return "SKIPPED" if STEPS[at] in self.skipped else "SUCCEEDED"
        return standing if at == current else "NOT_STARTED"


def initiation(server_id: str, began: float, first_byte: float) -> Initiation:
    """Return the initiation of a server; every other one finds a replication server that it can share."""
    skipped = SHARED if spread(server_id, "shared") < 0.5 else frozenset()  # noqa: PLR2004 - every other
    return Initiation(began, first_byte, skipped)
