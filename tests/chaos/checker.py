"""Judges what chaos left behind, by raw items and what DRS and its log tell.

Nothing of the product is used here: its own code would believe its own record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.chaos.rules.actions import actions_in_their_place, actions_run_once
from tests.chaos.rules.clean_ups import clean_ups_come_to_an_end, clean_ups_take_their_own
from tests.chaos.rules.ends import no_final_status_too_early, none_missing
from tests.chaos.rules.health import none_completed_ill
from tests.chaos.rules.launches import (
    every_instance_on_record,
    launched_or_reported_why,
    no_real_instance_lost,
)
from tests.chaos.rules.log import unlogged
from tests.chaos.rules.settings import drills_on_their_settings, settings_put_back
from tests.chaos.rules.starts import no_second_start, no_start_before_its_gate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from tests.chaos.evidence import Evidence, Run


@dataclass(frozen=True)
class Violation:
    """A rule that was broken, by which run, and how."""

    rule: str
    run: int | None
    texts: str


RULES: dict[str, Callable[[Evidence, Run, datetime], Iterator[str]]] = {
    "no second start": no_second_start,
    "no start before its gate": no_start_before_its_gate,
    "actions run once": actions_run_once,
    "actions in their place": actions_in_their_place,
    "no final status too early": no_final_status_too_early,
    "none missing when its time is over": none_missing,
    "every instance on record": every_instance_on_record,
    "launched, or says why": launched_or_reported_why,
    "no real instance lost": no_real_instance_lost,
    "none completed ill": none_completed_ill,
    "drills on their settings": drills_on_their_settings,
    "settings put back": settings_put_back,
    "clean-ups take their own": clean_ups_take_their_own,
    "clean-ups come to an end": clean_ups_come_to_an_end,
}


def check(evidence: Evidence, now: datetime) -> list[Violation]:
    """Return every violation of the rules."""
    found = [
        Violation(rule, run.number, texts)
        for rule, broken in RULES.items()
        for run in evidence.runs
        for texts in broken(evidence, run, now)
    ]
    return found + [Violation("log of requests", None, texts) for texts in unlogged(evidence)]
