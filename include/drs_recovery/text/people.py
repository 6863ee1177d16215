"""Who may answer a gate, and who answered it, also where nobody is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ANYONE = "anyone who may answer gates in Airflow"
"""Who answers the gates of a plan that names no approvers."""


def who_may_answer(approvers: Iterable[str]) -> str:
    """Return who may answer a gate, as a sentence lists them."""
    return ", ".join(approvers) or ANYONE


def who_answered(by: str | None) -> str:
    """Return who gave an answer; a time-out is the clock's."""
    return by or "the clock"
