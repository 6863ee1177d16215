"""Jobs: what StartRecovery and TerminateRecoveryInstances set going."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from moto.core.common_models import BaseModel
from moto.moto_api._internal import mock_random

from simulator.clock import clock

from .dates import iso, iso_at
from .timeline import Event, JobStatus, JobTimeline, LaunchStatus, Phase, ServerTimeline

if TYPE_CHECKING:
    from datetime import datetime

    from .models import DRSBackend
    from .recovery_instance import RecoveryInstance
    from .source_server import SourceServer


class Job(BaseModel):
    """A job of some source servers; ``number`` counts the jobs of its account and Region."""

    type: str
    initiated_by: str
    _settled: JobTimeline | None = None
    _due = 0.0
    is_drill = False

    def __init__(self, backend: DRSBackend, servers: list[SourceServer], timeline: JobTimeline) -> None:
        self.job_id = f"drsjob-{mock_random.get_random_hex(17)}"
        self.arn = backend.arn("job", self.job_id)
        self.number = backend.jobs_begun
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
        return self.timeline.of(source_server_id).launch_status(now - self.created)

    def settle(self, backend: DRSBackend, now: float) -> None:
        """Do to EC2 what the job has come to by now; what is done already is not done again."""
        for server in self.timeline.servers:
            self.settle_server(backend, server, now - self.created)

    def settle_server(self, backend: DRSBackend, server: ServerTimeline, elapsed: float) -> None:
        """Do to EC2 what the job has come to with one server."""
        raise NotImplementedError

    def instance_of(self, source_server_id: str) -> str | None:
        """Return the recovery instance that this job works on for a server, where there is one yet."""
        raise NotImplementedError

    def is_due(self, now: float) -> bool:
        """Return whether a step has ended since this was asked last: between two, nothing changes in EC2."""
        timeline, elapsed = self.timeline, now - self.created
        if timeline is self._settled and elapsed < self._due:
            return False
        ends = (step.end for server in timeline.servers for step in server.steps)
        self._settled, self._due = timeline, min((end for end in ends if end > elapsed), default=math.inf)
        return True

    def to_dict(self, now: float) -> dict[str, Any]:
        status = self.status(now)
        return {
            "jobID": self.job_id,
            "arn": self.arn,
            "type": self.type,
            "initiatedBy": self.initiated_by,
            "status": status,
            "creationDateTime": iso(self.creation_date),
            "endDateTime": iso_at(self.end) if status is JobStatus.COMPLETED else None,
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

    def log(self, now: float) -> list[dict[str, Any]]:
        """Return the log's entries so far."""
        return [
            {
                "logDateTime": iso_at(self.created + event.at),
                "event": event.name,
                "eventData": self.event_data(event),
            }
            for event in self.timeline.events(now - self.created)
        ]

    def event_data(self, event: Event) -> dict[str, Any]:
        """Return what the log says of an event besides its name."""
        return {"sourceServerID": event.source_server_id, "rawError": event.raw_error}


class LaunchJob(Job):
    """A job that launches recovery instances, in place of those the servers have."""

    type = "LAUNCH"

    def __init__(
        self,
        backend: DRSBackend,
        servers: list[SourceServer],
        timeline: JobTimeline,
        *,
        is_drill: bool,
        recovery_points: dict[str, float],
    ) -> None:
        super().__init__(backend, servers, timeline)
        self.is_drill = is_drill
        self.initiated_by = "START_DRILL" if is_drill else "START_RECOVERY"
        self._recovery_points = recovery_points
        self._replaced = {server.source_server_id: server.recovery_instance_id for server in servers}
        self._launched: dict[str, str] = {}
        for server in servers:
            server.last_job = self
            server.launches += 1

    def settle_server(self, backend: DRSBackend, server: ServerTimeline, elapsed: float) -> None:
        server_id = server.source_server_id
        cleaned = server.end_of(Phase.CLEANUP)
        if cleaned is not None and cleaned <= elapsed and (replaced := self._replaced.pop(server_id, None)):
            backend.replace_recovery_instance(replaced)
        if server.launch_status(elapsed) is LaunchStatus.LAUNCHED and server_id not in self._launched:
            point, launched = self.recovery_point(server_id), self.created + server.end
            instance = backend.add_recovery_instance(self, server_id, point, launched)
            self._launched[server_id] = instance.recovery_instance_id

    def instance_of(self, source_server_id: str) -> str | None:
        return self._launched.get(source_server_id)

    def recovery_point(self, source_server_id: str) -> float:
        """Return the simulated second whose data is launched: of the snapshot asked for, or taken now."""
        snapshot = self.timeline.of(source_server_id).begin_of(Phase.SNAPSHOT)
        return self._recovery_points.get(source_server_id, self.created + snapshot)

    def event_data(self, event: Event) -> dict[str, Any]:
        data = super().event_data(event)
        if event.source_server_id and event.name.startswith(Phase.CONVERSION):
            point = iso_at(self.recovery_point(event.source_server_id))
            data["conversionProperties"] = {"dataTimestamp": point}
        return data


class TerminateJob(Job):
    """A job that terminates recovery instances; when it has ended it lists no servers."""

    type = "TERMINATE"
    initiated_by = "TERMINATE_RECOVERY_INSTANCES"

    def __init__(self, backend: DRSBackend, instances: list[RecoveryInstance], timeline: JobTimeline) -> None:
        super().__init__(backend, [instance.source_server for instance in instances], timeline)
        self._instances = {i.source_server.source_server_id: i.recovery_instance_id for i in instances}

    def settle_server(self, backend: DRSBackend, server: ServerTimeline, elapsed: float) -> None:
        if elapsed >= server.end:
            backend.remove_recovery_instance(self._instances[server.source_server_id])

    def instance_of(self, source_server_id: str) -> str | None:
        return self._instances[source_server_id]

    def participating_servers(self, now: float) -> list[dict[str, Any]]:
        return [] if self.status(now) is JobStatus.COMPLETED else super().participating_servers(now)
