"""A wave's turn to start where DRS is short of room: behind who waits already, and in the queue after a no.

DRS's own refusal stays the last word. Of a wave whose account nobody knows there is no queue: it asks again
now and then, as where nobody else waits.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from drs_recovery.record.enums import EventType, WaveStatus
from drs_recovery.record.queue import Place, ahead_of, in_order
from drs_recovery.record.tier import USUAL_TIER
from drs_recovery.store.programs import start_recovery
from drs_recovery.store.queue import QueueKey, leave, list_queues, queue_up, read_queue
from drs_recovery.store.trail import append_event
from drs_recovery.text.lists import ordinal, quoted
from drs_recovery.text.values import time_of_day

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from drs_recovery.engine.journal import Journal
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.store.store import ExecutionStore

log = logging.getLogger(__name__)

LEFT_AFTER = timedelta(minutes=10)
"""How long nobody has waited for a place that is removed: the index of open executions may be behind."""


@dataclass(frozen=True)
class Turn:
    """One wave in the queue of where it is recovered, as its start read it; ``own`` is its place there."""

    store: ExecutionStore
    journal: Journal
    record: Execution
    wave: WaveRecord
    queue: QueueKey
    places: Sequence[Place]

    @property
    def own(self) -> Place | None:
        mine = self.record.execution_id, self.wave.wave_number
        return next((place for place in self.places if place.owner == mine), None)

    @property
    def held(self) -> Place | None:
        """The same, of this attempt."""
        return self.own if self.own and self.own.attempt == self.wave.attempt else None

    @property
    def is_behind(self) -> bool:
        """Whether others go first, and this wave was not called."""
        called = self.held is not None and self.held.is_called(self.journal.now())
        return not called and bool(self._ahead)

    @property
    def outlook(self) -> str | None:
        """Where the wave would stand if it came now, for people; None where nobody waits before it."""
        if not (ahead := self._ahead):
            return None
        text, expected = standing(ahead, self.queue.region), ahead[-1].expected
        return f"{text}, which is likely to start at {time_of_day(expected)} UTC" if expected else text

    @property
    def _ahead(self) -> Sequence[Place]:
        now = self.journal.now()
        return ahead_of(self._place(1, 1, now), self.places, now)

    def wait(self, servers: int, waiting: int, why: str | None = None) -> Place:
        """Take a place, or take it up again; with an event when the wave begins to wait.

        ``servers`` are those of its next job, ``waiting`` all that wait, and ``why`` is what DRS said.
        """
        now = self.journal.now()
        place = self._place(servers, waiting, now)
        self.store.run(queue_up(self.queue, place))
        if self.held is None:
            ahead = ahead_of(place, self.places, now)
            text = f"{self.wave.wave_name} waits for room in DRS: {standing(ahead, self.queue.region)}"
            text = f"{text}. {why}" if why else text
            event = self.journal.event(EventType.START_WAITING, text, wave=self.wave)
            once = f"queued|{self.wave.attempt}|{place.since.isoformat()}"
            self.store.run(append_event(self.record.execution_id, event.replace(once=once), self.record))
            log.info("%s", text)
        return place

    def leave(self) -> None:
        """Give up the place, if there is one.

        How long the wave waited in it since its start goes on record first: its time-out goes on by that.
        """
        if self.held and self.wave.start_time:
            waited = self.journal.now() - max(self.held.since, self.wave.start_time)
            number, attempt = self.wave.wave_number, self.wave.attempt
            self.store.run(start_recovery.waited(self.record.execution_id, number, attempt, waited))
        if self.own:
            self.store.run(leave(self.queue, self.own))

    def _place(self, servers: int, waiting: int, now: datetime) -> Place:
        return Place(
            execution=self.record.execution_id,
            plan=self.record.plan_id,
            plan_name=self.record.plan_name,
            wave_number=self.wave.wave_number,
            wave_name=self.wave.wave_name,
            attempt=self.wave.attempt,
            execution_type=self.record.execution_type,
            tier=self.record.tier or USUAL_TIER,
            since=self.held.since if self.held else now,
            servers=servers,
            waiting=waiting,
            seen=now,
        )


def turn_of(store: ExecutionStore, journal: Journal, record: Execution, wave: WaveRecord) -> Turn | None:
    """Return the turn of a wave; None where nobody knows the account that it is recovered in."""
    if (queue := queue_of(record, wave)) is None:
        return None
    return Turn(store, journal, record, wave, queue, store.run(read_queue(queue)))


def queue_of(record: Execution, wave: WaveRecord) -> QueueKey | None:
    """Return the queue of where a wave is recovered; None where nobody knows the account."""
    account, region = record.account_of(wave), record.region_of(wave)
    return QueueKey(account, region) if account and region else None


def standings(store: ExecutionStore, record: Execution, at: datetime) -> dict[int, str]:
    """Return, by number, where those waves of an execution stand that wait for room in DRS, for people."""
    found: dict[int, str] = {}
    waiting = [
        wave for wave in record.open_waves if wave.status not in {WaveStatus.POLLING, WaveStatus.CHECKING}
    ]
    for key in {key for wave in waiting if (key := queue_of(record, wave))}:
        places = store.run(read_queue(key))
        for place in in_order(places, at):
            if place.execution == record.execution_id:
                text = standing(ahead_of(place, places, at), key.region)
                likely = f", likely at {time_of_day(place.expected)} UTC" if place.expected else ""
                found[place.wave_number] = "starts now" if place.is_called(at) else f"{text}{likely}"
    return found


def standing(ahead: Sequence[Place], region: str) -> str:
    """Return where one stands in a queue, for people: 3rd in eu-west-1, behind 'payroll' (tier 1)."""
    text = f"{ordinal(len(ahead) + 1)} in {region}"
    return f"{text}, behind {quoted(ahead[-1].plan_name)} (tier {ahead[-1].tier})" if ahead else text


def tidy_queues(
    store: ExecutionStore, running: Collection[str], at: datetime
) -> dict[QueueKey, Sequence[Place]]:
    """Return who waits in each queue that there has been, the first at the head.

    Removes the places, long passed over, of executions that have ended: of all but those ``running``.
    """
    queues = {key: store.run(read_queue(key)) for key in store.run(list_queues())}
    for key, places in queues.items():
        for place in places:
            if place.execution not in running and at - place.seen > LEFT_AFTER:
                store.run(leave(key, place))
    return {key: in_order(places, at) for key, places in queues.items()}
