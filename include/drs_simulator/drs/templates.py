"""The launch configuration template: how servers are launched that are added later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.core.common_models import BaseModel

from .launch_configuration import LaunchSettings

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
