"""The data that a launch is made from, as a server's replication allows when its job starts.

A snapshot of the latest data is taken where data come in. Where they come no more, or not yet, that fails:
the last snapshot before is launched then, and nothing where there is none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from .ec2_refusals import unknown_snapshot
from .lookup import require
from .snapshots import RecoverySnapshot
from .source_server import snapshots_of
from .timeline import Phase, ServerTimeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .source_server import SourceServer
    from .world import FaultEffect

_HALTED = ("STALLED", "PAUSED", "DISCONNECTED", "STOPPED")


@dataclass(frozen=True)
class LaunchData:
    """A server's data: the snapshot asked for, the moment of what lags, and the last snapshot.

    ``missing`` says why no snapshot can be taken of the latest data.
    """

    server: SourceServer
    started: float
    chosen: RecoverySnapshot | None = None
    latest: float | None = None
    missing: str | None = None

    @cached_property
    def previous(self) -> RecoverySnapshot | None:
        """Return the last snapshot before the job, which few launches ask for."""
        return last_taken(self.server, self.started)

    def combined_with(self, effect: FaultEffect) -> FaultEffect:
        """Return what the data make of a healthy launch which a fault hits as well."""
        return lambda healthy: self._checked(effect(self._short(healthy)))

    def point(self, timeline: ServerTimeline, at: Callable[[float], float]) -> float:
        """Return the moment of the data that are launched; ``at`` tells when a moment of the timeline is."""
        if (used := self._used(timeline)) is not None:
            return used.taken
        return at(timeline.begin_of(Phase.SNAPSHOT)) if self.latest is None else self.latest

    def snapshot(
        self, timeline: ServerTimeline, at: Callable[[float], float], job_id: str
    ) -> RecoverySnapshot:
        """Return the snapshot that is launched: one that there was, or the job's own of the latest data."""
        if (used := self._used(timeline)) is not None:
            return used
        point, volumes = self.point(timeline, at), len(self.server.description.disks_gib)
        return RecoverySnapshot(self.server.source_server_id, point, point, volumes, job_id)

    def check(self, used: RecoverySnapshot) -> None:
        """Raise what EC2 says of a snapshot that somebody deleted after the job began."""
        if used.snapshot_id in self.server.lost_snapshots:
            raise unknown_snapshot(used.ebs_snapshots[0])

    def _used(self, timeline: ServerTimeline) -> RecoverySnapshot | None:
        """Return the snapshot that is launched, unless it is one of the latest data."""
        return self.chosen or (self.previous if timeline.uses_previous_snapshot else None)

    def _short(self, timeline: ServerTimeline) -> ServerTimeline:
        if self.missing is None or self.chosen is not None:
            return timeline
        return self._checked(timeline.from_previous_snapshot(self.missing))

    def _checked(self, timeline: ServerTimeline) -> ServerTimeline:
        """Return the timeline of a launch which cannot go on from a snapshot that there is not."""
        if not timeline.uses_previous_snapshot or Phase.SNAPSHOT not in timeline.phases:
            return timeline
        if self.chosen is not None or self.previous is not None:
            return timeline
        at = timeline.phases.index(Phase.SNAPSHOT)
        why = timeline.steps[at].raw_error or ""
        failed = timeline.failed(Phase.SNAPSHOT, why, "USING_PREVIOUS_SNAPSHOT_FAILED")
        return replace(failed, uses_previous_snapshot=False)


def launch_data(server: SourceServer, now: float, chosen: RecoverySnapshot | None = None) -> LaunchData:
    """Return what can be launched of a server whose job starts now."""
    state = server.replication.state(now)
    comes_in = state not in _HALTED and server.replication.lag(now) is not None
    return LaunchData(
        server,
        now,
        chosen=chosen,
        latest=server.replication.latest(now) if comes_in else None,
        missing=None if comes_in else _message(server, state),
    )


def wanted_data(
    wanted: Iterable[dict[str, str]], servers: Mapping[str, SourceServer], now: float
) -> dict[str, LaunchData]:
    """Return what each server wanted is launched from: the snapshot asked for, or the latest data."""
    data = {}
    for one in wanted:
        server, chosen = servers[one["sourceServerID"]], None
        if snapshot_id := one.get("recoverySnapshotID"):
            taken = {s.snapshot_id: s for s in snapshots_of(server, now) if s.taken <= now}
            chosen = require(taken, snapshot_id, "sourceServers.recoverySnapshotID")
        data[server.source_server_id] = launch_data(server, now, chosen)
    return data


def _message(server: SourceServer, state: str) -> str:
    return f"Source Server {server.source_server_id} is {state}: no snapshot can be taken of its latest data."


def last_taken(server: SourceServer, now: float) -> RecoverySnapshot | None:
    """Return the last snapshot of DRS's policy that is taken by now, if there is one."""
    taken = (s for s in snapshots_of(server, now) if s.taken <= now and s.job_id is None)
    return max(taken, key=lambda snapshot: snapshot.taken, default=None)
