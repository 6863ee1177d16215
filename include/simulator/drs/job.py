"""Jobs: what StartRecovery and TerminateRecoveryInstances set going."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.common_models import BaseModel
from moto.moto_api._internal import mock_random

from simulator.clock import clock

from .dates import iso, iso_at
from .timeline import Event, JobStatus, JobTimeline, LaunchStatus, Phase

if TYPE_CHECKING:
    from datetime import datetime

    from .models import DRSBackend
    from .source_server import SourceServer


class Job(BaseModel):
    """A job of some source servers; ``number`` counts the jobs of its account and Region."""

    type: str
    initiated_by: str
    is_drill = False

    def __init__(
        self, backend: DRSBackend, number: int, servers: list[SourceServer], timeline: JobTimeline
    ) -> None:
        self.job_id = f"drsjob-{mock_random.get_random_hex(17)}"
        self.arn = backend.arn("job", self.job_id)
        self.number = number
        self.servers = {server.source_server_id: server for server in servers}
        self.timeline = timeline
        self.created = clock.now()
        self.tags: dict[str, str] = {}

    @property
    def creation_date(self) -> datetime:
        return clock.date(self.created)

    @property
    def end(self) -> float:
        """Simulated second of the end."""
        return self.created + self.timeline.end

    def status(self, now: float) -> JobStatus:
        return self.timeline.status(now - self.created)

    def launch_status(self, source_server_id: str, now: float) -> LaunchStatus:
        timeline = next(s for s in self.timeline.servers if s.source_server_id == source_server_id)
        return timeline.launch_status(now - self.created)

    def settle(self, backend: DRSBackend, now: float) -> None:
        """Do to EC2 what the job has come to by now, once."""
        raise NotImplementedError

    def to_dict(self, now: float) -> dict[str, Any]:
        ended = self.status(now) is JobStatus.COMPLETED
        return {
            "jobID": self.job_id,
            "arn": self.arn,
            "type": self.type,
            "initiatedBy": self.initiated_by,
            "status": self.status(now),
            "creationDateTime": iso(self.creation_date),
            "endDateTime": iso_at(self.end) if ended else None,
            "participatingServers": self.participating_servers(now),
            "participatingResources": [],
            "tags": self.tags,
        }

    def participating_servers(self, now: float) -> list[dict[str, Any]]:
        return [
            {
                "sourceServerID": server.source_server_id,
                "launchStatus": server.launch_status(now - self.created),
                "recoveryInstanceID": self.instance_of(server.source_server_id),
            }
            for server in self.timeline.servers
        ]

    def instance_of(self, source_server_id: str) -> str | None:
        """Return the recovery instance that this job works on for a server, where there is one yet."""
        raise NotImplementedError

    def log(self, now: float) -> list[dict[str, Any]]:
        """Return the log's entries so far."""
        return [self._entry(event) for event in self.timeline.events(now - self.created)]

    def _entry(self, event: Event) -> dict[str, Any]:
        data: dict[str, Any] = {"rawError": event.raw_error}
        if server_id := event.source_server_id:
            data |= {"sourceServerID": server_id} | self.event_data(event, server_id)
        return {
            "logDateTime": iso_at(self.created + event.at),
            "event": event.name,
            "eventData": {name: value for name, value in data.items() if value is not None},
        }

    def event_data(self, event: Event, source_server_id: str) -> dict[str, Any]:
        """Return what else the log says of an event of a server."""
        return {}


class LaunchJob(Job):
    """A job that launches recovery instances, in place of those the servers have."""

    type = "LAUNCH"

    def __init__(
        self,
        backend: DRSBackend,
        number: int,
        servers: list[SourceServer],
        timeline: JobTimeline,
        *,
        is_drill: bool,
        recovery_points: dict[str, float],
    ) -> None:
        super().__init__(backend, number, servers, timeline)
        self.is_drill = is_drill
        self.initiated_by = "START_DRILL" if is_drill else "START_RECOVERY"
        self._replaced = {server.source_server_id: server.recovery_instance_id for server in servers}
        self._launched: dict[str, str] = {}
        self._recovery_points = recovery_points
        for server in servers:
            server.last_job = self
            server.launches += 1

    def settle(self, backend: DRSBackend, now: float) -> None:
        elapsed = now - self.created
        for timeline in self.timeline.servers:
            server_id = timeline.source_server_id
            cleaned = timeline.end_of(Phase.CLEANUP)
            if (
                cleaned is not None
                and cleaned <= elapsed
                and (replaced := self._replaced.pop(server_id, None))
            ):
                backend.remove_recovery_instance(replaced)
            launched = timeline.launch_status(elapsed) is LaunchStatus.LAUNCHED
            if launched and server_id not in self._launched:
                server, at = self.servers[server_id], self.created + timeline.end
                point = clock.date(self.recovery_point(server_id))
                instance = backend.add_recovery_instance(server, self, point, clock.date(at))
                self._launched[server_id] = instance.recovery_instance_id

    def recovery_point(self, source_server_id: str) -> float:
        """Return the simulated second whose data is launched: of the snapshot asked for, or taken now."""
        if source_server_id in self._recovery_points:
            return self._recovery_points[source_server_id]
        timeline = next(s for s in self.timeline.servers if s.source_server_id == source_server_id)
        snapshot = next(step for step in timeline.steps if step.phase is Phase.SNAPSHOT)
        return self.created + snapshot.begin

    def instance_of(self, source_server_id: str) -> str | None:
        return self._launched.get(source_server_id)

    def event_data(self, event: Event, source_server_id: str) -> dict[str, Any]:
        if not event.name.startswith("CONVERSION"):
            return {}
        return {"conversionProperties": {"dataTimestamp": iso_at(self.recovery_point(source_server_id))}}


class TerminateJob(Job):
    """A job that terminates recovery instances; when it has ended it lists no servers."""

    type = "TERMINATE"
    initiated_by = "TERMINATE_RECOVERY_INSTANCES"

    def __init__(
        self,
        backend: DRSBackend,
        number: int,
        servers: list[SourceServer],
        timeline: JobTimeline,
        *,
        instances: dict[str, str],
    ) -> None:
        super().__init__(backend, number, servers, timeline)
        self._instances = instances

    def settle(self, backend: DRSBackend, now: float) -> None:
        for timeline in self.timeline.servers:
            if timeline.end <= now - self.created:
                backend.remove_recovery_instance(self._instances[timeline.source_server_id])

    def participating_servers(self, now: float) -> list[dict[str, Any]]:
        return [] if self.status(now) is JobStatus.COMPLETED else super().participating_servers(now)

    def instance_of(self, source_server_id: str) -> str | None:
        return self._instances[source_server_id]
