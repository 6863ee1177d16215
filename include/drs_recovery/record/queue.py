"""The queue for DRS's room, in one account and Region: who waits, and who may start next.

A RECOVERY goes before a DRILL, then the lower tier, then who has waited longest. Room is kept for who is
first, for all of its jobs: nothing that is behind starts before them, however small. Who waits says so every
few seconds; a place of which nobody says so any more is passed over, and kept.
"""

from __future__ import annotations

from bisect import insort
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from drs_recovery.record.base import DagId, ExecutionId, Record, Tier, Time
from drs_recovery.record.enums import ExecutionType

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SAID_EVERY = timedelta(seconds=8)
"""How often who waits says so."""

PASSED_OVER_AFTER = timedelta(seconds=30)
"""How long after that a place is passed over: nobody waits for it any more."""

CALLED_FOR = timedelta(minutes=2)
"""How long room is kept for who was called, and has not started yet."""


class Place(Record):
    """A wave that waits for room in DRS.

    ``execution`` is whose wave it is. ``servers`` are those of the job that it starts next: what it needs
    room for; ``waiting`` are all that wait. ``seen`` is when who waits last said so, and ``called`` since
    when it may start: room is kept for it; ``expected`` is when that is likely, as long as that can be told.
    Times are of the clocks of whoever writes.
    """

    execution: ExecutionId
    plan: DagId
    plan_name: str
    wave_number: int
    wave_name: str
    attempt: int
    execution_type: ExecutionType
    tier: Tier
    since: Time
    servers: int
    waiting: int
    seen: Time
    called: Time | None = None
    expected: Time | None = None

    @property
    def owner(self) -> tuple[str, int]:
        """Whose place it is: an execution's, for one of its waves."""
        return self.execution, self.wave_number

    @property
    def jobs(self) -> int:
        """How many jobs all that waits of it takes."""
        return -(-self.waiting // self.servers)

    @property
    def rank(self) -> tuple[bool, int, datetime, str, int]:
        """Who is before whom: the lower first."""
        drill = self.execution_type is not ExecutionType.RECOVERY
        return drill, self.tier, self.since, self.execution, self.wave_number

    def is_called(self, now: datetime) -> bool:
        """Whether room is kept for it."""
        return self.called is not None and now - self.called < CALLED_FOR

    def is_live(self, now: datetime) -> bool:
        """Whether somebody waits for it still."""
        return self.is_called(now) or now - self.seen < PASSED_OVER_AFTER


class Room(NamedTuple):
    """How many jobs, and servers in them, DRS takes, all in all or beside those that run."""

    jobs: float
    servers: float

    def takes(self, servers: int) -> bool:
        """Whether there is room for a job with so many servers."""
        return self.jobs >= 1 and self.servers >= servers

    def without(self, place: Place) -> Room:
        """Return what is left when all that waits of a place runs as well."""
        return Room(self.jobs - place.jobs, self.servers - place.waiting)


def in_order(places: Sequence[Place], now: datetime) -> list[Place]:
    """Return the places that somebody waits for, who goes first at the head."""
    return sorted((place for place in places if place.is_live(now)), key=lambda place: place.rank)


def ahead_of(mine: Place, places: Sequence[Place], now: datetime) -> list[Place]:
    """Return who is before a place in the queue, whether or not it is in it already."""
    return [place for place in in_order(places, now) if place.owner != mine.owner and place.rank < mine.rank]


def may_start(places: Sequence[Place], room: Room, most: Room, now: datetime) -> Iterator[Place]:
    """Yield who is not called yet and has room, in order, beside those who were called.

    ``room`` is what there is beside the jobs that run, and ``most`` what the quotas allow at all. What even
    that does not take holds up nobody: it may ask DRS at once, which refuses it in its own words.
    """
    queue = in_order(places, now)
    for place in queue:
        if place.is_called(now):
            room = room.without(place)
    for place in queue:
        if place.is_called(now):
            continue
        if not most.takes(place.servers):
            yield place
            continue
        if not room.takes(place.servers):
            return
        yield place
        room = room.without(place)


class Running(NamedTuple):
    """A job that DRS runs: when it is likely to end, and how many servers it has."""

    ends: datetime
    servers: int


def expected_starts(
    places: Sequence[Place], room: Room, running: Sequence[Running], lasts: timedelta, now: datetime
) -> dict[tuple[str, int], datetime]:
    """Return when each place is likely to be called, if all jobs take as long as those before.

    ``room`` is what there is beside those that run. What the quotas never let start is left out.
    """
    most = Room(room.jobs + len(running), room.servers + sum(job.servers for job in running))
    ends, at = sorted(running), now
    expected: dict[tuple[str, int], datetime] = {}
    for place in sorted(in_order(places, now), key=lambda one: not one.is_called(now)):
        for _ in range(place.jobs if most.takes(place.servers) else 0):
            while not room.takes(place.servers) and ends:
                done = ends.pop(0)
                at, room = max(at, done.ends), Room(room.jobs + 1, room.servers + done.servers)
            expected.setdefault(place.owner, at)
            room = Room(room.jobs - 1, room.servers - place.servers)
            insort(ends, Running(at + lasts, place.servers))
    return expected
