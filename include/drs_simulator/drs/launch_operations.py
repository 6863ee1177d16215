"""The operations on how servers are launched: configurations, their template, launch actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.moto_api._internal import mock_random

from .exceptions import ConflictException, ResourceNotFoundException, ServiceQuotaExceededException
from .launch_actions import LaunchAction
from .launch_template import ALLOWED as ALLOWED_TAG
from .launch_template import find_instance, launch_template, rewrite
from .lookup import invalid, select
from .resources import Resources
from .templates import ALLOWED, RESOURCE, LaunchConfigurationTemplate, TemplateSettings
from .world import world

if TYPE_CHECKING:
    from moto.ec2.models import EC2Backend

    from .launch_configuration import LaunchConfiguration
    from .source_server import SourceServer


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


class LaunchConfigurationBackend(Resources):
    """The operations on launch configurations."""

    def get_launch_configuration(self, source_server_id: str) -> LaunchConfiguration:
        server = self.source_server(source_server_id)
        launch_template(self.ec2, server)
        return server.launch_configuration

    def update_launch_configuration(
        self, source_server_id: str, members: dict[str, Any]
    ) -> LaunchConfiguration:
        """Change how a server is launched, and write that into a new version of its EC2 launch template."""
        server = self.source_server(source_server_id)
        self.require_idle(server)
        before = server.launch_configuration
        wanted = before.changed(members)
        _check_target(wanted, self.ec2)
        server.launch_configuration = wanted
        rewrite(self.ec2, server, uncopied=before.copy_private_ip and not wanted.copy_private_ip)
        return server.launch_configuration


def _check_target(wanted: LaunchConfiguration, ec2: EC2Backend) -> None:
    if (target := wanted.launch_into) is None:
        return
    place = "launchIntoInstanceProperties.launchIntoEC2InstanceID"
    if (instance := find_instance(ec2, target)) is None:
        raise invalid(place, f"{place} {target} does not exist.")
    key, value = ALLOWED_TAG
    if (key, value) not in [(tag["key"], tag["value"]) for tag in instance.get_tags()]:
        raise invalid(place, f"{place} {target} lacks the tag {key}={value}.")
    if wanted.copy_tags or wanted.copy_private_ip:
        raise invalid(place, f"{place} {target}: allowed with copyTags and copyPrivateIp false.")


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
