"""Since when a plan is there with its drill schedule, so that no drill is run for a time before that.

A scheduler runs the last slot that has passed when it first sees a schedule. Told since when the schedule is
there, it waits for the next slot, and still makes up for one that passed while Airflow was down. The time
lies within the snapshots, carried from one to the next, since it must not change: each change of it makes a
new version of the DAG.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from recovery.plan import files_of_stem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FOLDER = ".scheduled"
SCHEDULE = re.compile(rb"^.*drill_schedule.*$", re.MULTILINE)
"""What tells one schedule from another, without reading the plan; one that cannot be read has it too."""

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
"""Of a plan that an earlier release, which kept no time, has shown to Airflow."""


def scheduled(plans: Mapping[str, bytes], before: Path | None) -> dict[str, bytes]:
    """Return what a snapshot says of its plans' schedules, by path below their folder.

    ``plans`` are the texts of the plans by stem, of the last good version where that stands in; ``before`` is
    the folder of plans in the snapshot before.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    found = {}
    for stem, text in plans.items():
        if schedule := _schedule(text):
            since = _kept(before, stem, schedule) if before else None
            found[_name(stem)] = (since or now).isoformat().encode() + b"\n" + schedule
    return found


def scheduled_since(plans: Path, stem: str) -> datetime | None:
    """Return since when a plan is there with its schedule; None where nobody has kept that."""
    try:
        return _time((plans / _name(stem)).read_bytes())
    except (OSError, ValueError):
        return None


def _kept(before: Path, stem: str, schedule: bytes) -> datetime | None:
    """Return the time that the snapshot before has for the very same schedule."""
    try:
        said = (before / _name(stem)).read_bytes()
    except OSError:
        # An earlier release kept no time of the plans that it showed to Airflow
        shown = b"\n".join(file.read_bytes() for file in files_of_stem(before, stem))
        return LONG_AGO if _schedule(shown) == schedule else None
    return _time(said) if said.partition(b"\n")[2] == schedule else None


def _schedule(text: bytes) -> bytes:
    return b"\n".join(SCHEDULE.findall(text))


def _time(said: bytes) -> datetime:
    return datetime.fromisoformat(said.partition(b"\n")[0].decode())


def _name(stem: str) -> str:
    return f"{FOLDER}/{stem}"
