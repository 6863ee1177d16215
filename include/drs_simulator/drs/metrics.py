"""Metrics of replication in CloudWatch, worked out when somebody asks for them.

User guide, "Amazon CloudWatch Metrics for DRS": LagDuration in seconds and Backlog in bytes. A value is that
of a whole minute, dated when that minute was.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from math import ceil
from typing import TYPE_CHECKING

from moto.cloudwatch.models import MetricDatum
from moto.core.utils import utcnow

from .world import world

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .source_server import SourceServer

NAMESPACE = "AWS/DRS"
DIMENSION = "SourceServerID"
MINUTE = 60.0
MOST = 1440
"""Values of a metric in an answer at most: of a longer time, those of every second, third … minute."""


@dataclass(frozen=True)
class Wanted:
    """What a request to CloudWatch asks for, in dates as moto has them: by itself, the last three hours."""

    namespaces: frozenset[str] = frozenset({NAMESPACE})
    servers: frozenset[str] | None = None
    """Those of all, if absent."""
    since: datetime = field(default_factory=lambda: utcnow() - timedelta(hours=3))
    until: datetime = field(default_factory=lambda: utcnow() + timedelta(hours=3))


def latest() -> datetime:
    """Return a date by which each metric that there is has a value."""
    return _naive(world.clock.date(world.clock.now() - 2 * MINUTE))


_wanted: ContextVar[Wanted | None] = ContextVar("wanted", default=None)


@contextmanager
def wanting(wanted: Wanted) -> Iterator[None]:
    """Work out no more than what is wanted."""
    token = _wanted.set(wanted)
    try:
        yield
    finally:
        _wanted.reset(token)


def values_of(servers: Iterable[SourceServer]) -> list[MetricDatum]:
    """Return the values of servers that are wanted."""
    wanted = _wanted.get() or Wanted()
    if NAMESPACE not in wanted.namespaces:
        return []
    moments = [(at, _naive(world.clock.date(at))) for at in _minutes(wanted, world.clock.now())]
    return [
        datum
        for server in servers
        if wanted.servers is None or server.source_server_id in wanted.servers
        for at, date in moments
        if at >= server.added
        for datum in _values(server, at, date)
    ]


def _values(server: SourceServer, at: float, date: datetime) -> Iterator[MetricDatum]:
    replication, dimensions = server.replication, [{"Name": DIMENSION, "Value": server.source_server_id}]
    if (lag := replication.lag(at)) is not None:
        yield MetricDatum(NAMESPACE, "LagDuration", lag, dimensions, date, "Seconds")
    if (backlog := replication.backlog(at)) is not None:
        yield MetricDatum(NAMESPACE, "Backlog", backlog, dimensions, date, "Bytes")


def _minutes(wanted: Wanted, now: float) -> list[float]:
    """Return the seconds of the whole minutes in the time that is wanted, but for those still to come."""
    first, last = _second(wanted.since, now), _second(wanted.until, now)
    step = MINUTE * max(ceil((last - first) / MINUTE / MOST), 1)
    numbers = range(ceil(first / step), int(last // step) + 1)
    return [number * step for number in numbers]


def _second(date: datetime, now: float) -> float:
    """Return the first second that does not fall before a date; the present one, where that is to come."""
    low, high = 0.0, now
    while high - low > 0.001:  # noqa: PLR2004 - exact enough for minutes
        middle = (low + high) / 2
        if _naive(world.clock.date(middle)) < date:
            low = middle
        else:
            high = middle
    return high


def _naive(date: datetime) -> datetime:
    """Return a date as moto keeps those of metrics."""
    return date.astimezone(timezone.utc).replace(tzinfo=None)
