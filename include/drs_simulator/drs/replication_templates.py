"""The replication configuration template: how servers replicate that are added later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.common_models import BaseModel

if TYPE_CHECKING:
    from .replication_configuration import ReplicationSettings
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
