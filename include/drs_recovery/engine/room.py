"""Who of a queue is let start as DRS has room: the part of the queue that a triggerer keeps.

Each process that has waves in a queue works out from the same items who is next, and calls only its own. All
come to the same answer, so a process that dies holds up nobody: its places are passed over.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from drs_recovery.aws.utils.drs import created_of, moment
from drs_recovery.clock import now
from drs_recovery.engine.jobs import servers_of
from drs_recovery.engine.readiness.quotas import JOBS, SERVERS_IN_ALL_JOBS
from drs_recovery.record.queue import SAID_EVERY, Place, Room, Running, expected_starts, may_start
from drs_recovery.store.queue import call, read_queue, say_seen

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from mypy_boto3_drs.type_defs import JobTypeDef

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.store.async_store import AsyncExecutionStore
    from drs_recovery.store.queue import QueueKey

log = logging.getLogger(__name__)

LATEST_JOBS = 20
"""Of those that have ended: how long they took is how long the next ones are likely to take."""

Owner = tuple[str, int]
"""Of a place: the execution, and the number of its wave."""


@dataclass(frozen=True)
class Load:
    """What DRS has room for and at most takes, what runs there, and how long jobs take, if it is known."""

    room: Room
    most: Room
    running: Sequence[Running]
    lasts: timedelta | None


def most_at_once(hook: DrsHook) -> Room:
    """Return what the quotas of an account allow; where they cannot be read, what AWS publishes."""
    try:
        known = hook.get_quotas()
    except (ClientError, BotoCoreError) as error:
        log.info("Taken are the quotas that AWS publishes: %s", error)
        known = {}
    return Room(*(known.get(quota.code, quota.published) for quota in (JOBS, SERVERS_IN_ALL_JOBS)))


def load_of(jobs: Collection[JobTypeDef], most: Room, lasts: timedelta | None, at: datetime) -> Load:
    """Return the load of DRS by its jobs of late; ``lasts`` is how long jobs took before, as far as known."""
    running = [job for job in jobs if job.get("status") != "COMPLETED"]
    counts = [len(servers_of(job)) for job in running]
    took = sorted(_took(jobs), reverse=True)[:LATEST_JOBS]
    lasts = timedelta(seconds=median(lasted.total_seconds() for _, lasted in took)) if took else lasts
    ends = [(created_of(job) or at) + (lasts or timedelta()) for job in running]
    room = Room(most.jobs - len(running), most.servers - sum(counts))
    return Load(room, most, [*map(Running, ends, counts)], lasts)


def _took(jobs: Collection[JobTypeDef]) -> Iterator[tuple[datetime, timedelta]]:
    """Yield when launches ended, and how long they took."""
    for job in jobs:
        created, ended = created_of(job), moment(job.get("endDateTime", ""))
        if created and ended and job.get("type", "LAUNCH") == "LAUNCH":
            yield ended, ended - created


class Waiters:
    """The waves of one queue that wait in this process; each is woken when it may start, or has no place."""

    def __init__(self, queue: QueueKey) -> None:
        self.queue = queue
        self._waiting: dict[Owner, asyncio.Event] = {}
        self._said: dict[Owner, datetime] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def join(self, owner: Owner) -> asyncio.Event:
        """Wait for one's turn; the event is set when it has come."""
        return self._waiting.setdefault(owner, asyncio.Event())

    def part(self, owner: Owner) -> None:
        """Wait no more."""
        self._waiting.pop(owner, None)
        self._said.pop(owner, None)

    async def call(self, store: AsyncExecutionStore, load: Load | None) -> None:
        """Wake those that may start beside this load, and say of all others that they are waited for still.

        A call is on record first, so that others keep the room. One that was called already is woken too: the
        answer to that was lost, or its triggerer died. Where the load is not known nobody is called.
        """
        at, places = now(), await store.run(read_queue(self.queue))
        for place in places:
            if place.is_called(at):
                self._wake(place.owner)
        for place in may_start(places, load.room, load.most, at) if load else ():
            if place.owner in self._waiting and await store.run(call(self.queue, place, at)):
                self._wake(place.owner)
        await self._say_so(store, _expected(places, load, at), at)

    async def _say_so(
        self, store: AsyncExecutionStore, expected: Mapping[Owner, datetime], at: datetime
    ) -> None:
        due = [one for one in self._waiting if at - self._said.get(one, at - SAID_EVERY) >= SAID_EVERY]
        there = await asyncio.gather(
            *(store.run(say_seen(self.queue, owner, at, expected.get(owner))) for owner in due)
        )
        for owner, is_there in zip(due, there, strict=True):
            self._said[owner] = at
            if not is_there:
                self._wake(owner)

    def _wake(self, owner: Owner) -> None:
        if (waiting := self._waiting.get(owner)) is not None:
            waiting.set()


def _expected(places: Sequence[Place], load: Load | None, at: datetime) -> dict[Owner, datetime]:
    if load is None or load.lasts is None:
        return {}
    return expected_starts(places, load.room, load.running, load.lasts, at)
