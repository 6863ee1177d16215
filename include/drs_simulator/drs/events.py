"""Events that DRS sends to EventBridge: what changed since it was looked at last.

Detail types and members are those of the sample events in DRS's user guide ("Sample events for Elastic
Disaster Recovery"). Nothing happens by itself, so they are sent when time is looked at, each with the date of
what it tells. Where no rule could take one, none is made.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from operator import attrgetter
from time import monotonic
from typing import TYPE_CHECKING

from moto.core.utils import unix_time
from moto.events.models import events_backends
from moto.moto_api._internal import mock_random

from .launch_job import LaunchJob
from .snapshots import LATEST, SOONEST, UNIT
from .source_server import snapshots_of
from .timeline import LaunchStatus
from .world import world

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from moto.events.models import EventsBackend, Rule
    from moto.events.utils import EventMessageType

    from .job import Job
    from .recovery_instance import RecoveryInstance
    from .resources import Resources
    from .source_server import SourceServer

SOURCE = "aws.drs"
PATIENCE = 0.05
"""Seconds for which one look may send events."""
_LAUNCH = "DRS Source Server Launch Result"
_STALLED = "DRS Source Server Data Replication Stalled Change"
_SNAPSHOT = "DRS PIT Snapshot Taken"
_FAILBACK = "DRS Recovery Instance Failback State Change"
KINDS = (_LAUNCH, _STALLED, _SNAPSHOT, _FAILBACK)
_RESULTS = {
    LaunchStatus.LAUNCHED: "RECOVERY_LAUNCH_SUCCEEDED",
    LaunchStatus.FAILED: "RECOVERY_LAUNCH_FAILED",
}

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Event:
    """What happened to a resource at a simulated second."""

    at: float
    detail_type: str
    resource: str
    detail: tuple[tuple[str, str], ...]

    def message(self, account_id: str, region_name: str) -> EventMessageType:
        """Return the event as moto's EventBridge has it; it writes the time itself."""
        return {
            "version": "0",
            "id": str(mock_random.uuid4()),
            "detail-type": self.detail_type,
            "source": SOURCE,
            "account": account_id,
            "time": world.clock.date(self.at).timestamp(),
            "region": region_name,
            "resources": [self.resource],
            "detail": dict(self.detail),
            "ingestion-time": unix_time(),
        }


class Announcements:
    """The events sent to the rules of one account and Region, and those to send next."""

    def __init__(self, account_id: str, region_name: str, now: float) -> None:
        self._account_id, self._region_name = account_id, region_name
        self._until = now
        self._seen: set[Event] | None = None
        self._waiting: deque[Event] = deque()

    def advance(self, backend: Resources, jobs: list[Job], now: float) -> None:
        """Send what happened since the last time; nothing of the time when there was no rule."""
        since, self._until = self._until, now
        if not (rules := self._rules()):
            self._seen = None
            self._waiting.clear()
            return
        wanted = [kind for kind in KINDS if any(_may_want(rule, "detail-type", kind) for rule in rules)]
        events = list(_happened(backend, jobs, since, now))
        if _SNAPSHOT in wanted:
            events += _snapshots_of(backend, since, now)
        known = {event for event in events if event.at <= since} if self._seen is None else self._seen
        self._seen = set(events)
        new = [e for e in dict.fromkeys(events) if e not in known and e.detail_type in wanted]
        self._waiting.extend(sorted(new, key=attrgetter("at")))
        self._send(rules)

    def _send(self, rules: list[Rule]) -> None:
        """Send what waits; of many, some now and others at the next look, as moto's queues grow slow."""
        begun = monotonic()
        while self._waiting:
            message = self._waiting.popleft().message(self._account_id, self._region_name)
            if _send(message, rules) and monotonic() - begun > PATIENCE:
                return

    def _rules(self) -> list[Rule]:
        """Return the rules that events of AWS services can match; looking makes no EventBridge."""
        regions: dict[str, EventsBackend] = events_backends.get(self._account_id) or {}
        if (backend := dict.get(regions, self._region_name)) is None:
            return []
        rules = backend.event_buses["default"].rules.values()
        heard = [r for r in rules if r.targets and r.state == "ENABLED" and r.event_pattern.get_pattern()]
        return [rule for rule in heard if _may_want(rule, "source", SOURCE)]


