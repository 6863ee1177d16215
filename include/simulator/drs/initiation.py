"""The steps in which DRS initiates a source server's replication."""

from __future__ import annotations

from typing import Any

from .dates import iso_at

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


def initiation(began: float, progress: float) -> dict[str, Any]:
    """Return the modelled dataReplicationInitiation when this much of it, of 1, has passed."""
    current = int(progress * len(STEPS))
    return {
        "startDateTime": iso_at(began),
        "steps": [{"name": name, "status": _status(at, current)} for at, name in enumerate(STEPS)],
    }


def _status(at: int, current: int) -> str:
    if at < current:
        return "SUCCEEDED"
    return "IN_PROGRESS" if at == current else "NOT_STARTED"
