"""Which Airflow it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drs_recovery.cli.doctor.finding import Found, fault, ok

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.cli.doctor.looks import Installation

OLDEST, FIRST_REFUSED = (3, 3), (3, 5)
"""As the package demands it."""


def check(it: Installation) -> Iterator[Found]:
    """Yield whether its release is one that this product runs on."""
    version = it.client.version()
    it.airflow_answers = True
    where = f"Airflow {version} at {it.client.url}"
    number = re.match(r"(\d+)\.(\d+)", version)
    if number and OLDEST <= (int(number[1]), int(number[2])) < FIRST_REFUSED:
        yield ok(where)
    else:
        yield fault(f"{where} is none that this product runs on", "Take Airflow 3.3 or 3.4.")
