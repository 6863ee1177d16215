"""What counts as a reason: something that a person can read."""

from __future__ import annotations

import unicodedata

from recovery.errors import ParamsError

FEWEST_LETTERS = 3
"""Of a reason that says something."""

_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"})
"""Categories of Unicode that show nothing: controls, formats such as the zero-width ones, blanks."""

_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters, marks and symbols that show nothing all the same: fillers, and the empty pattern of Braille."""


def given_reason(text: str | None) -> str | None:
    """Return a reason without what is blank around it; None where nothing of it can be read."""
    seen = [place for place, letter in enumerate(text or "") if _seen(letter)]
    return text[seen[0] : seen[-1] + 1] if text and seen else None


def check_reason(text: str | None) -> str:
    """Return a reason where one is required; ParamsError for one that says nothing."""
    reason = given_reason(text)
    if reason is None or sum(map(_seen, reason)) < FEWEST_LETTERS:
        raise ParamsError(f"reason: {FEWEST_LETTERS} characters or more that can be read, not {text!r}")
    return reason


def _seen(letter: str) -> bool:
    return unicodedata.category(letter) not in _UNSEEN and letter not in _BLANK and not _variant(letter)


def _variant(letter: str) -> bool:
    """Whether it is a variation selector, which changes a letter before it and shows nothing by itself."""
    return "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef"
