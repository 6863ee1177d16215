"""Texts of problems: values as people wrote them, and what they may have meant."""

from __future__ import annotations

from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING

from drs_recovery.text.visible import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_SHOWN = 60
MOST_LISTED = 12
MOST_CHOICES = 200
"""Words among which the one that was meant is looked for: each comparison takes a tenth of a millisecond."""

MOST_HINTS = 10
"""Misspelt words of one file that get a hint; by then their author sees why."""


def shortened(text: str) -> str:
    """Return text as ``printable``, and shortened."""
    return printable(text) if len(text) <= LONGEST_SHOWN else f"{printable(text[:LONGEST_SHOWN])}…"


def quoted(value: str) -> str:
    """Return a value in quotes: on one line, printable, and shortened."""
    if len(value) <= LONGEST_SHOWN:
        return printable(repr(value))
    return f"{printable(repr(value[:LONGEST_SHOWN]))}… ({len(value)} characters)"


def listed(values: Iterable[str]) -> str:
    """Return values as a sentence lists them: the first ones, and how many more there are."""
    known = list(values)
    more = len(known) - MOST_LISTED
    return ", ".join(known[:MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def ordinal(number: int) -> str:
    """Return a number as a place in a line: 1st, 2nd, 3rd, 4th, 11th."""
    last = 0 if number // 10 % 10 == 1 else number % 10
    return f"{number}{('th', 'st', 'nd', 'rd')[last] if last <= 3 else 'th'}"  # noqa: PLR2004 - English


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return a clause that names the choice nearest to a word, of the first few, or nothing."""
    likely = (choice for choice in islice(choices, MOST_CHOICES) if len(choice) <= 2 * LONGEST_SHOWN)
    by_lower = {choice.lower(): choice for choice in likely}
    near = get_close_matches(word[:LONGEST_SHOWN].lower(), by_lower, n=1)
    return f"; did you mean {quoted(by_lower[near[0]])}?" if near else ""


class Hints:
    """What misspelt words of one file may have meant: for the first few of them, as each has a price."""

    def __init__(self) -> None:
        self._left = MOST_HINTS

    def of(self, word: str, choices: Iterable[str]) -> str:
        """Return ``did_you_mean``, or nothing for a file of many misspelt words."""
        if not self._left:
            return ""
        self._left -= 1
        return did_you_mean(word, choices)
