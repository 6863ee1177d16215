"""Launch actions: what DRS runs on a recovery instance after its launch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from .exceptions import ConflictException, ResourceNotFoundException
from .lookup import select
from .resources import Resources
from .settings import Settings

if TYPE_CHECKING:
    from .source_server import SourceServer
    from .templates import LaunchConfigurationTemplate


class LaunchAction(Settings):
    """An SSM document that is run in its place of the order, on servers with ``postLaunchEnabled``."""

    action_id: str
    action_code: str
    order: int
    optional: bool
    active: bool
    name: str
    action_version: str
    category: str
    description: str
    parameters: dict[str, dict[str, str]] = Field(default_factory=dict)
    type: str = "SSM_COMMAND"

    @property
    def position(self) -> str:
        """Place in the order of running."""
        return f"{self.order:05}/{self.action_id}"


class LaunchActionBackend(Resources):
    """The operations on launch actions."""

    def put_launch_action(self, resource_id: str, members: dict[str, Any]) -> LaunchAction:
        """Add an action to a source server or a template, or replace the one of the same id."""
        actions = self._launch_resource(resource_id).launch_actions
        action = LaunchAction.model_validate(members)
        for other in actions.values():
            if other.order == action.order and other.action_id != action.action_id:
                message = f"order {action.order} is that of launch action {other.action_id} already"
                raise ConflictException(message, other.action_id, "LaunchAction")
        actions[action.action_id] = action
        return action

    def list_launch_actions(self, resource_id: str, filters: dict[str, Any]) -> list[LaunchAction]:
        return select(self._launch_resource(resource_id).launch_actions, filters.get("actionIds"))

    def delete_launch_action(self, resource_id: str, action_id: str) -> None:
        if self._launch_resource(resource_id).launch_actions.pop(action_id, None) is None:
            raise ResourceNotFoundException(action_id, "LaunchAction")

    def _launch_resource(self, resource_id: str) -> SourceServer | LaunchConfigurationTemplate:
        if resource_id in self.launch_configuration_templates:
            return self.launch_configuration_templates[resource_id]
        if resource_id.startswith("lct-"):
            raise ResourceNotFoundException(resource_id, "LaunchConfigurationTemplate")
        return self.source_server(resource_id)
