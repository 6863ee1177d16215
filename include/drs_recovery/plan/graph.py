"""Which waves a wave waits for.

Waves are numbered from 0 in the order of the file. A wave without ``depends_on`` waits for the wave before
it; one with an empty list waits for none.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Dependencies = tuple[tuple[int, ...], ...]
"""For each wave number, the numbers of the waves it waits for, ascending."""


def dependencies(
    names: Sequence[str | None], depends_on: Sequence[Sequence[str | None] | None]
) -> Dependencies:
    """Return what each wave waits for; a name that is no wave's is left out."""
    numbers = {name: number for number, name in enumerate(names) if name is not None}
    return tuple(
        _previous(number)
        if wanted is None
        else tuple(sorted({numbers[name] for name in wanted if name in numbers}))
        for number, wanted in enumerate(depends_on)
    )


def last_waves(waits_for: Dependencies) -> tuple[int, ...]:
    """Return the numbers of the waves that no wave waits for."""
    awaited = {number for numbers in waits_for for number in numbers}
    return tuple(number for number in range(len(waits_for)) if number not in awaited)


def cycles(waits_for: Dependencies) -> Iterator[tuple[int, ...]]:
    """Yield cycles that share no wave, until no wave waits for itself any more.

    Each starts at its lowest number, and each number waits for the next one, the last for the first.
    """
    graph = dict(enumerate(waits_for))
    while cycle := _one_cycle(graph):
        start = cycle.index(min(cycle))
        yield (*cycle[start:], *cycle[:start])
        graph = {number: waits for number, waits in graph.items() if number not in cycle}


def _previous(number: int) -> tuple[int, ...]:
    return (number - 1,) if number else ()


def _one_cycle(graph: dict[int, tuple[int, ...]]) -> list[int]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        # Its list ends with its first node again, and each node is awaited by the next
        cycle: list[int] = error.args[1][:0:-1]
        return cycle
    return []
