"""Which DAG file a plan belongs to: one of a fixed number, each with a share of the plans.

Airflow gives a DAG file its time, and where that is not enough all DAGs of the file are gone. So no file has
all plans, and what holds one up (a plan that takes for ever, a process that is killed) holds up no other. A
file is read again when one of its own plans changes, and not when another does.

A file knows its share by its name: `recovery_plans_07_of_64.py` is the loader under another name. Snapshots
hold such copies; where plans come from Git, the copies are made there.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

LOADER = "recovery_plans.py"
"""The DAG file that makes the DAGs of all plans, where it is not divided."""

SHARDS = 64
"""DAG files of a snapshot. To change it would move plans from file to file, and with them runs in flight."""

NAME = re.compile(r"recovery_plans_(?P<number>\d+)_of_(?P<count>[1-9]\d*)\.py")


@dataclass(frozen=True)
class Shard:
    """A share of all plans, by their DAG ids."""

    number: int
    count: int

    def has(self, dag_id: str) -> bool:
        """Whether the DAG with that id is of this share. Counted from 1, the last is the one counted as 0."""
        return _number(dag_id, self.count) == self.number % self.count

    def is_first(self, folder: Path) -> bool:
        """Whether no DAG file of a folder has a share before it: one such is there, whichever are."""
        others = (shard_of_file(path) for path in folder.glob("recovery_plans_*.py"))
        return all(self.number <= other.number for other in others if other.count == self.count)

    @property
    def file(self) -> str:
        """The name of its DAG file."""
        return f"recovery_plans_{self.number:02}_of_{self.count}.py"


ALL = Shard(0, 1)


def shard_of_file(file: str | Path) -> Shard:
    """Return the share of a DAG file, by its name; all plans, if its name says nothing of it."""
    found = NAME.fullmatch(Path(file).name)
    return Shard(int(found["number"]), int(found["count"])) if found else ALL


def shard_of_plan(dag_id: str) -> Shard:
    """Return the share that a plan belongs to in a snapshot."""
    return Shard(_number(dag_id, SHARDS), SHARDS)


def _number(dag_id: str, count: int) -> int:
    digest = hashlib.sha256(dag_id.encode(errors="surrogateescape")).digest()
    return int.from_bytes(digest[:8]) % count
