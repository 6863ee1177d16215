"""What counts as a reason: something that a person can read."""

from __future__ import annotations

from drs_recovery.errors import ParamsError
from drs_recovery.text.visible import is_seen

FEWEST_LETTERS = 3
"""Of a reason with a meaning."""


def given_reason(text: str | None) -> str | None:
    """Return a reason without what is blank around it; None where nothing of it can be read."""
    seen = [place for place, letter in enumerate(text or "") if is_seen(letter)]
    return text[seen[0] : seen[-1] + 1] if text and seen else None


def check_reason(text: str | None) -> str:
    """Return a reason where one is required; ParamsError for one that is too short."""
    reason = given_reason(text)
    if reason is None or sum(map(is_seen, reason)) < FEWEST_LETTERS:
        raise ParamsError(f"reason: {FEWEST_LETTERS} characters or more that can be read, not {text!r}")
    return reason
