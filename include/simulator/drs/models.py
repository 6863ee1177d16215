"""DRSBackend class with methods for supported APIs."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from moto.core.base_backend import BackendDict, BaseBackend
from moto.ec2.models import ec2_backends

from simulator.clock import clock

from . import admission
from .durations import plan_launch, plan_termination
from .exceptions import ResourceNotFoundException, UninitializedAccountException
from .job import Job, LaunchJob, TerminateJob
from .launching import launch_requests
from .lookup import between, require, select
from .recovery_instance import RecoveryInstance, launch_instance
from .snapshots import RecoverySnapshot, snapshots_of
from .source_server import LaunchConfiguration, SourceServer
from .timeline import JobStatus

if TYPE_CHECKING:
    from simulator.fleet import ServerDescription

Resource = SourceServer | Job | RecoveryInstance
AnyJob = TypeVar("AnyJob", LaunchJob, TerminateJob)


class DRSBackend(BaseBackend):
    """Implementation of DRS APIs for one account and Region.

    Nothing happens by itself: each request first lets everything happen that is due by ``now``.
    """

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.initialized = False
        self.now = clock.now()
        self.source_servers: dict[str, SourceServer] = {}
        self.jobs: dict[str, Job] = {}
        self.recovery_instances: dict[str, RecoveryInstance] = {}
        self._running: list[Job] = []

    def arn(self, kind: str, resource_id: str) -> str:
        return f"arn:{self.partition}:drs:{self.region_name}:{self.account_id}:{kind}/{resource_id}"

    def settle(self) -> None:
        """Let everything happen that is due by now; at once, when the clock says so."""
        if clock.immediate and self._running:
            clock.skip_to(max(job.horizon for job in self._running))
        self.now = clock.now()
        for job in self._running:
            job.settle(self, self.now)
        self._running = [job for job in self._running if job.status(self.now) is not JobStatus.COMPLETED]

    def initialize_service(self) -> None:
        self.initialized = True

    def require_initialized(self) -> None:
        if not self.initialized:
            raise UninitializedAccountException

    def register_source_server(self, description: ServerDescription) -> SourceServer:
        """Add a source server, as a replication agent does: no operation can."""
        arn = self.arn("source-server", description.id)
        server = SourceServer(arn, self.region_name, description)
        self.source_servers[server.source_server_id] = server
        return server

    def describe_source_servers(self, filters: dict[str, Any]) -> list[SourceServer]:
        elsewhere = self.account_id not in filters.get("stagingAccountIDs", [self.account_id])
        if elsewhere or filters.get("hardwareId"):
            return []
        return select(self.source_servers, filters.get("sourceServerIDs"))

    def start_recovery(
        self, source_servers: list[dict[str, str]], is_drill: bool, tags: dict[str, str]
    ) -> LaunchJob:
        servers = [
            require(self.source_servers, wanted["sourceServerID"], "sourceServers.sourceServerID")
            for wanted in source_servers
        ]
        points = self._recovery_points(source_servers)
        admission.check(servers, self._running)
        timeline = plan_launch(launch_requests(servers))
        job = LaunchJob(self, servers, timeline, is_drill=is_drill, recovery_points=points)
        job.tags.update(tags)
        return self._begin(job)

    def terminate_recovery_instances(self, recovery_instance_ids: list[str]) -> TerminateJob:
        instances = [
            require(self.recovery_instances, wanted, "recoveryInstanceIDs")
            for wanted in dict.fromkeys(recovery_instance_ids)
        ]
        admission.check([instance.source_server for instance in instances], self._running)
        timeline = plan_termination(len(self.jobs), (i.source_server.source_server_id for i in instances))
        return self._begin(TerminateJob(self, instances, timeline))

    def describe_jobs(self, filters: dict[str, Any]) -> list[Job]:
        jobs = [job for job in select(self.jobs, filters.get("jobIDs")) if job.look(self.now)]
        dated = ((job.creation_date, job) for job in jobs)
        return between(dated, filters.get("fromDate"), filters.get("toDate"))

    def describe_job_log_items(self, job_id: str) -> list[dict[str, Any]]:
        return require(self.jobs, job_id, "jobID").log(self.now)

    def describe_recovery_instances(self, filters: dict[str, Any]) -> list[RecoveryInstance]:
        instances = select(self.recovery_instances, filters.get("recoveryInstanceIDs"))
        of = filters.get("sourceServerIDs")
        return [i for i in instances if not of or i.source_server.source_server_id in of]

    def describe_recovery_snapshots(
        self, source_server_id: str, filters: dict[str, Any]
    ) -> list[RecoverySnapshot]:
        server = require(self.source_servers, source_server_id, "sourceServerID")
        dated = ((clock.date(snapshot.expected), snapshot) for snapshot in snapshots_of(server, self.now))
        return between(dated, filters.get("fromDateTime"), filters.get("toDateTime"))

    def get_launch_configuration(self, source_server_id: str) -> LaunchConfiguration:
        if source_server_id not in self.source_servers:
            raise ResourceNotFoundException(source_server_id, "SourceServer")
        return self.source_servers[source_server_id].launch_configuration

    def resource(self, arn: str) -> Resource:
        """Return the resource that has an ARN and tags."""
        kept = (self.source_servers, self.jobs, self.recovery_instances)
        resources: chain[Resource] = chain.from_iterable(resources.values() for resources in kept)
        for resource in resources:
            if resource.arn == arn:
                return resource
        raise ResourceNotFoundException(arn, "Resource")

    def add_recovery_instance(
        self, job: LaunchJob, source_server_id: str, recovery_point: float, launched: float
    ) -> RecoveryInstance:
        """Launch a server's recovery instance in EC2."""
        server = job.servers[source_server_id]
        instance = launch_instance(ec2_backends[self.account_id][self.region_name], server)
        added = RecoveryInstance(
            arn=self.arn("recovery-instance", instance.id),
            source_server=server,
            job=job,
            instance=instance,
            recovery_point=recovery_point,
            launched=launched,
            tags=dict(server.tags),
        )
        self.recovery_instances[added.recovery_instance_id] = added
        server.recovery_instance_id = added.recovery_instance_id
        return added

    def remove_recovery_instance(self, recovery_instance_id: str) -> None:
        """Terminate a recovery instance in EC2, and know it no more; nothing happens the second time."""
        removed = self.recovery_instances.pop(recovery_instance_id, None)
        if removed is None:
            return
        if removed.source_server.recovery_instance_id == recovery_instance_id:
            removed.source_server.recovery_instance_id = None
        if removed.ec2_instance_state != "TERMINATED":
            ec2_backends[self.account_id][self.region_name].terminate_instances([recovery_instance_id])

    def _begin(self, job: AnyJob) -> AnyJob:
        self.now = job.created
        self.jobs[job.job_id] = job
        self._running.append(job)
        return job

    def _recovery_points(self, source_servers: list[dict[str, str]]) -> dict[str, float]:
        """Return the simulated second of the snapshot that is wanted of each server, where one is."""
        points = {}
        for wanted in source_servers:
            if snapshot_id := wanted.get("recoverySnapshotID"):
                server = self.source_servers[wanted["sourceServerID"]]
                taken = {s.snapshot_id: s for s in snapshots_of(server, self.now) if s.expected <= self.now}
                snapshot = require(taken, snapshot_id, "sourceServers.recoverySnapshotID")
                points[server.source_server_id] = snapshot.expected
        return points


drs_backends = BackendDict(DRSBackend, "drs")


def settle_all() -> None:
    """Let everything happen that is due, in every account and Region."""
    for account in list(drs_backends.values()):
        for backend in list(account.values()):
            backend.settle()
