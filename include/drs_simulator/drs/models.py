"""DRSBackend class with methods for supported APIs."""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

from moto.core.base_backend import BackendDict
from moto.core.common_models import CloudWatchMetricProvider
from moto.ec2.models import ec2_backends

from . import admission
from .durations import plan_launch, plan_termination
from .ebs_snapshots import EbsSnapshots
from .events import Announcements
from .exceptions import ConflictException, ResourceNotFoundException
from .failback import FailbackJob
from .instance_launch import launch_instance
from .instance_operations import FailbackBackend, RecoveryInstanceBackend
from .job import Job, TerminateJob
from .launch_data import wanted_data
from .launch_job import LaunchJob
from .launch_operations import (
    LaunchActionBackend,
    LaunchConfigurationBackend,
    LaunchConfigurationTemplateBackend,
)
from .launch_requests import launch_requests, with_data
from .launch_template import launch_template
from .lookup import between, require, select
from .metrics import values_of
from .origin import run_origin
from .pagination import Ordered
from .pit_policy import policy
from .recovery_instance import RecoveryInstance
from .replication_operations import (
    ProtectionBackend,
    ReplicationConfigurationBackend,
    ReplicationConfigurationTemplateBackend,
)
from .replication_templates import ReplicationConfigurationTemplate
from .source_server import SourceServer, snapshots_of
from .templates import LaunchConfigurationTemplate
from .timeline import JobStatus
from .world import world

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.cloudwatch.models import MetricDatum
    from moto.ec2.models.instances import Instance

    from .description import ServerDescription
    from .snapshots import RecoverySnapshot
    from .timeline import Event

Resource = (
    SourceServer | Job | RecoveryInstance | LaunchConfigurationTemplate | ReplicationConfigurationTemplate
)
AnyJob = TypeVar("AnyJob", LaunchJob, TerminateJob, FailbackJob)


