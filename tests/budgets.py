"""How many examples property tests try: few in every run, many at night."""

from __future__ import annotations

import os

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
"""Whether this run may take hours: `HYPOTHESIS_PROFILE=nightly`; its seed stands in pytest's header."""

MORE = 20


def examples(few: int) -> int:
    """Return how many examples to try, where every run tries so few."""
    return few * MORE if NIGHTLY else few
