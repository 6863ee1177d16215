"""The evidence of an honest run, and what must not be: each way to tamper with it, by the rule it breaks."""

from __future__ import annotations

from tests.chaos.tampered import actions, clean_ups, ends, health, launches, log, settings, starts
from tests.chaos.tampered.tampering import Tampering

TAMPERINGS = [
    found
    for module in (starts, actions, health, settings, ends, launches, clean_ups, log)
    for found in vars(module).values()
    if isinstance(found, Tampering)
]
