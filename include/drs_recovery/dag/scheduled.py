"""Since when a plan is there with its drill schedule, so that no drill is run for a time before that.

A scheduler runs the last slot that has passed when it first sees a schedule. If it knows since when the
schedule is there, it waits for the next slot, and still makes up for one that passed while Airflow was down.
The time lies within the snapshots, carried from one to the next, since it must not change: each change of it
makes a new version of the DAG.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from drs_recovery.dag.files import last_good
from drs_recovery.plan import files_of_stem
from drs_recovery.plan.document import parse
from drs_recovery.plan.problems import Rejected

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

FOLDER = ".scheduled"
KEY = "drill_schedule"

FIRST_SLOT = datetime(2025, 1, 1, tzinfo=UTC)
"""Before any slot of a schedule: from here on plans count that an earlier release, which kept no time, has
shown to Airflow. A constant, since any change in a DAG makes a new version of it."""


def scheduled(plans: Mapping[str, bytes], before: Path | None, changed: Collection[str]) -> dict[str, bytes]:
    """Return what a snapshot says of its plans' schedules, by path below their folder.

    ``plans`` are the texts of the plans by stem, of the last good version where that stands in; ``before`` is
    the folder of plans in the snapshot before, from which the files of the stems in ``changed`` differ.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    found = {}
    for stem, text in plans.items():
        content = _kept(before, stem) if before else b""
        if content and stem not in changed:
            found[_name(stem)] = content
        elif schedule := _schedule(text):
            since = now
            if before and _schedule(_shown(before, stem)) == schedule:
                since = _time(content) if content else FIRST_SLOT
            found[_name(stem)] = f"{since.isoformat()}\n{schedule}".encode()
    return found


def scheduled_since(plans: Path, stem: str) -> datetime | None:
    """Return since when a plan is there with its schedule; None where nobody has kept that."""
    try:
        return _time((plans / _name(stem)).read_bytes())
    except (OSError, ValueError):
        return None


def _kept(plans: Path, stem: str) -> bytes:
    """Return what a snapshot keeps of a schedule; nothing, if there is no time in it."""
    with suppress(OSError, ValueError):
        content = (plans / _name(stem)).read_bytes()
        _time(content)
        return content
    return b""


def _shown(plans: Path, stem: str) -> bytes:
    """Return the text of the plan that a snapshot shows to Airflow."""
    good = plans / last_good.FOLDER / f"{stem}.yaml"
    files = [good] if good.is_file() else files_of_stem(plans, stem)
    return b"".join(file.read_bytes() for file in files if file.is_file())


def _schedule(text: bytes) -> str | None:
    """Return the schedule in the text of a plan, also of one that breaks rules; None if it has none."""
    if KEY.encode() not in text and b"\\" not in text:  # in which any letter may be written
        return None
    with suppress(Rejected, ValueError):
        content = parse(text.decode())[0].value.get(KEY)
        return " ".join(content.split()) if isinstance(content, str) else None
    return None


def _time(content: bytes) -> datetime:
    return datetime.fromisoformat(content.partition(b"\n")[0].decode())


def _name(stem: str) -> str:
    return f"{FOLDER}/{stem}"
