"""The launch configuration template: how servers are launched that are added later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.core.common_models import BaseModel
from moto.moto_api._internal import mock_random

from .exceptions import ResourceNotFoundException, ServiceQuotaExceededException
from .launch_configuration import LaunchSettings
from .resources import Resources

if TYPE_CHECKING:
    from .launch_actions import LaunchAction
    from .source_server import SourceServer

RESOURCE = "LaunchConfigurationTemplate"
ALLOWED = 1
"""Templates of an account in a Region: DescribeLaunchConfigurationTemplates takes one id."""


@dataclass(frozen=True, kw_only=True)
class TemplateSettings(LaunchSettings):
    """What a template says of launches."""

    export_bucket_arn: str | None = None
    launch_into_source_instance: bool = False


class LaunchConfigurationTemplate(BaseModel):
    """A template; servers that exist already are not touched by it."""

    def __init__(self, template_id: str, arn: str, tags: dict[str, str], settings: TemplateSettings) -> None:
        self.template_id = template_id
        self.arn = arn
        self.tags = tags
        self.settings = settings
        self.launch_actions: list[LaunchAction] = []

    def apply(self, server: SourceServer) -> None:
        """Give a new server these settings and actions."""
        server.launch_configuration = server.launch_configuration.changed(self.settings.to_dict())
        server.launch_actions = list(self.launch_actions)

    def to_dict(self) -> dict[str, Any]:
        named = {"launchConfigurationTemplateID": self.template_id, "arn": self.arn, "tags": self.tags}
        return self.settings.to_dict() | named


class LaunchConfigurationTemplateBackend(Resources):
    """The operations on launch configuration templates."""

    def create_launch_configuration_template(
        self, tags: dict[str, str], members: dict[str, Any]
    ) -> LaunchConfigurationTemplate:
        if len(known := list(self.launch_configuration_templates)) >= ALLOWED:
            message = f"Quota exceeded: launch configuration templates: {ALLOWED}."
            raise ServiceQuotaExceededException(message, resource_id=known[0], resource_type=RESOURCE)
        template_id = f"lct-{mock_random.get_random_hex(17)}"
        arn = self.arn("launch-configuration-template", template_id)
        settings = TemplateSettings.of(members)
        template = LaunchConfigurationTemplate(template_id, arn, dict(tags), settings)
        self.launch_configuration_templates[template_id] = template
        return template

    def describe_launch_configuration_templates(self, ids: list[str]) -> list[LaunchConfigurationTemplate]:
        wanted = ids or self.launch_configuration_templates
        return [self.launch_configuration_template(template_id) for template_id in wanted]

    def update_launch_configuration_template(
        self, template_id: str, members: dict[str, Any]
    ) -> LaunchConfigurationTemplate:
        template = self.launch_configuration_template(template_id)
        template.settings = template.settings.changed(members)
        return template

    def delete_launch_configuration_template(self, template_id: str) -> None:
        self.launch_configuration_template(template_id)
        del self.launch_configuration_templates[template_id]

    def launch_configuration_template(self, template_id: str) -> LaunchConfigurationTemplate:
        """Return a template; raises ResourceNotFoundException."""
        if template_id not in self.launch_configuration_templates:
            raise ResourceNotFoundException(template_id, RESOURCE)
        return self.launch_configuration_templates[template_id]
