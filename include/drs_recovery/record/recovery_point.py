"""Recovery points: which data a server is launched from, as a plan or a run says it, and as DRS has it.

``latest`` is no snapshot at all: DRS takes one when the launch begins. A time, or the start of the execution,
stands for a snapshot of each server: the newest that is not after it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, NamedTuple

from pydantic import PlainSerializer, PlainValidator, StringConstraints, WithJsonSchema

if TYPE_CHECKING:
    from collections.abc import Iterable

ServerId = Annotated[str, StringConstraints(pattern=r"^s-[0-9a-zA-Z]{17}$")]
SnapshotId = Annotated[str, StringConstraints(pattern=r"^pit-[0-9a-zA-Z]{17}$")]

BEFORE_START = "before start"
"""How a run says what a plan says as ``{before: start}``: a param of a form is text."""


class Moment(Enum):
    """What is no time by itself."""

    LATEST = "latest"
    BEFORE_START = BEFORE_START


RecoveryPoint = Moment | datetime


_TIME = "a time with its zone, such as 2026-11-27T02:10:00Z"


def read_point(value: object) -> RecoveryPoint:
    """Return the recovery point that a plan says: plain data as YAML and JSON have it."""
    if value == {"before": "start"}:
        return Moment.BEFORE_START
    if (point := _point(value)) is None:
        raise ValueError(f"is no recovery point: latest, {{before: start}}, or {_TIME}")
    return point


def read_run_point(value: object) -> RecoveryPoint:
    """Return the recovery point that a run says, which is text."""
    if value == BEFORE_START:
        return Moment.BEFORE_START
    if (point := _point(value)) is None:
        raise ValueError(f"is no recovery point: latest, {BEFORE_START}, or {_TIME}")
    return point


def _point(value: object) -> RecoveryPoint | None:
    """Return a recovery point, or what plans and runs write alike; None for anything else."""
    if isinstance(value, RecoveryPoint):
        return value
    if value == Moment.LATEST.value:
        return Moment.LATEST
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
        return time.astimezone(UTC) if time and time.tzinfo else None
    except (ValueError, OverflowError):
        return None


def written(point: RecoveryPoint) -> str | dict[str, str]:
    """Return a recovery point as plan files write it."""
    if isinstance(point, datetime):
        return point.isoformat().replace("+00:00", "Z")
    return {"before": "start"} if point is Moment.BEFORE_START else point.value


def point_words(point: RecoveryPoint) -> str:
    """Return a recovery point as a run says it."""
    text = written(point)
    return text if isinstance(text, str) else BEFORE_START


PlanPoint = Annotated[
    RecoveryPoint,
    PlainValidator(read_point),
    PlainSerializer(written, when_used="json"),
    WithJsonSchema(
        {
            "anyOf": [
                {"const": "latest"},
                {"type": "string", "format": "date-time"},
                {
                    "type": "object",
                    "properties": {"before": {"const": "start"}},
                    "required": ["before"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
RunPoint = Annotated[RecoveryPoint, PlainValidator(read_run_point)]


class Snapshot(NamedTuple):
    """A recovery snapshot that was taken, and the moment of its data."""

    snapshot_id: str
    time: datetime


def newest(snapshots: Iterable[Snapshot], not_after: datetime) -> Snapshot | None:
    """Return the newest snapshot that is not after a moment; None if there is none."""
    before = (one for one in snapshots if one.time <= not_after)
    return max(before, key=lambda one: (one.time, one.snapshot_id), default=None)
