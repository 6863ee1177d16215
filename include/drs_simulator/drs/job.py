"""Jobs: what StartRecovery and TerminateRecoveryInstances set going."""

from __future__ import annotations

import logging
import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from moto.core.common_models import BaseModel
from moto.ec2.exceptions import EC2ClientError

from .dates import iso, iso_at
from .members import Complete, Kept, Parts, without_absent
from .timeline import Event, Hold, JobStatus, JobTimeline, LaunchStatus, Phase, ServerTimeline
from .world import world

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from .account import Account
    from .source_server import SourceServer

_log = logging.getLogger(__name__)
_CALLS = {
    Phase.CLEANUP: "TerminateInstances",
    Phase.CONVERSION: "CreateVolume",
    Phase.LAUNCH: "RunInstances",
}
"""What DRS asks of EC2 in a phase."""


class Job(BaseModel):
    """A job of some source servers; ``number`` counts the jobs of its account and Region."""

    type: str
    initiated_by: str
    _settled: JobTimeline | None = None
    _due = 0.0
    is_drill = False

    def __init__(self, backend: Account, servers: list[SourceServer], timeline: JobTimeline) -> None:
        self.number = backend.jobs_begun
        self.job_id = f"drsjob-{world.rng.hex(17, backend.account_id, backend.region_name, self.number)}"
        self.arn = backend.arn("job", self.job_id)
        self.servers = {server.source_server_id: server for server in servers}
        self._timeline = timeline
        self.created = world.clock.begin()
        self._pace = world.pace(self.created)
        self.tags: dict[str, str] = {}
        self._hiding = world.faults.of_job(self.servers)
        self._looks = 0
        self._participants = Kept()

    @property
    def timeline(self) -> JobTimeline:
        """What the job does, without the hangs whose faults are cleared."""
        self._timeline = self._timeline.released(self._released_at)
        return self._timeline

    @property
    def creation_date(self) -> datetime:
        return world.clock.date(self.created)

    @property
    def end(self) -> float:
        """Simulated second of the end."""
        return self.at(self.timeline.end)

    @property
    def horizon(self) -> float:
        """Simulated second of the last thing that happens by itself."""
        return self.at(self.reach)

    @property
    def reach(self) -> float:
        """The same in seconds of its timeline."""
        return self.timeline.horizon

    def at(self, elapsed: float) -> float:
        """Return the second of the clock at which so many of the job's timeline have passed."""
        return self._pace.at(elapsed)

    def elapsed(self, now: float) -> float:
        """Return how many seconds of its timeline have passed by now."""
        return self._pace.elapsed(now)

    @property
    def by_itself(self) -> bool:
        """Whether the job goes on without being described."""
        return self._pace.by_itself

    def keep_pace(self, now: float) -> None:
        """Go on as far as the job is by now."""
        if not self.by_itself:
            self._pace.keep(now, self.timeline.launching, self.reach)

    def look(self, now: float) -> bool:
        """Return whether DescribeJobs shows the job already, and count that it was looked for."""
        self._looks += 1
        self._pace.look()
        return not self._hiding(self.elapsed(now), self._looks)

    def status(self, now: float) -> JobStatus:
        return self.timeline.status(self.elapsed(now))

    def launch_status(self, source_server_id: str, now: float) -> LaunchStatus:
        return self.status_of(self.timeline.of(source_server_id), self.elapsed(now))

    def status_of(self, server: ServerTimeline, elapsed: float) -> LaunchStatus:
        """Return the launch status of one server."""
        return server.launch_status(elapsed)

    def advance(self, backend: Account, now: float) -> None:
        """Do to EC2 what the job has come to by now; what is done already is not done again."""
        for server in self.timeline.servers:
            self.advance_server(backend, server, self.elapsed(now))

    def _released_at(self, hold: Hold) -> float | None:
        released = hold.released_at()
        return None if released is None else self.elapsed(released)

    def advance_server(self, backend: Account, server: ServerTimeline, elapsed: float) -> None:
        """Do to EC2 what the job has come to with one server."""
        raise NotImplementedError

    @contextmanager
    def attempt(self, source_server_id: str, phase: Phase) -> Iterator[None]:
        """Do a phase's work in EC2; the phase fails with what EC2 says when it refuses, or breaks."""
        call = f"when calling the {_CALLS[phase]} operation"
        try:
            yield
        except EC2ClientError as error:
            raw_error = f"An error occurred ({error.code}) {call}: {error.message}"
            self._timeline = self.timeline.failed(source_server_id, phase, raw_error)
        except Exception as error:  # noqa: BLE001 - whichever error moto raises, it did not succeed
            _log.exception("%s of %s in %s", phase, source_server_id, self.job_id)
            raw_error = f"An error occurred (InternalError) {call}: {error!r}"
            self._timeline = self.timeline.failed(source_server_id, phase, raw_error)

    def instance_of(self, source_server_id: str) -> str | None:
        """Return the recovery instance that this job works on for a server, where there is one yet."""
        raise NotImplementedError

    def shown_instance(self, server: ServerTimeline) -> str | None:
        """Return what DescribeJobs says that this is."""
        return self.instance_of(server.source_server_id)

    def is_due(self, now: float) -> bool:
        """Return whether a step has ended since this was asked last: between two, nothing changes in EC2."""
        timeline, elapsed = self.timeline, self.elapsed(now)
        if timeline is self._settled and elapsed < self._due:
            return False
        ends = (step.end for server in timeline.servers for step in server.steps)
        self._settled, self._due = timeline, min((end for end in ends if end > elapsed), default=math.inf)
        return True

    def to_dict(self, now: float) -> Parts:
        status = self.status(now)
        return Parts(
            jobID=self.job_id,
            arn=self.arn,
            type=self.type,
            initiatedBy=self.initiated_by,
            status=status,
            creationDateTime=iso(self.creation_date),
            endDateTime=iso_at(self.end) if status is JobStatus.COMPLETED else None,
            participatingServers=self._participants.of(self.participating_servers(now)),
            participatingResources=[],
            tags=self.tags,
        )

    def participating_servers(self, now: float) -> list[Complete]:
        elapsed = self.elapsed(now)
        return [self._participant(server, elapsed) for server in self.timeline.servers]

    def _participant(self, server: ServerTimeline, elapsed: float) -> Complete:
        members = Complete(
            sourceServerID=server.source_server_id, launchStatus=self.status_of(server, elapsed)
        )
        if (instance_id := self.shown_instance(server)) is not None:
            members["recoveryInstanceID"] = instance_id
        if (actions := self.launch_actions_status(server, elapsed)) is not None:
            members["launchActionsStatus"] = without_absent(actions)
        return members

    def launch_actions_status(self, server: ServerTimeline, elapsed: float) -> dict[str, Any] | None:
        """Return what the post-launch actions of a server have come to, where it has some."""
        return None

    def events(self, now: float) -> list[Event]:
        """Return what is in the log so far."""
        return self.timeline.events(self.elapsed(now))

    def log_item(self, event: Event) -> dict[str, Any]:
        """Return the entry of the log about an event."""
        return {
            "logDateTime": iso_at(self.at(event.at)),
            "event": event.name,
            "eventData": self.event_data(event),
        }

    def event_data(self, event: Event) -> dict[str, Any]:
        """Return what the log holds of an event beside its name."""
        return {"sourceServerID": event.source_server_id, "rawError": event.raw_error}