def _may_want(rule: Rule, name: str, value: str) -> bool:
    """Return whether a rule can match events with a value, as far as a list of plain values tells."""
    listed = rule.event_pattern.get_pattern().get(name)
    if not isinstance(listed, list) or not all(isinstance(allowed, str) for allowed in listed):
        return True
    return value in listed


def _happened(backend: Resources, jobs: list[Job], since: float, now: float) -> Iterator[Event]:
    """Yield what happened since then, and of jobs and failbacks what happened before."""
    for job in jobs:
        yield from _launches(job, now)
    for instance in backend.recovery_instances.values():
        yield from _failback(instance, now)
    for server in backend.source_servers.values():
        yield from _stalls(server, since, now)


def _snapshots_of(backend: Resources, since: float, now: float) -> Iterator[Event]:
    if (now - SOONEST) // UNIT > (since - LATEST) // UNIT:
        for server in backend.source_servers.values():
            yield from _snapshots(server, since, now)


def _stalls(server: SourceServer, since: float, now: float) -> Iterator[Event]:
    """Yield when replication stalled, and when it no longer did."""
    for at, before, state in server.replication.passed(since, now):
        if (state == "STALLED") != (before == "STALLED"):
            message = "STALLED" if state == "STALLED" else "NOT_STALLED"
            yield Event(at, _STALLED, server.arn, (("state", message),))


def _launches(job: Job, now: float) -> Iterator[Event]:
    """Yield how the drills and recoveries of a job ended; one that never came to its launch has no result.

    A launch that is marked as failed later, because of a post-launch action, has a second one.
    """
    if not isinstance(job, LaunchJob):
        return
    for server in job.timeline.servers:
        server_id = server.source_server_id
        if (status := server.launch_status(job.elapsed(now))) not in _RESULTS:
            continue
        yield _result(job, server_id, job.at(server.end), status)
        failed = job.actions_failed(server_id)
        if status is LaunchStatus.LAUNCHED and failed is not None and failed <= now:
            yield _result(job, server_id, failed, LaunchStatus.FAILED)


def _result(job: Job, server_id: str, at: float, status: LaunchStatus) -> Event:
    drill = "TRUE" if job.is_drill else "FALSE"
    detail = (("state", _RESULTS[status]), ("job-id", job.job_id), ("is-drill", drill))
    return Event(at, _LAUNCH, job.servers[server_id].arn, detail)


def _failback(instance: RecoveryInstance, now: float) -> Iterator[Event]:
    """Yield what the failback of a recovery instance has come to, since it was initiated."""
    failback, server_id = instance.failback, instance.source_server.source_server_id
    if failback.target:
        yield Event(failback.initiated, _FAILBACK, instance.arn, (("state", "FAILBACK_IN_PROGRESS"),))
    if job := failback.job:
        yield Event(job.created, _FAILBACK, instance.arn, (("state", "FAILBACK_IN_PROGRESS"),))
        if job.launch_status(server_id, now) in _RESULTS:
            end = job.at(job.timeline.of(server_id).end)
            yield Event(end, _FAILBACK, instance.arn, (("state", failback.state(server_id, now)),))


def _snapshots(server: SourceServer, since: float, now: float) -> Iterator[Event]:
    """Yield the snapshots of the policy that were taken, but for those that are deleted already."""
    for snapshot in snapshots_of(server, now):
        if snapshot.job_id is None and since < snapshot.taken <= now:
            ids = (
                ("DrsSnapshotID", snapshot.snapshot_id),
                ("EbsSnapshotIDs", ",".join(snapshot.ebs_snapshots)),
            )
            yield Event(snapshot.taken, _SNAPSHOT, server.arn, ids)


def _send(message: EventMessageType, rules: Iterable[Rule]) -> bool:
    """Send an event to the targets of the rules that match it; returns whether there is one."""
    matching = [rule for rule in rules if rule.event_pattern.matches_event(message)]
    for rule in matching:
        _send_by(rule, message)
    return bool(matching)


def _send_by(rule: Rule, message: EventMessageType) -> None:
    """Send an event by one rule; a target that fails keeps it from no other rule's.

    Where no target wants it transformed, moto is spared its template, which takes 15 ms and has no account.
    """
    transformed = any("InputTransformer" in target for target in rule.targets)
    event = message.copy()
    if not transformed:
        del event["ingestion-time"]
    try:
        rule.send_to_targets(event, transform_input=transformed)
    except Exception:  # noqa: BLE001 - a target that is gone, or that moto cannot deliver to
        _log.warning("rule %s: not all targets were reached", rule.name, exc_info=True)
