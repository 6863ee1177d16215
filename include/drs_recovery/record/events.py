"""The audit trail: what happened, when, by whom; written once, never changed."""

from __future__ import annotations

import hashlib
import json
import uuid
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from pydantic import Field

from drs_recovery.record.base import FreeText, Record, Time, iso
from drs_recovery.record.enums import EventType

if TYPE_CHECKING:
    from drs_recovery.record.models import Execution

PREFIX = "EVENT#"


class Fact(StrEnum):
    """What an event says beside its type, for who counts events; people read it in the detail."""

    NO_ROOM = "NO_ROOM"
    ADOPTED = "ADOPTED"
    LEFT_CHANGED = "LEFT_CHANGED"


class Event(Record):
    """One entry of the trail.

    ``once`` names what happened, so that a retried step, which comes at another time, does not record it
    twice. Absent: only this very event, with its time, is the same. ``once`` and ``fact`` are not on record.
    """

    type: EventType
    time: Time
    actor: str | None = None
    wave_number: int | None = None
    attempt: int | None = None
    detail: FreeText | None = None
    once: str | None = Field(default=None, exclude=True)
    fact: Fact | None = Field(default=None, exclude=True)

    @property
    def key(self) -> str:
        """The range key: ``EVENT#<time>#<uuid7>``."""
        return f"{PREFIX}{iso(self.time)}#{self._uuid7()}"

    @property
    def tail(self) -> str:
        """The part of the key that identifies the event, apart from its time."""
        return tail(self.key)

    def _uuid7(self) -> uuid.UUID:
        """Return a UUID of version 7 whose 74 free bits (RFC 9562) are not random but identify the event."""
        message = self.once or json.dumps(self.to_item(), sort_keys=True)
        free = int.from_bytes(hashlib.sha256(message.encode(errors="replace")).digest()[:10], "big") >> 6
        milliseconds = int(self.time.timestamp() * 1000)
        high, low = free >> 62, free & ((1 << 62) - 1)
        return uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)


class News(NamedTuple):
    """An event that has just gone on record; ``execution`` is the one it is about, if its writer knows."""

    event: Event
    execution: Execution | None


def tail(key: str) -> str:
    """Return the part of an event's key that follows its times."""
    return key[-21:]