class OnInstance(Protocol):
    """What a job knows of a recovery instance that it works on."""

    @property
    def source_server(self) -> SourceServer:
        """Return the server that was launched."""

    @property
    def recovery_instance_id(self) -> str:
        """Return the id of the EC2 instance."""


class InstanceJob(Job):
    """A job on recovery instances that there are when it starts."""

    def __init__(self, backend: Account, instances: Sequence[OnInstance], timeline: JobTimeline) -> None:
        super().__init__(backend, [instance.source_server for instance in instances], timeline)
        self._instances = {i.source_server.source_server_id: i.recovery_instance_id for i in instances}

    def instance_of(self, source_server_id: str) -> str | None:
        return self._instances[source_server_id]


class TerminateJob(InstanceJob):
    """A job that terminates recovery instances; when it has ended it lists no servers."""

    type = "TERMINATE"
    initiated_by = "TERMINATE_RECOVERY_INSTANCES"

    def advance_server(self, backend: Account, server: ServerTimeline, elapsed: float) -> None:
        server_id = server.source_server_id
        if server.launch_status(elapsed) is LaunchStatus.TERMINATED:
            with self.attempt(server_id, Phase.CLEANUP):
                backend.remove_recovery_instance(self._instances[server_id], self.at(server.end))

    def participating_servers(self, now: float) -> list[Complete]:
        return [] if self.status(now) is JobStatus.COMPLETED else super().participating_servers(now)
