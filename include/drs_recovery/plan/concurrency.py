"""Which waves of a plan may run at the same time, when they come out as unluckily as they can."""

from __future__ import annotations

from collections import Counter, deque
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from drs_recovery.plan.graph import Dependencies


def heaviest_together(waits_for: Dependencies, weights: Sequence[int]) -> tuple[int, ...]:
    """Return, ascending, the waves that may run at the same time and weigh most together.

    No two of them wait for one another, directly or through others: an antichain. By Dilworth's theorem the
    heaviest one is what a maximum flow leaves over that sends from each wave to those after it, where no
    wave sends or takes more than its weight.
    """
    flow = _Flow(_all_after(waits_for), weights)
    while flow.push():
        pass
    reached = flow.reached()
    return tuple(
        number
        for number, weight in enumerate(weights)
        if weight and _Side(number) in reached and _Side(number, takes=True) not in reached
    )


def _all_after(waits_for: Dependencies) -> list[set[int]]:
    """Return for each wave those that wait for it, directly or through others."""
    after: list[set[int]] = [set() for _ in waits_for]
    for number in range(len(waits_for)):
        before, found = set(waits_for[number]), set(waits_for[number])
        while before:
            before = {earlier for wave in before for earlier in waits_for[wave]} - found
            found |= before
        for earlier in found:
            after[earlier].add(number)
    return after


class _Side(NamedTuple):
    """A wave as one that sends, or as one that takes."""

    number: int
    takes: bool = False


class _Flow:
    def __init__(self, after: Sequence[set[int]], weights: Sequence[int]) -> None:
        self._after = after
        self._to_send, self._to_take = list(weights), list(weights)
        self._sent: list[Counter[int]] = [Counter() for _ in weights]

    def reached(self) -> dict[_Side, _Side | None]:
        """Return where more can get to, and from where: forth without limit, back as far as was sent."""
        came: dict[_Side, _Side | None] = {
            _Side(number): None for number, left in enumerate(self._to_send) if left
        }
        queue = deque(came)
        while queue:
            here = queue.popleft()
            for there in self._next(here):
                if there not in came:
                    came[there] = here
                    queue.append(there)
        return came

    def push(self) -> bool:
        """Send as much more as one way has room for; False if no way is left."""
        came = self.reached()
        ends = (_Side(number, takes=True) for number, room in enumerate(self._to_take) if room)
        end = next((side for side in ends if side in came), None)
        if end is None:
            return False
        way = [end]
        while (before := came[way[-1]]) is not None:
            way.append(before)
        self._send(way[::-1])
        return True

    def _next(self, here: _Side) -> Iterator[_Side]:
        if here.takes:
            yield from (_Side(number) for number, sent in enumerate(self._sent) if sent[here.number])
        else:
            yield from (_Side(number, takes=True) for number in self._after[here.number])

    def _send(self, way: list[_Side]) -> None:
        steps = list(pairwise(way))
        taken_back = [self._sent[to.number][at.number] for at, to in steps if at.takes]
        first, last = way[0].number, way[-1].number
        amount = min(self._to_send[first], self._to_take[last], *taken_back)
        self._to_send[first] -= amount
        self._to_take[last] -= amount
        for at, to in steps:
            if at.takes:
                self._sent[to.number][at.number] -= amount
            else:
                self._sent[at.number][to.number] += amount
