"""The replication of a source server: its state as a function of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.clock import clock

if TYPE_CHECKING:
    from collections.abc import Iterable

INITIATING = 300
SYNCING = 1800
"""Simulated seconds from a start until the initial sync begins, and until it has ended."""


class Replication:
    """Replication that goes on until it is stopped or disconnected."""

    def __init__(self, region_name: str, disks: Iterable[dict[str, Any]]) -> None:
        self._region_name = region_name
        self._disks = list(disks)
        self._halted: str | None = None
        self._started: float | None = None

    def state(self, now: float) -> str:
        if self._halted:
            return self._halted
        if self._started is None or clock.immediate or now >= self._started + SYNCING:
            return "CONTINUOUS"
        return "INITIAL_SYNC" if now >= self._started + INITIATING else "INITIATING"

    def stop(self, now: float) -> None:
        self._halted = "STOPPED"

    def start(self, now: float) -> None:
        self._halted, self._started = None, now

    def disconnect(self, now: float) -> None:
        self._halted = "DISCONNECTED"

    def retry(self, now: float) -> None:
        self.start(now)

    def to_dict(self, now: float) -> dict[str, Any]:
        state = self.state(now)
        return {
            "lagDuration": None if state == "DISCONNECTED" else "PT0S",
            "dataReplicationState": state,
            "replicatedDisks": [self._disk(disk, gone=state == "DISCONNECTED") for disk in self._disks],
            "stagingAvailabilityZone": f"{self._region_name}a",
        }

    def _disk(self, disk: dict[str, Any], *, gone: bool) -> dict[str, Any]:
        return {
            "deviceName": disk["deviceName"],
            "totalStorageBytes": 0 if gone else disk["bytes"],
            "replicatedStorageBytes": 0 if gone else disk["bytes"],
            "rescannedStorageBytes": 0,
            "backloggedStorageBytes": 0,
            "volumeStatus": "REGULAR",
        }