class DRSBackend(
    ProtectionBackend,
    LaunchConfigurationBackend,
    LaunchConfigurationTemplateBackend,
    LaunchActionBackend,
    ReplicationConfigurationBackend,
    ReplicationConfigurationTemplateBackend,
    RecoveryInstanceBackend,
    FailbackBackend,
    CloudWatchMetricProvider,
):
    """Implementation of DRS APIs for one account and Region.

    Nothing happens by itself: each request first lets everything happen that is due by ``now``.
    """

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.initialized = False
        self.now = world.clock.now()
        self.source_servers: dict[str, SourceServer] = {}
        self.jobs: dict[str, Job] = {}
        self.recovery_instances: dict[str, RecoveryInstance] = {}
        self.launch_configuration_templates: dict[str, LaunchConfigurationTemplate] = {}
        self.replication_configuration_templates: dict[str, ReplicationConfigurationTemplate] = {}
        self.jobs_begun = 0
        self._running: list[Job] = []
        self._acting: list[Job] = []
        """Jobs that have ended, whose post-launch actions have not."""
        self._announcements = Announcements(account_id, region_name, self.now)
        self._without_template: list[SourceServer] = []

    def advance(self) -> None:
        """Let everything happen that is due by now; at once, when the clock says so."""
        if world.clock.immediate and self._running:
            world.clock.skip_to(max(job.horizon for job in self._running))
        self.now = world.clock.begin()
        for job in self._running:
            job.keep_pace(self.now)
            if job.is_due(self.now):
                job.advance(self, self.now)
        self._announcements.advance(self, [*self._running, *self._acting], self.now)
        ended = [job for job in self._running if job.status(self.now) is JobStatus.COMPLETED]
        self._acting = [job for job in (*self._acting, *ended) if job.horizon > self.now]
        self._running = [job for job in self._running if job.status(self.now) is not JobStatus.COMPLETED]

    @staticmethod
    def get_cloudwatch_metrics(account_id: str, region: str) -> list[MetricDatum]:
        """Return the values of all servers of an account and Region that are wanted."""
        regions: dict[str, DRSBackend] = drs_backends.get(account_id) or {}
        backend = dict.get(regions, region)
        return [] if backend is None else values_of(backend.source_servers.values())

    def initialize_service(self) -> None:
        self.initialized = True

    def beside(self, region_name: str) -> DRSBackend:
        """Return the backend of another Region of the same account, as of now."""
        other: DRSBackend = drs_backends[self.account_id][region_name]
        other.advance()
        return other

    def register_source_server(
        self, description: ServerDescription, origin: Instance | None = None, *, late: bool = False
    ) -> SourceServer:
        """Add a source server, as a replication agent does: no operation can.

        ``origin`` is the EC2 instance that it is on; without one it is made where the server comes from EC2.
        Its EC2 launch template is made at once, or ``late``: before somebody looks at it or launches it.
        """
        arn = self.arn("source-server", description.id)
        server = SourceServer(arn, self.region_name, description)
        if origin is not None:
            server.come_from(origin)
        elif description.origin_region:
            server.come_from(run_origin(ec2_backends[self.account_id][description.origin_region], server))
        for launch in self.launch_configuration_templates.values():
            launch.apply(server)
        for replication in self.replication_configuration_templates.values():
            replication.apply(server)
        if description.snapshot_days:
            server.replicate_as({"pitPolicy": policy(description.snapshot_days)})
        self.source_servers[server.source_server_id] = server
        self._without_template.append(server)
        if not late:
            self.show_snapshots()
            self.make_launch_templates()
        return server

    def show_snapshots(self) -> None:
        """Let EC2 have the snapshots of servers from now on."""
        if self.source_servers and not isinstance(self.ec2.snapshots, EbsSnapshots):
            self.ec2.snapshots = EbsSnapshots(self.ec2, self.source_servers)

    def make_launch_templates(self) -> None:
        """Make the EC2 launch templates that were left for later."""
        for server in self._without_template:
            if server.source_server_id in self.source_servers:
                launch_template(self.ec2, server)
        self._without_template.clear()

    def describe_source_servers(self, filters: dict[str, Any]) -> list[SourceServer]:
        elsewhere = self.account_id not in filters.get("stagingAccountIDs", [self.account_id])
        if elsewhere or filters.get("hardwareId"):
            return []
        if not filters.get("sourceServerIDs"):
            # A fleet is seeded in this order: to sort what is sorted takes no time.
            return Ordered(map(self.source_servers.__getitem__, sorted(self.source_servers)))
        return select(self.source_servers, filters["sourceServerIDs"])

    def start_recovery(
        self, source_servers: list[dict[str, str]], is_drill: bool, tags: dict[str, str]
    ) -> LaunchJob:
        servers = [
            require(self.source_servers, wanted["sourceServerID"], "sourceServers.sourceServerID")
            for wanted in source_servers
        ]
        data = wanted_data(source_servers, self.source_servers, self.now)
        admission.check(servers, self._running)
        timeline = plan_launch(with_data(launch_requests(servers), data))
        job = LaunchJob(self, servers, timeline, is_drill=is_drill, data=data)
        job.tags.update(tags)
        return self._begin(job)

    def terminate_recovery_instances(self, recovery_instance_ids: list[str]) -> TerminateJob:
        instances = self._idle_instances(recovery_instance_ids)
        timeline = plan_termination(self.jobs_begun, (i.source_server.source_server_id for i in instances))
        return self._begin(TerminateJob(self, instances, timeline))

    def start_failback_launch(self, recovery_instance_ids: list[str], tags: dict[str, str]) -> FailbackJob:
        instances = self._idle_instances(recovery_instance_ids)
        for instance in instances:
            instance.require_ready_for_failback(self.now)
        requests = launch_requests([instance.source_server for instance in instances])
        timeline = plan_launch(replace(request, replaces=False) for request in requests)
        job = FailbackJob(self, instances, timeline)
        for instance in instances:
            instance.failback.job = job
        job.tags.update(tags)
        return self._begin(job)

    def describe_jobs(self, filters: dict[str, Any]) -> list[Job]:
        jobs = [job for job in select(self.jobs, filters.get("jobIDs")) if job.look(self.now)]
        if any(not job.by_itself for job in jobs):
            self.advance()
        return between(jobs, attrgetter("creation_date"), filters.get("fromDate"), filters.get("toDate"))

    def describe_job_log_items(self, job_id: str) -> tuple[Job, list[Event]]:
        job = require(self.jobs, job_id, "jobID")
        return job, job.events(self.now)

    def describe_recovery_instances(self, filters: dict[str, Any]) -> list[RecoveryInstance]:
        instances = select(self.recovery_instances, filters.get("recoveryInstanceIDs"))
        of = frozenset(filters.get("sourceServerIDs") or ())
        return [i for i in instances if not of or i.source_server.source_server_id in of]

    def describe_recovery_snapshots(
        self, source_server_id: str, filters: dict[str, Any]
    ) -> list[RecoverySnapshot]:
        server = require(self.source_servers, source_server_id, "sourceServerID")
        kept = snapshots_of(server, self.now)
        return between(kept, attrgetter("due"), filters.get("fromDateTime"), filters.get("toDateTime"))

    def delete_job(self, job_id: str) -> None:
        """Know a job no more, once it has ended."""
        if job_id not in self.jobs:
            raise ResourceNotFoundException(job_id, "Job")
        if (status := self.jobs[job_id].status(self.now)) is not JobStatus.COMPLETED:
            message = f"Job {job_id} is {status}: only a COMPLETED one can be deleted."
            raise ConflictException(message, job_id, "Job")
        del self.jobs[job_id]

    def resource(self, arn: str) -> Resource:
        """Return the resource that has an ARN and tags."""
        kind, _, resource_id = arn.rpartition(":")[2].partition("/")
        kept: dict[str, Mapping[str, Resource]] = {
            "source-server": self.source_servers,
            "job": self.jobs,
            "recovery-instance": self.recovery_instances,
            "launch-configuration-template": self.launch_configuration_templates,
            "replication-configuration-template": self.replication_configuration_templates,
        }
        resource = kept.get(kind, {}).get(resource_id)
        if resource is None or resource.arn != arn:
            raise ResourceNotFoundException(arn, "Resource")
        return resource

    def add_recovery_instance(
        self, job: LaunchJob, source_server_id: str, snapshot: RecoverySnapshot, launched: float
    ) -> RecoveryInstance:
        """Launch a server's recovery instance in EC2."""
        server = job.servers[source_server_id]
        instance = launch_instance(self.ec2, server, job.job_id, snapshot, launched)
        added = RecoveryInstance(
            arn=self.arn("recovery-instance", instance.id),
            source_server=server,
            job=job,
            instance=instance,
            recovery_point=snapshot.taken,
            launched=launched,
            tags=dict(server.tags),
        )
        self.recovery_instances[added.recovery_instance_id] = added
        server.recovery_instance_id, server.recovery_job_id = added.recovery_instance_id, job.job_id
        return added

    def _idle_instances(self, recovery_instance_ids: list[str]) -> list[RecoveryInstance]:
        """Return recovery instances by id, each once, that another job may have."""
        instances = [
            require(self.recovery_instances, wanted, "recoveryInstanceIDs")
            for wanted in dict.fromkeys(recovery_instance_ids)
        ]
        admission.check([instance.source_server for instance in instances], self._running)
        return instances

    def _begin(self, job: AnyJob) -> AnyJob:
        self.now = job.created
        self.jobs_begun += 1
        self.jobs[job.job_id] = job
        self._running.append(job)
        return job


drs_backends = BackendDict(DRSBackend, "drs")


def advance_all(*, templates: bool) -> None:
    """Let everything happen that is due, in every account and Region, as EC2 shows it.

    Launch templates that were left for later are made if somebody looks at these.
    """
    for account in list(drs_backends.values()):
        for backend in list(account.values()):
            backend.advance()
            backend.show_snapshots()
            if templates:
                backend.make_launch_templates()
