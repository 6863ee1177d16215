"""A problem of a plan file, and its place."""

from __future__ import annotations

from typing import NamedTuple

MOST_PROBLEMS = 100
"""A file that is no plan at all has a problem in every line; this many are shown."""


Place = tuple[str | int, ...]
"""Keys and indexes from the top of a plan down to a value."""

Finding = tuple[Place, str]
"""Where a rule is broken, and how."""


class Mark(NamedTuple):
    """A place in a file; lines and columns count from 1, as editors do."""

    line: int = 1
    column: int = 1


class Problem(NamedTuple):
    """What is wrong at a place of a plan file."""

    mark: Mark
    message: str


class Rejected(Exception):
    """A file, or a text, from which no plan can be made."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__(*problems)
