"""The table of lessons says the truth: what it calls tested has a test of that name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROW = re.compile(r"^\| ([A-Z]-\d+[a-z]?)(?:…\d+)? \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)
ROWS = dict(ROW.findall((TESTS / "LESSONS.md").read_text()))
NAMES = {
    name
    for path in TESTS.rglob("test_*.py")
    for name in re.findall(r"^(?:    )?(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE)
}


def mark(lesson: str) -> str:
    """Return how a lesson stands in the name of a test."""
    return lesson.replace("-", "").lower()


@pytest.mark.parametrize("lesson", [row for row, proof in ROWS.items() if proof == "tests"])
def test_a_lesson_that_is_called_tested_has_a_test(lesson: str) -> None:
    """Named after its id."""
    assert any(f"_{mark(lesson)}_" in name for name in NAMES), lesson


@pytest.mark.parametrize("row", [row for row, proof in ROWS.items() if "`" in proof])
def test_a_test_that_is_named_exists(row: str) -> None:
    """`test_r17_three_waves…` stands for a test whose name begins so."""
    for named in re.findall(r"`(test_\w+)…`", ROWS[row]):
        assert any(name.startswith(named) for name in NAMES), named


def test_every_lesson_that_is_in_a_name_is_in_the_table() -> None:
    """No test is named after a lesson that the table does not know."""
    known = {mark(row) for row in ROWS}
    used = {part for name in NAMES for part in re.findall(r"_((?:[rpoct]|a)\d{1,2}[ab]?)(?=_)", name)}
    assert used - known == set()
