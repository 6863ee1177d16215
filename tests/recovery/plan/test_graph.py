"""Who waits for whom."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from drs_recovery.plan.graph import Dependencies, cycles, dependencies, last_waves


@st.composite
def graphs(draw: st.DrawFn) -> Dependencies:
    """Return any graph of up to eight waves, cycles included."""
    count = draw(st.integers(1, 8))
    numbers = st.sets(st.integers(0, count - 1), max_size=3)
    return tuple(tuple(sorted(draw(numbers))) for _ in range(count))


def reaches_itself(graph: Dependencies, start: int) -> bool:
    """Whether a wave waits for itself, over any number of others: by brute force."""
    seen: set[int] = set()
    ahead = [*graph[start]]
    while ahead:
        number = ahead.pop()
        if number not in seen:
            seen.add(number)
            ahead += graph[number]
    return start in seen


@given(graphs())
def test_cycles_are_found_where_a_wave_waits_for_itself(graph: Dependencies) -> None:
    """There is a cycle exactly if some wave waits for itself; each is closed, and shares no wave."""
    found = list(cycles(graph))
    assert bool(found) == any(reaches_itself(graph, number) for number in range(len(graph)))
    for cycle in found:
        assert cycle[0] == min(cycle)
        assert all(
            after in graph[number] for number, after in zip(cycle, [*cycle[1:], cycle[0]], strict=True)
        )
    together = [number for cycle in found for number in cycle]
    assert len(together) == len(set(together))


@given(graphs())
def test_without_the_waves_of_its_cycles_a_graph_has_none(graph: Dependencies) -> None:
    """Whoever mends every cycle that is shown is not told of another one."""
    shown = {number for cycle in cycles(graph) for number in cycle}
    rest = tuple(
        () if number in shown else tuple(after for after in waits if after not in shown)
        for number, waits in enumerate(graph)
    )
    assert not list(cycles(rest))


@given(graphs())
def test_last_waves_are_those_that_nobody_waits_for(graph: Dependencies) -> None:
    """Every wave is either last or awaited."""
    awaited = {number for waits in graph for number in waits}
    assert set(last_waves(graph)) == set(range(len(graph))) - awaited


def test_names_become_numbers() -> None:
    """Absent: the wave before; a name that is no wave's, or an unreadable one, is left out."""
    names = ["A", "B", None, "D"]
    assert dependencies(names, [None, None, ["A", "Z", None], ["B", "A"]]) == ((), (0,), (0,), (0, 1))
