"""Launch actions: what DRS runs on a recovery instance after its launch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .exceptions import ConflictException, ResourceNotFoundException
from .lookup import invalid, select
from .resources import Resources
from .settings import Settings
from .world import world

if TYPE_CHECKING:
    from .source_server import SourceServer
    from .templates import LaunchConfigurationTemplate


@dataclass(frozen=True)
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
    parameters: dict[str, dict[str, str]] = field(default_factory=dict)
    type: str = "SSM_COMMAND"

    @property
    def position(self) -> str:
        """Place in the order of running."""
        return f"{self.order:05}/{self.action_id}"


class LaunchActionBackend(Resources):
    """The operations on launch actions."""

    def put_launch_action(self, resource_id: str, members: dict[str, Any]) -> LaunchAction:
        """Add an action to a source server or a template, or replace the one of the same id."""
        resource = self._launch_resource(resource_id)
        code = members["actionCode"]
        if (kind := world.documents.type_of(self.account_id, self.region_name, code)) is None:
            raise invalid("actionCode", f"actionCode {code}: there is no such document in Systems Manager.")
        action = LaunchAction.of(members | {"type": kind})
        others = _without(resource.launch_actions, action.action_id)
        if taken := next((other for other in others if other.order == action.order), None):
            message = f"order {action.order} is that of launch action {taken.action_id} already."
            raise ConflictException(message, taken.action_id, "LaunchAction")
        resource.launch_actions = [*others, action]
        return action

    def list_launch_actions(self, resource_id: str, filters: dict[str, Any]) -> list[LaunchAction]:
        actions = self._launch_resource(resource_id).launch_actions
        return select({action.action_id: action for action in actions}, filters.get("actionIds"))

    def delete_launch_action(self, resource_id: str, action_id: str) -> None:
        resource = self._launch_resource(resource_id)
        left = _without(resource.launch_actions, action_id)
        if len(left) == len(resource.launch_actions):
            raise ResourceNotFoundException(action_id, "LaunchAction")
        resource.launch_actions = left

    def _launch_resource(self, resource_id: str) -> SourceServer | LaunchConfigurationTemplate:
        if resource_id in self.launch_configuration_templates:
            return self.launch_configuration_templates[resource_id]
        if resource_id.startswith("lct-"):
            raise ResourceNotFoundException(resource_id, "LaunchConfigurationTemplate")
        return self.source_server(resource_id)


def _without(actions: list[LaunchAction], action_id: str) -> list[LaunchAction]:
    return [action for action in actions if action.action_id != action_id]
