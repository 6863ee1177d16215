"""In whose name, and by which clock, a worker writes what happens into the audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drs_recovery.clock import now as utc_now
from drs_recovery.record.events import Event

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from drs_recovery.record.enums import EventType
    from drs_recovery.record.models import WaveRecord


@dataclass(frozen=True)
class Journal:
    """The events of one worker: of a task, or of whoever takes its place."""

    actor: str
    now: Callable[[], datetime] = utc_now

    def event(
        self, type_: EventType, detail: str, *, wave: WaveRecord | None = None, who: str | None = None
    ) -> Event:
        """Return an event of now, of this worker unless a person acts."""
        return Event(
            type=type_,
            time=self.now(),
            actor=who or self.actor,
            wave_number=wave.wave_number if wave else None,
            attempt=wave.attempt if wave else None,
            detail=detail,
        )
