"""What one account and Region has: the ground that the parts of the backend share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.core.base_backend import BaseBackend
from moto.ec2.models import ec2_backends

from .exceptions import ConflictException, ResourceNotFoundException, UninitializedAccountException

if TYPE_CHECKING:
    from moto.ec2.models import EC2Backend
    from moto.ec2.models.instances import Instance

    from .description import ServerDescription
    from .job import Job
    from .recovery_instance import RecoveryInstance
    from .replication_templates import ReplicationConfigurationTemplate
    from .source_server import SourceServer
    from .templates import LaunchConfigurationTemplate


class Resources(BaseBackend):
    """The resources by id, and how to find one; ``now`` is the simulated second of the request."""

    initialized: bool
    now: float
    source_servers: dict[str, SourceServer]
    jobs: dict[str, Job]
    recovery_instances: dict[str, RecoveryInstance]
    launch_configuration_templates: dict[str, LaunchConfigurationTemplate]
    replication_configuration_templates: dict[str, ReplicationConfigurationTemplate]
    _running: list[Job]

    @property
    def ec2(self) -> EC2Backend:
        """Return moto's EC2 of the same account and Region."""
        return ec2_backends[self.account_id][self.region_name]

    def require_initialized(self) -> None:
        """Raise UninitializedAccountException before InitializeService."""
        if not self.initialized:
            raise UninitializedAccountException

    def register_source_server(
        self, description: ServerDescription, origin: Instance | None = None
    ) -> SourceServer:
        """Add a source server, as a replication agent does: no operation can."""
        raise NotImplementedError

    def arn(self, kind: str, resource_id: str) -> str:
        return f"arn:{self.partition}:drs:{self.region_name}:{self.account_id}:{kind}/{resource_id}"

    def source_server(self, source_server_id: str) -> SourceServer:
        """Return a source server; raises ResourceNotFoundException."""
        if source_server_id not in self.source_servers:
            raise ResourceNotFoundException(source_server_id, "SourceServer")
        return self.source_servers[source_server_id]

    def recovery_instance(self, recovery_instance_id: str) -> RecoveryInstance:
        """Return a recovery instance; raises ResourceNotFoundException."""
        if recovery_instance_id not in self.recovery_instances:
            raise ResourceNotFoundException(recovery_instance_id, "RecoveryInstance")
        return self.recovery_instances[recovery_instance_id]

    def require_idle(self, server: SourceServer) -> None:
        """Raise ConflictException while a job works on a source server."""
        server_id = server.source_server_id
        if job := next((job for job in self._running if server_id in job.servers), None):
            message = f"Source Server {server_id} is currently being processed by a Job: {job.job_id}"
            raise ConflictException(message, server_id, "SourceServer")
