"""`queue`: the waves that wait for room in DRS, who goes first at the head; from the record alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Group as Lines
from rich.table import Table

from drs_recovery.cli.exits import Exit
from drs_recovery.cli.paper import Text
from drs_recovery.cli.record import open_store
from drs_recovery.clock import now
from drs_recovery.record.queue import in_order
from drs_recovery.store.queue import list_queues, read_queue
from drs_recovery.text.lists import ordinal
from drs_recovery.text.values import ABSENT, elapsed, plural, time_of_day

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from drs_recovery.cli.screen import Screen
    from drs_recovery.record.queue import Place
    from drs_recovery.store.queue import QueueKey

COLUMNS = ("", "plan", "wave", "type", "tier", "servers", "waits", "likely at", "execution")
NOBODY = "nobody waits for it now: it is passed over, and keeps its place"


@dataclass(frozen=True)
class QueueNow:
    """A queue: the places in order, and those that are passed over, since nobody waits for them now."""

    key: QueueKey
    places: Sequence[Place]
    passed_over: Sequence[Place]

    def document(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        return {
            "accountId": self.key.account,
            "region": self.key.region,
            "places": [place.to_item() for place in self.places],
            "passedOver": [place.to_item() for place in self.passed_over],
        }


def show_queue(screen: Screen) -> Exit:
    """Show all queues in which a wave waits."""
    store, at = open_store(), now()
    queues = []
    for key in store.run(list_queues()):
        places = store.run(read_queue(key, passed_over=lambda text: screen.message(f"passed over: {text}")))
        live = in_order(places, at)
        left = [place for place in places if not place.is_live(at)]
        if places:
            queues.append(QueueNow(key, live, left))
    screen.result({"queues": [queue.document() for queue in queues]}, Lines(*_shown(queues, at)))
    return Exit.OK


def _shown(queues: Sequence[QueueNow], at: datetime) -> Iterator[RenderableType]:
    if not queues:
        yield Text("No wave waits for room in DRS.")
    for number, queue in enumerate(queues):
        if number:
            yield Text()
        yield Text.assemble((queue.key.text, "bold"), f"  {plural(len(queue.places), 'wave')} in the queue")
        table = Table(*COLUMNS, box=None, padding=(0, 2, 0, 0), show_edge=False, pad_edge=False)
        for place_number, place in enumerate(queue.places):
            table.add_row(ordinal(place_number + 1), *_row(place, at))
        for place in queue.passed_over:
            table.add_row(ABSENT, *_row(place, at))
        yield table
        if queue.passed_over:
            yield Text(f"{ABSENT} {NOBODY}", style="dim")


def _row(place: Place, at: datetime) -> Iterator[RenderableType]:
    likely = "starts now" if place.is_called(at) else time_of_day(place.expected)
    yield Text(place.plan)
    yield Text(place.wave_name)
    yield Text(place.execution_type, style="bold" if place.execution_type == "RECOVERY" else "")
    yield Text(str(place.tier))
    yield Text(str(place.waiting))
    yield Text(elapsed(place.since, at))
    yield Text(likely)
    yield Text(place.execution, style="dim")
