"""A way to tamper with evidence, with the rule that it breaks and what is said of that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.evidence import Evidence


@dataclass(frozen=True)
class Tampering:
    """What makes dishonest evidence of an honest run's."""

    rule: str
    texts: str
    alter: Callable[[Evidence], None]


def breaks(rule: str, texts: str) -> Callable[[Callable[[Evidence], None]], Tampering]:
    """Make a tampering of a function: the checker says these words by this rule."""
    return lambda alter: Tampering(rule, texts, alter)
