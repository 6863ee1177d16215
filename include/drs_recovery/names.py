"""Where a name that people choose goes, and what it becomes there: one function for each use.

A name is what a person gave, or DRS holds: of a plan, a wave, a server, a user, a reason. Nobody else makes
an id, a tag or a file of one. Names never are templates: no task of ours has a templated field. None is
trusted (``docs/security.md``).

| it goes into | and becomes |
| --- | --- |
| a DAG id | the stem of the plan's file: `dag_id_of` |
| a task group, a task id | lower case and a digest for what is lost: `group_id`, `task_id`, `role_of` |
| the value of a tag | what every AWS service takes: `tag_value`, `wave_tag` |
| a file | the dag id, which is a file's stem: `dag_id_of` |
| an address of Airflow | one part of a path: `path_part` |
| a log | one line, in which what is hidden is shown: `in_log` |
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import quote

from drs_recovery.text.visible import one_line as in_log
from drs_recovery.text.visible import without_unseen_letters

__all__ = [
    "INVALID_TAG",
    "MOST_WAVES",
    "OF_THE_RUN",
    "OUTDATED_TAG",
    "RESERVED_DAG_IDS",
    "CleanUpTask",
    "PutBackTask",
    "Role",
    "TaskName",
    "action_task",
    "complaint_of_dag_id",
    "dag_id_of",
    "group_id",
    "in_log",
    "likeness",
    "path_part",
    "role_of",
    "tag_value",
    "task_id",
    "wave_tag",
]

MOST_WAVES = 100
"""Of a plan, as of its record: the condition of a final status has room for so many.

DynamoDB takes 4 KB and 300 operators.
"""

DAG_ID = r"[A-Za-z0-9_.-]{1,250}"

MAINTENANCE = "recovery_maintenance"
CLEAN_UP = "recovery_clean_up"
PUT_BACK = "recovery_put_back"
UNREADABLE_FOLDER = "recovery_plans"
"""Dag id that tells of a folder of plans which cannot be listed."""

INVALID_TAG = "invalid"
"""Of the DAG of a plan that cannot be read."""

OUTDATED_TAG = "outdated"
"""Of the DAG of a plan whose file cannot be read, and whose last good version stands in for it."""

RESERVED_DAG_IDS = frozenset({MAINTENANCE, CLEAN_UP, PUT_BACK, UNREADABLE_FOLDER})
"""Ids of the DAGs that are no plan: a plan by that name would take their place."""


class Role(StrEnum):
    """What a task of a plan's DAG is for, by its name there: the product's own tasks, which all speak."""

    OPEN = "open_execution"
    GATE = "approve"
    START = "start_recovery"
    WATCH = "wait_for_recovery"
    FINISH = "complete_execution"


class CleanUpTask(StrEnum):
    """The tasks of the DAG that cleans up, in order."""

    APPROVE = "approve"
    TERMINATE = "terminate"
    WATCH = "wait_for_termination"
    CHECK = "check"


class PutBackTask(StrEnum):
    """The tasks of the DAG that puts launch settings back, in order."""

    START = "put_back"
    CHECK = "check"


OF_THE_RUN = frozenset({Role.OPEN, Role.FINISH})
"""Roles of the tasks before and after the waves; the others have one task in each wave's group."""


class TaskName(NamedTuple):
    """What a task id says: the role, the task group of its wave, and its name there.

    ``role`` is absent for a task of any other operator, and ``group`` for one that stands in no group.
    """

    role: Role | None
    group: str | None
    name: str


LONGEST_GROUP_ID = 200
"""Airflow's limit; it leaves room for the task's own name within the 250 of a task id."""

LONGEST_TAG_VALUE = 256

LONGEST_ACTION = 40
"""Of an action in its task's id: with the longest group before it, it stays within Airflow's 250."""

_NO_DAG_ID = ".no_dag_id."
_STAND_IN = re.compile(re.escape(_NO_DAG_ID) + r"[0-9a-f]{16}", re.IGNORECASE)


def dag_id_of(stem: str) -> str:
    """Return the dag id for a file stem; one that no plan may have gets one that no other file has."""
    if complaint_of_dag_id(stem) is None:
        return stem
    kept = re.sub(r"[^A-Za-z0-9_.-]+|\.{2,}", "_", stem)[:200].rstrip(".")
    return f"{kept}{_NO_DAG_ID}{_digest(stem, 16)}"


def complaint_of_dag_id(stem: str) -> str | None:
    """Return why a plan may not have this id, to follow the id in a sentence; None if it may."""
    if not re.fullmatch(DAG_ID, stem):
        return "is the plan's DAG id: 1 to 250 letters, digits, dashes, dots and underscores are allowed"
    if ".." in stem:
        return "is the plan's DAG id: Airflow takes no '..' in one"
    # Some file systems, and people, do not tell cases apart
    if stem.lower() in RESERVED_DAG_IDS or _STAND_IN.search(stem):
        return "is the id of a DAG of the product itself; rename the file"
    return None


def group_id(name: str) -> str:
    """Return the id of a wave's task group: in lower case, with ``_`` for runs of other characters.

    A digest stands for what is lost by that, of names that are not ASCII or too long. ASCII names have none,
    so two of them may share an id: a plan is refused then.
    """
    return _slug(name, LONGEST_GROUP_ID, "wave")


def action_task(moment: str, name: str) -> str:
    """Return the name of an action's task: ``before_stop_the_writers``, in its wave's group or in none."""
    return f"{moment}_{_slug(name, LONGEST_ACTION, 'action')}"


def _slug(name: str, longest: int, otherwise: str) -> str:
    composed = unicodedata.normalize("NFC", name)
    slug = re.sub(r"[^a-z0-9]+", "_", composed.lower())
    if name.isascii() and len(slug) <= longest:
        return slug
    kept = slug.strip("_")[: longest - 9].rstrip("_") or otherwise
    return f"{kept}_{_digest(composed, 8)}"


def likeness(name: str) -> str:
    """Return what is the same for names that look alike: in other cases, widths, compositions or variants."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(without_unseen_letters(unicodedata.normalize("NFKC", folded)).split())


def task_id(role: Role, wave_name: str | None = None) -> str:
    """Return the id of the task that has a role: ``open_execution``, or ``webwave3.approve`` of a wave."""
    return role.value if wave_name is None else f"{group_id(wave_name)}.{role}"


def role_of(task_id: str) -> TaskName:
    """Return what a task id says; a name that stands in the wrong place is nobody's role."""
    group, dot, name = task_id.partition(".")
    if not dot:
        group, name = "", task_id
    role = next((role for role in Role if role == name and (role in OF_THE_RUN) == (not group)), None)
    return TaskName(role, group or None, name)


def tag_value(value: str) -> str:
    """Return a value as every AWS service takes it in a tag: letters, digits, blanks and a few signs."""
    return re.sub(r"[^A-Za-z0-9 _.:/=+@-]+", "_", value)[:LONGEST_TAG_VALUE]


def wave_tag(number: int, name: str) -> str:
    """Return what a job's tag says of its wave: number and task group, such as ``02-webwave3``."""
    return tag_value(f"{number:02}-{group_id(name)}")


def path_part(name: str) -> str:
    """Return a name as one part of a path in an address: a run id may hold a slash.

    What no encoding takes is a question mark: no name in Airflow's database has it.
    """
    return quote(name, safe="", errors="replace")


def _digest(name: str, letters: int) -> str:
    return hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:letters]
