"""The replication of a source server: its state as a function of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.clock import clock

if TYPE_CHECKING:
    from simulator.fleet import ServerDescription

GIB = 1024**3
INITIATING = 300
SYNCING = 1800
"""Simulated seconds from a start until the initial sync begins, and until it has ended."""


class Replication:
    """Replication that goes on until it is stopped or disconnected."""

    def __init__(self, description: ServerDescription, region_name: str, now: float) -> None:
        self._region_name = region_name
        self._sizes = [size * GIB for size in description.disks_gib]
        self._halted: str | None = None
        self._started = now - SYNCING

    def state(self, now: float) -> str:
        if self._halted:
            return self._halted
        if clock.immediate or now >= self._started + SYNCING:
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
            "replicatedDisks": [
                self._disk(number, size, gone=state == "DISCONNECTED")
                for number, size in enumerate(self._sizes)
            ],
            "stagingAvailabilityZone": f"{self._region_name}a",
        }

    def _disk(self, number: int, size: int, *, gone: bool) -> dict[str, Any]:
        return {
            "deviceName": f"/dev/nvme{number}n1",
            "totalStorageBytes": 0 if gone else size,
            "replicatedStorageBytes": 0 if gone else size,
            "rescannedStorageBytes": 0,
            "backloggedStorageBytes": 0,
            "volumeStatus": "REGULAR",
        }
