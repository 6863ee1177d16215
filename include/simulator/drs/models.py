"""DRSBackend class with methods for supported APIs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.base_backend import BackendDict, BaseBackend
from moto.ec2.models import ec2_backends

from simulator.clock import clock
from simulator.faults import faults

from . import admission
from .dates import read_date
from .durations import LaunchRequest, plan_launch, plan_termination
from .exceptions import ResourceNotFoundException, UninitializedAccountException, ValidationException
from .job import Job, LaunchJob, TerminateJob
from .recovery_instance import RecoveryInstance, launch_instance
from .snapshots import RecoverySnapshot, snapshots_of
from .source_server import LaunchConfiguration, SourceServer
from .timeline import JobStatus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from simulator.fleet import ServerDescription

Resource = SourceServer | Job | RecoveryInstance


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
            clock.skip_to(max(job.end for job in self._running))
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
        wanted = filters.get("sourceServerIDs")
        if filters.get("hardwareId") or self.account_id not in filters.get(
            "stagingAccountIDs", [self.account_id]
        ):
            return []
        return list(_select(self.source_servers, wanted))

    def start_recovery(
        self, source_servers: list[dict[str, str]], is_drill: bool, tags: dict[str, str]
    ) -> LaunchJob:
        servers = [self._known_server(wanted["sourceServerID"]) for wanted in source_servers]
        points = {
            wanted["sourceServerID"]: self._recovery_point(
                wanted["sourceServerID"], wanted["recoverySnapshotID"]
            )
            for wanted in source_servers
            if "recoverySnapshotID" in wanted
        }
        admission.check(servers, self._running)
        requests = [
            LaunchRequest(
                server.source_server_id,
                server.launches,
                server.recovery_instance_id is not None,
                faults.hit(server.source_server_id),
            )
            for server in servers
        ]
        timeline = plan_launch(requests)
        number = len(self.jobs)
        job = LaunchJob(self, number, servers, timeline, is_drill=is_drill, recovery_points=points)
        job.tags = dict(tags)
        self._begin(job)
        return job

    def terminate_recovery_instances(self, recovery_instance_ids: list[str]) -> TerminateJob:
        instances = [
            self._known_instance(instance_id) for instance_id in dict.fromkeys(recovery_instance_ids)
        ]
        servers = [instance.source_server for instance in instances]
        admission.check(servers, self._running)
        by_server = {i.source_server.source_server_id: i.recovery_instance_id for i in instances}
        number = len(self.jobs)
        timeline = plan_termination(number, by_server)
        job = TerminateJob(self, number, servers, timeline, instances=by_server)
        self._begin(job)
        return job

    def _begin(self, job: Job) -> None:
        self.now = job.created
        self.jobs[job.job_id] = job
        self._running.append(job)

    def describe_jobs(self, filters: dict[str, Any]) -> list[Job]:
        since, until = filters.get("fromDate"), filters.get("toDate")
        jobs = _select(self.jobs, filters.get("jobIDs"))
        if since:
            jobs = [job for job in jobs if job.creation_date >= _date("filters.fromDate", since)]
        if until:
            jobs = [job for job in jobs if job.creation_date <= _date("filters.toDate", until)]
        return list(jobs)

    def describe_job_log_items(self, job_id: str) -> list[dict[str, Any]]:
        if job_id not in self.jobs:
            raise _unknown("jobID", job_id)
        return self.jobs[job_id].log(self.now)

    def describe_recovery_instances(self, filters: dict[str, Any]) -> list[RecoveryInstance]:
        instances = _select(self.recovery_instances, filters.get("recoveryInstanceIDs"))
        if (of := filters.get("sourceServerIDs")) is not None:
            instances = [i for i in instances if i.source_server.source_server_id in of]
        return list(instances)

    def describe_recovery_snapshots(
        self, source_server_id: str, filters: dict[str, Any]
    ) -> list[RecoverySnapshot]:
        if source_server_id not in self.source_servers:
            raise _unknown("sourceServerID", source_server_id)
        snapshots = snapshots_of(self.source_servers[source_server_id], self.now)
        if since := filters.get("fromDateTime"):
            after = _date("filters.fromDateTime", since)
            snapshots = [s for s in snapshots if clock.date(s.expected) >= after]
        if until := filters.get("toDateTime"):
            before = _date("filters.toDateTime", until)
            snapshots = [s for s in snapshots if clock.date(s.expected) <= before]
        return snapshots

    def get_launch_configuration(self, source_server_id: str) -> LaunchConfiguration:
        if source_server_id not in self.source_servers:
            raise ResourceNotFoundException(source_server_id, "SourceServer")
        return self.source_servers[source_server_id].launch_configuration

    def resource(self, arn: str) -> Resource:
        """Return the resource that has an ARN and tags."""
        kept: tuple[Iterable[Resource], ...] = (
            self.source_servers.values(),
            self.jobs.values(),
            self.recovery_instances.values(),
        )
        for resource in (resource for resources in kept for resource in resources):
            if resource.arn == arn:
                return resource
        raise ResourceNotFoundException(arn, "Resource")

    def add_recovery_instance(
        self, server: SourceServer, job: LaunchJob, recovery_point: datetime, launched: datetime
    ) -> RecoveryInstance:
        """Launch a server's recovery instance in EC2."""
        instance = launch_instance(ec2_backends[self.account_id][self.region_name], server)
        arn = self.arn("recovery-instance", instance.id)
        tags = dict(server.tags)
        added = RecoveryInstance(arn, server, job, instance, recovery_point, launched, tags)
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

    def _known_server(self, source_server_id: str) -> SourceServer:
        if source_server_id not in self.source_servers:
            raise _unknown("sourceServers.sourceServerID", source_server_id)
        return self.source_servers[source_server_id]

    def _known_instance(self, recovery_instance_id: str) -> RecoveryInstance:
        if recovery_instance_id not in self.recovery_instances:
            raise _unknown("recoveryInstanceIDs", recovery_instance_id)
        return self.recovery_instances[recovery_instance_id]

    def _recovery_point(self, source_server_id: str, snapshot_id: str) -> float:
        for snapshot in snapshots_of(self.source_servers[source_server_id], self.now):
            if snapshot.snapshot_id == snapshot_id and snapshot.expected <= self.now:
                return snapshot.expected
        raise _unknown("sourceServers.recoverySnapshotID", snapshot_id)


def _select(known: dict[str, Any], wanted: list[str] | None) -> Iterable[Any]:
    """Return what is wanted by id, leaving out what is not known; everything, when no ids are given."""
    if not wanted:
        return known.values()
    return [known[i] for i in dict.fromkeys(wanted) if i in known]


def _unknown(field: str, value: str) -> ValidationException:
    """Return the error for an unknown id where the operation declares no ResourceNotFoundException."""
    message = f"{field} {value} does not exist."
    return ValidationException(message, "fieldValidationFailed", [(field, message)])


def _date(field: str, text: str) -> datetime:
    try:
        return read_date(text)
    except ValueError as error:
        message = f"{field} {text!r}: {error}"
        raise ValidationException(message, "fieldValidationFailed", [(field, message)]) from error


drs_backends = BackendDict(DRSBackend, "drs")


def settle_all() -> None:
    """Let everything happen that is due, in every account and Region."""
    for account in list(drs_backends.values()):
        for backend in list(account.values()):
            backend.settle()
