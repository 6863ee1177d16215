"""How much tests try: few examples and pairs in every run, many examples and all pairs at night."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

A, B = TypeVar("A"), TypeVar("B")

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
"""Whether this run may take hours: `HYPOTHESIS_PROFILE=nightly`; its seed stands in pytest's header."""

MORE = 20


def examples(few: int) -> int:
    """Return how many examples to try, where every run tries so few."""
    return few * MORE if NIGHTLY else few


def pairs(rows: Sequence[A], columns: Sequence[B], few: int) -> list[tuple[A, B]]:
    """Return each row with so few of the columns, which take turns: each column comes up; all at night."""
    some = len(columns) if NIGHTLY else few
    return [
        (row, columns[(number * some + turn) % len(columns)])
        for number, row in enumerate(rows)
        for turn in range(some)
    ]
