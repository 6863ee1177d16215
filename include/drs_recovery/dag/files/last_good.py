"""The last good version of a plan whose file cannot be read any more: carried from snapshot to snapshot.

It lies within the snapshot, in a hidden folder among the plans, so that a snapshot holds all that its DAGs
are built from, the same for every worker. Its first line, a comment, says since when it is carried. One that
uses groups is carried with these written out.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from drs_recovery.errors import PlanError
from drs_recovery.plan import (
    Plan,
    PlanFile,
    files_of_stem,
    group_ids,
    plan_stems,
    read_plan,
    read_plans,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FOLDER = ".last_good"
SINCE = re.compile(r"# Carried since (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC)\n")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class LastGood:
    """The last version of a plan that could be read; ``since`` is when its file was first seen broken."""

    plan: Plan
    since: str


def carried(plans: Path, before: Path | None, changed: Iterable[str]) -> dict[str, bytes]:
    """Return what a snapshot carries beside its plans, by path below their folder.

    ``before`` is the folder of plans in the snapshot before, from which the files of the stems in ``changed``
    differ; of these are read those that were there before. A plan that was never good there has nothing to
    carry, and neither has one whose file is deleted.
    """
    if before is None:
        return {}
    old = [stem for stem in changed if files_of_stem(before, stem)]
    found = {_name(stem): _text(before, stem) for stem in old if _is_broken(plans, stem)}
    there = plan_stems(plans) if plans.is_dir() else frozenset()
    unchanged = {path.stem for path in (before / FOLDER).glob("*.yaml")} & there - set(changed)
    found |= {_name(stem): (before / _name(stem)).read_bytes() for stem in unchanged}
    return {name: text for name, text in found.items() if text is not None}


def last_good(plans: Path, stem: str) -> LastGood | None:
    """Return the last good version of a plan, if the folder carries one; raises PlanError if it is none."""
    path = plans / _name(stem)
    if not path.is_file():
        return None
    since = SINCE.match(path.read_text())
    return LastGood(read_plan(path), since.group(1)) if since else None


def _name(stem: str) -> str:
    return f"{FOLDER}/{stem}.yaml"


def _is_broken(plans: Path, stem: str) -> bool:
    return isinstance(read_plans(plans, only=stem).get(stem), PlanError)


def _text(before: Path, stem: str) -> bytes | None:
    plan = read_plans(before, only=stem).get(stem)
    if not isinstance(plan, Plan):
        kept = before / _name(stem)
        return kept.read_bytes() if kept.is_file() else None
    (file,) = files_of_stem(before, stem)
    line = f"# Carried since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC\n"
    text = file.read_bytes().removeprefix(BYTE_ORDER_MARK)
    return line.encode() + (_written_out(plan) if group_ids(text) else text)


def _written_out(plan: Plan) -> bytes:
    """Return a plan with what its groups say in place of their names: the groups may be what is broken."""
    return json.dumps(PlanFile.model_construct(**dict(plan)).content(), indent=1).encode()
