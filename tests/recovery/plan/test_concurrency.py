"""Which waves may run at the same time: as many as the dependencies allow, and no more."""

from __future__ import annotations

from itertools import combinations
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drs_recovery.plan.concurrency import heaviest_together


@st.composite
def weighted(draw: st.DrawFn) -> tuple[tuple[tuple[int, ...], ...], list[int]]:
    """Return waves that wait for any of those before them, and their weights."""
    count = draw(st.integers(1, 7))
    waits_for = tuple(
        tuple(sorted(draw(st.sets(st.integers(0, number - 1))) if number else ())) for number in range(count)
    )
    return waits_for, draw(st.lists(st.integers(0, 9), min_size=count, max_size=count))


def before(waits_for: tuple[tuple[int, ...], ...], number: int) -> set[int]:
    """Return the waves that a wave waits for, through others too."""
    return {found for wave in waits_for[number] for found in {wave, *before(waits_for, wave)}}


@given(weighted())
def test_a2_what_runs_together_is_the_heaviest_that_can(
    plan: tuple[tuple[tuple[int, ...], ...], list[int]],
) -> None:
    """Of all sets of waves of which none waits for another, none weighs more."""
    waits_for, weights = plan
    numbers = range(len(weights))
    earlier = [before(waits_for, number) for number in numbers]

    def apart(chosen: tuple[int, ...]) -> bool:
        return not any(one in earlier[other] for one in chosen for other in chosen)

    sets = [chosen for size in range(len(weights) + 1) for chosen in combinations(numbers, size)]
    heaviest = max(sum(weights[number] for number in chosen) for chosen in sets if apart(chosen))
    found = heaviest_together(waits_for, weights)
    assert apart(found)
    assert sum(weights[number] for number in found) == heaviest


@pytest.mark.parametrize(
    ("waits_for", "weights", "together"),
    [
        (((), (0,), (1,)), [3, 9, 4], (1,)),
        (((), (), ()), [3, 9, 4], (0, 1, 2)),
        (((), (0,), (0,), (1, 2)), [5, 3, 4, 6], (1, 2)),
        (((), (0,), (0,), (1, 2)), [9, 3, 4, 6], (0,)),
        (((), (), (0,)), [2, 7, 3], (1, 2)),
    ],
    ids=["in a row", "at once", "a diamond", "its top is heavier", "beside a row"],
)
def test_waves_in_a_row_are_never_added(waits_for, weights, together) -> None:
    """By number, ascending."""
    assert heaviest_together(waits_for, weights) == together


@pytest.mark.parametrize("width", [1, 4, 10, 100])
def test_a_hundred_waves_are_soon_done(width: int) -> None:
    """Rows of waves, each of which waits for all of the row before it."""
    waits_for = tuple(
        tuple(range((number // width - 1) * width, number // width * width)) if number >= width else ()
        for number in range(100)
    )
    begun = perf_counter()
    found = heaviest_together(waits_for, [number % 37 + 1 for number in range(100)])
    assert len(found) == width
    assert perf_counter() - begun < 5
