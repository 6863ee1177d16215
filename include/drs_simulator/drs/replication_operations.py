"""The operations on how servers replicate: stopped, started and ended, configurations, their template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.moto_api._internal import mock_random

from .exceptions import ConflictException, ResourceNotFoundException, ServiceQuotaExceededException
from .launch_template import forget
from .lookup import invalid
from .replication_configuration import ReplicationConfiguration, ReplicationSettings, check_replication
from .replication_templates import ALLOWED, RESOURCE, ReplicationConfigurationTemplate
from .resources import Resources

if TYPE_CHECKING:
    from .source_server import SourceServer

RETRIABLE = ("STALLED", "DISCONNECTED", "STOPPED")
HALTED = ("STOPPED", "DISCONNECTED")


class ProtectionBackend(Resources):
    """The operations on the replication of source servers."""

    def stop_replication(self, source_server_id: str) -> SourceServer:
        server = self.source_server(source_server_id)
        self.require_idle(server)
        if (state := server.replication.state(self.now)) in HALTED:
            raise _conflict(server, f"is {state}: only a replicating one can be stopped.")
        server.replication.stop(self.now)
        return server

    def start_replication(self, source_server_id: str) -> SourceServer:
        server = self.source_server(source_server_id)
        if (state := server.replication.state(self.now)) != "STOPPED":
            raise _conflict(server, f"is {state}: only a STOPPED one can be started.")
        server.replication.start(self.now)
        return server

    def retry_data_replication(self, source_server_id: str) -> SourceServer:
        server = self.source_server(source_server_id)
        if (state := server.replication.state(self.now)) not in RETRIABLE:
            message = f"Source Server {source_server_id} is {state}: allowed are {', '.join(RETRIABLE)}."
            raise invalid("sourceServerID", message)
        server.replication.retry(self.now)
        return server

    def disconnect_source_server(self, source_server_id: str) -> SourceServer:
        server = self.source_server(source_server_id)
        self.require_idle(server)
        if server.recovery_instance_id:
            text = f"Cannot disconnect Source Server {source_server_id} because it has a Recovery Instance."
            raise ConflictException(text, source_server_id, "SourceServer")
        server.replication.disconnect(self.now)
        return server

    def delete_source_server(self, source_server_id: str) -> None:
        """Delete a disconnected server, and the EC2 launch template that was made for it."""
        server = self.source_server(source_server_id)
        self.require_idle(server)
        if (state := server.replication.state(self.now)) != "DISCONNECTED":
            raise _conflict(server, f"is {state}: only a DISCONNECTED one can be deleted.")
        forget(self.ec2, server)
        if server.reversed:
            server.reversed.reversed = None
        del self.source_servers[source_server_id]


def _conflict(server: SourceServer, what: str) -> ConflictException:
    server_id = server.source_server_id
    return ConflictException(f"Source Server {server_id} {what}", server_id, "SourceServer")


class ReplicationConfigurationBackend(Resources):
    """The operations on replication configurations."""

    def get_replication_configuration(self, source_server_id: str) -> ReplicationConfiguration:
        """Return how a server replicates: through a default subnet, as long as nobody chose another."""
        configuration = self.source_server(source_server_id).replication_configuration
        if configuration.staging_area_subnet_id is None and (subnets := self.ec2.get_default_subnets()):
            return configuration.changed({"stagingAreaSubnetId": subnets[min(subnets)].id})
        return configuration

    def update_replication_configuration(
        self, source_server_id: str, members: dict[str, Any]
    ) -> ReplicationConfiguration:
        server = self.source_server(source_server_id)
        if server.replication.state(self.now) == "DISCONNECTED":
            message = f"Source Server {source_server_id} is disconnected."
            raise ConflictException(message, source_server_id, "SourceServer")
        before = server.replication_configuration
        wanted = before.changed(members).changed(
            {"replicatedDisks": _merged(before.replicated_disks, members)}
        )
        check_replication(self.ec2, wanted)
        server.replication_configuration = wanted
        server.retention.change(self.now, wanted.pit_policy)
        return self.get_replication_configuration(source_server_id)


def _merged(disks: list[dict[str, Any]], members: dict[str, Any]) -> list[dict[str, Any]]:
    """Return how disks are replicated from now on: by name as a request says, the others as before."""
    wanted = {disk.get("deviceName"): disk for disk in members.get("replicatedDisks", ())}
    if unknown := sorted(str(name) for name in wanted.keys() - {disk["deviceName"] for disk in disks}):
        place = "replicatedDisks.deviceName"
        raise invalid(place, f"{place} {', '.join(unknown)}: the source server has no such disk.")
    return [{**disk, **wanted.get(disk["deviceName"], {})} for disk in disks]


class ReplicationConfigurationTemplateBackend(Resources):
    """The operations on replication configuration templates."""

    def create_replication_configuration_template(
        self, tags: dict[str, str], members: dict[str, Any]
    ) -> ReplicationConfigurationTemplate:
        if len(known := list(self.replication_configuration_templates)) >= ALLOWED:
            message = f"Quota exceeded: replication configuration templates: {ALLOWED}."
            raise ServiceQuotaExceededException(message, resource_id=known[0], resource_type=RESOURCE)
        settings = ReplicationSettings.of(members)
        check_replication(self.ec2, settings)
        template_id = f"rct-{mock_random.get_random_hex(17)}"
        arn = self.arn("replication-configuration-template", template_id)
        template = ReplicationConfigurationTemplate(template_id, arn, dict(tags), settings)
        self.replication_configuration_templates[template_id] = template
        return template

    def describe_replication_configuration_templates(
        self, ids: list[str]
    ) -> list[ReplicationConfigurationTemplate]:
        wanted = ids or self.replication_configuration_templates
        return [self.replication_configuration_template(template_id) for template_id in wanted]

    def update_replication_configuration_template(
        self, template_id: str, members: dict[str, Any]
    ) -> ReplicationConfigurationTemplate:
        template = self.replication_configuration_template(template_id)
        settings = template.settings.changed(members)
        check_replication(self.ec2, settings)
        template.settings = settings
        return template

    def delete_replication_configuration_template(self, template_id: str) -> None:
        self.replication_configuration_template(template_id)
        del self.replication_configuration_templates[template_id]

    def replication_configuration_template(self, template_id: str) -> ReplicationConfigurationTemplate:
        """Return a template; raises ResourceNotFoundException."""
        if template_id not in self.replication_configuration_templates:
            raise ResourceNotFoundException(template_id, RESOURCE)
        return self.replication_configuration_templates[template_id]
