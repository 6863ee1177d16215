"""Chaos says when it proved less than it should."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.chaos.evidence import Hit, Run
from tests.chaos.report import reach, shortfalls, undisturbed

if TYPE_CHECKING:
    from collections.abc import Sequence

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
KINDS = ("cut", "slow")


def run(number: int, *kinds: str, status: str = "COMPLETED", action: str | None = None) -> Run:
    """Return a run that was hit by faults of these kinds."""
    hits = [Hit(kind, NOON, "") for kind in kinds]
    seen = [(NOON, {"status": status, "waves": []})]
    return Run(number, "plan", f"run-{number}", NOON, [], hits=hits, seen=seen, action=action)


@pytest.mark.parametrize(
    ("kinds", "counts"),
    [(("cut", "cut", "slow"), True), (("cut", "cut", "cut"), False), (("cut", "slow"), False)],
    ids=["three_of_two_kinds", "one_kind", "two_faults"],
)
def test_a_run_counts_that_three_faults_of_two_kinds_hit(kinds: Sequence[str], counts: bool) -> None:
    """While a wave of it was in flight."""
    assert run(0, *kinds).counts is counts


def test_a_kind_reaches_only_runs_that_count() -> None:
    """The others prove nothing."""
    assert reach([run(0, "cut", "cut", "slow"), run(1, "cut")], KINDS) == {"cut": 1, "slow": 1}


def test_thirty_runs_must_have_met_enough() -> None:
    """All of them count, and each kind hit five."""
    good = [run(number, "cut", "cut", "slow") for number in range(30)]
    assert shortfalls(good, KINDS) == []
    assert shortfalls([*good[:29], run(29, "cut")], KINDS) == ["only 29 runs met enough faults to count"]
    assert shortfalls(good, [*KINDS, "throttle"]) == ["throttle hit only 0 runs"]


def test_few_runs_need_not() -> None:
    """The short chaos of CI is too short for that."""
    assert shortfalls([run(0)], KINDS) == []


def test_only_what_people_left_alone_should_be_completed() -> None:
    """A marked task may end a run as it likes."""
    runs = [run(0), run(1, status="FAILED"), run(2, status="CANCELLED", action="run marked failed")]
    assert undisturbed(runs) == (1, 2)
