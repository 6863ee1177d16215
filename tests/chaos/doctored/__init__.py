"""The evidence of an honest run, and what must not be: each way to doctor it, by the rule that it breaks."""

from __future__ import annotations

from tests.chaos.doctored import clean_ups, ends, launches, log, starts
from tests.chaos.doctored.doctor import Doctor

DOCTORS = [
    found
    for module in (starts, ends, launches, clean_ups, log)
    for found in vars(module).values()
    if isinstance(found, Doctor)
]
