"""A wave's turn to start where DRS is short of room: behind who waits already, and in the queue after a no.

DRS's own refusal stays the last word. Of a wave whose account nobody knows there is no queue: it asks again
now and then, as where nobody else waits.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
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


@dataclass
class Turn:
    """One wave's place in the queue of where it is recovered, as its start sees it."""

    store: ExecutionStore
    journal: Journal
    record: Execution
    wave: WaveRecord
    queue: QueueKey
    _places: Sequence[Place] = field(default=(), init=False)

    def __post_init__(self) -> None:
        self._places = self.store.run(read_queue(self.queue))

    @property
    def held(self) -> Place | None:
        """The place that the wave has."""
        mine = self.record.execution_id, self.wave.wave_number
        return next((place for place in self._places if place.owner == mine), None)

    def must_wait(self, servers: int) -> bool:
        """Whether others go first, and this wave was not called."""
        now = self.journal.now()
        if self.held and self.held.is_called(now):
            return False
        return bool(ahead_of(self._place(servers, servers, now), self._places, now))

    def wait(self, servers: int, waiting: int, why: str | None = None) -> Place:
        """Take a place, or take it up again; with an event when the wave begins to wait.

        ``servers`` are those of its next job, ``waiting`` all that wait, and ``why`` is what DRS said.
        """
        now, held = self.journal.now(), self.held
        place = self.store.run(queue_up(self.queue, self._place(servers, waiting, now), held))
        if held is None or held.attempt != place.attempt:
            ahead = ahead_of(place, self._places, now)
            text = f"{self.wave.wave_name} waits for room in DRS: {standing(ahead, self.queue.region)}"
            text = f"{text}. {why}" if why else text
            event = self.journal.event(EventType.START_WAITING, text, wave=self.wave)
            once = f"queued|{self.wave.attempt}|{place.since.isoformat()}"
            self.store.run(append_event(self.record.execution_id, event.replace(once=once), self.record))
            log.info("%s", text)
        return place

    def leave(self) -> None:
        """Give up the place, if there is one; how long the wave waited in it goes on record first."""
        if (held := self.held) is None:
            return
        waited = self.journal.now() - held.since
        if held.attempt == self.wave.attempt and waited.total_seconds() >= 1:
            self.store.run(
                start_recovery.waited(self.record.execution_id, held.wave_number, held.attempt, waited)
            )
        self.store.run(leave(self.queue, held))
        self._places = [place for place in self._places if place.owner != held.owner]

    def _place(self, servers: int, waiting: int, now: datetime) -> Place:
        held = self.held
        since = held.since if held and held.attempt == self.wave.attempt else now
        return Place(
            execution=self.record.execution_id,
            plan=self.record.plan_id,
            plan_name=self.record.plan_name,
            wave_number=self.wave.wave_number,
            wave_name=self.wave.wave_name,
            attempt=self.wave.attempt,
            execution_type=self.record.execution_type,
            tier=self.record.tier or USUAL_TIER,
            since=since,
            servers=servers,
            waiting=waiting,
            seen=now,
        )


def turn_of(store: ExecutionStore, journal: Journal, record: Execution, wave: WaveRecord) -> Turn | None:
    """Return the turn of a wave; None where nobody knows the account that it is recovered in."""
    account, region = record.account_of(wave), record.region_of(wave)
    if account is None or region is None:
        return None
    return Turn(store, journal, record, wave, QueueKey(account, region))


def standings(store: ExecutionStore, record: Execution, at: datetime) -> dict[int, str]:
    """Return, by number, where those waves of an execution stand that wait for room in DRS, for people."""
    found: dict[int, str] = {}
    waiting = [
        wave for wave in record.open_waves if wave.status not in {WaveStatus.POLLING, WaveStatus.CHECKING}
    ]
    where = {(record.account_of(wave), record.region_of(wave)) for wave in waiting}
    for key in (QueueKey(account, region) for account, region in where if account and region):
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


def remove_left(store: ExecutionStore, running: Collection[str], at: datetime) -> None:
    """Remove the places, long passed over, of executions that have ended: of all but those ``running``."""
    for key in store.run(list_queues()):
        for place in store.run(read_queue(key)):
            if place.execution not in running and at - place.seen > LEFT_AFTER:
                store.run(leave(key, place))
