"""Point in time policies: how often a recovery snapshot is taken, and how long it is kept.

User guide, "Point in time (PIT) policy": a policy has exactly three rules; those of minutes and of
hours are fixed; of that of days people choose how long its snapshots are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import floor
from typing import Any

from .lookup import invalid

UNITS = {"MINUTE": 60.0, "HOUR": 3600.0, "DAY": 86_400.0}
FIXED = {"MINUTE": (10, 60), "HOUR": (1, 24)}
"""Interval and retention of the rules that nobody can change."""
MOST_DAYS = 365


@dataclass(frozen=True, slots=True)
class Rule:
    """A snapshot each ``interval`` is kept for ``retention``; both are simulated seconds."""

    interval: float
    retention: float

    def keeps(self, moment: float, now: float) -> bool:
        """Return whether a snapshot of a moment is there still."""
        return moment % self.interval == 0 and now - moment < self.retention

    def kept(self, now: float) -> list[float]:
        """Return the moments of all snapshots that are there still."""
        first, last = floor((now - self.retention) / self.interval) + 1, floor(now / self.interval)
        return [number * self.interval for number in range(first, last + 1)]

    def coming(self, now: float) -> float:
        """Return the moment of the next snapshot."""
        return (floor(now / self.interval) + 1) * self.interval


@lru_cache
def policy(days: int = 7) -> list[dict[str, Any]]:
    """Return the policy that keeps a snapshot a day for so many days, as a request has it: all share it."""
    return [
        {"ruleID": number, "units": unit, "interval": interval, "retentionDuration": kept, "enabled": True}
        for number, (unit, (interval, kept)) in enumerate({**FIXED, "DAY": (1, days)}.items(), 1)
    ]


@lru_cache
def _rule(interval: float, retention: float) -> Rule:
    """Return the rule that all policies share which have it."""
    return Rule(interval, retention)


def rules_of(members: list[dict[str, Any]]) -> list[Rule]:
    """Return the rules of a policy that are enabled; one that does not say so is not."""
    return [
        _rule(rule["interval"] * UNITS[rule["units"]], rule["retentionDuration"] * UNITS[rule["units"]])
        for rule in members
        if rule.get("enabled")
    ]


def check_policy(members: list[dict[str, Any]]) -> None:
    """Raise ValidationException unless a policy is one that the user guide allows."""
    units = [rule["units"] for rule in members]
    if sorted(units) != sorted(UNITS):
        raise invalid(
            "pitPolicy", f"pitPolicy has rules of {', '.join(units)}: allowed is one of each of {_ALL}."
        )
    for number, rule in enumerate(members):
        interval, kept = rule["interval"], rule["retentionDuration"]
        place, unit = f"pitPolicy[{number}]", rule["units"]
        fixed_interval, fixed_kept = FIXED.get(unit, (1, kept))
        if interval != fixed_interval:
            raise invalid(
                f"{place}.interval", f"{place}.interval {interval}: allowed with {unit} is {fixed_interval}."
            )
        if kept != fixed_kept or kept > MOST_DAYS:
            allowed = fixed_kept if unit in FIXED else f"1 to {MOST_DAYS}"
            name = f"{place}.retentionDuration"
            raise invalid(name, f"{name} {kept}: allowed with {unit} is {allowed}.")


_ALL = ", ".join(UNITS)
