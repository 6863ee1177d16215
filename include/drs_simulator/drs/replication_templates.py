"""The replication configuration template: how servers replicate that are added later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.common_models import BaseModel
from moto.moto_api._internal import mock_random

from .exceptions import ResourceNotFoundException, ServiceQuotaExceededException
from .replication_configuration import ReplicationSettings, check_replication
from .resources import Resources

if TYPE_CHECKING:
    from .source_server import SourceServer

RESOURCE = "ReplicationConfigurationTemplate"
ALLOWED = 1
"""Templates of an account in a Region."""


class ReplicationConfigurationTemplate(BaseModel):
    """A template; servers that exist already are not touched by it."""

    def __init__(
        self, template_id: str, arn: str, tags: dict[str, str], settings: ReplicationSettings
    ) -> None:
        self.template_id = template_id
        self.arn = arn
        self.tags = tags
        self.settings = settings

    def apply(self, server: SourceServer) -> None:
        """Let a new server replicate by these settings."""
        server.replicate_as(self.settings.to_dict())

    def to_dict(self) -> dict[str, Any]:
        named = {"replicationConfigurationTemplateID": self.template_id, "arn": self.arn, "tags": self.tags}
        return self.settings.to_dict() | named


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
