"""Who of a queue is let start as DRS has room: the part of the queue that a triggerer keeps.

Each process that has waves in a queue works out from the same items who is next, and calls only its own. All
come to the same answer, so a process that dies holds up nobody: its places are passed over.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING

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

    from drs_recovery.store.async_store import AsyncExecutionStore
    from drs_recovery.store.queue import QueueKey

LATEST_JOBS = 20
"""Of those that have ended: how long they took is how long the next ones are likely to take."""

Owner = tuple[str, int]
"""Of a place: the execution, and the number of its wave."""


@dataclass(frozen=True)
class Load:
    """What DRS has room for, what runs there, whoever started it, and how long jobs take, if it is known."""

    room: Room
    running: Sequence[Running]
    takes: timedelta | None


def load_of(
    jobs: Collection[JobTypeDef], quotas: Mapping[str, float], takes: timedelta | None, at: datetime
) -> Load:
    """Return the load of DRS by its jobs of late and its quotas by code; ``takes``: what jobs took before."""
    running = [job for job in jobs if job.get("status") != "COMPLETED"]
    in_jobs = sum(len(servers_of(job)) for job in running)
    room = Room(
        quotas.get(JOBS.code, JOBS.published) - len(running),
        quotas.get(SERVERS_IN_ALL_JOBS.code, SERVERS_IN_ALL_JOBS.published) - in_jobs,
    )
    took = sorted(_took(jobs), reverse=True)[:LATEST_JOBS]
    takes = timedelta(seconds=median(lasted.total_seconds() for _, lasted in took)) if took else takes
    ends = [(created_of(job) or at) + (takes or timedelta()) for job in running]
    return Load(room, [*map(Running, ends, (len(servers_of(job)) for job in running))], takes)


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
        for place in may_start(places, load.room, at) if load else ():
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
    if load is None or load.takes is None:
        return {}
    return expected_starts(places, load.room, load.running, load.takes, at)
