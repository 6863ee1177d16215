"""Launch configurations: how a source server is launched the next time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .launch_template import ALLOWED, find_instance, launch_template, rewrite
from .lookup import invalid
from .resources import Resources
from .settings import Settings

if TYPE_CHECKING:
    from moto.ec2.models import EC2Backend


@dataclass(frozen=True, kw_only=True)
class LaunchSettings(Settings):
    """What a launch configuration and a launch configuration template have in common."""

    launch_disposition: str = "STARTED"
    target_instance_type_right_sizing_method: str = "BASIC"
    copy_private_ip: bool = False
    copy_tags: bool = False
    licensing: dict[str, bool] = field(default_factory=lambda: {"osByol": False})
    post_launch_enabled: bool = False
    recovery_mode: str = "OPTIMAL"


@dataclass(frozen=True, kw_only=True)
class LaunchConfiguration(LaunchSettings):
    """How a source server is launched; its EC2 launch template is made on first need."""

    name: str
    ec2_launch_template_id: str | None = field(default=None, metadata={"name": "ec2LaunchTemplateID"})
    launch_into_instance_properties: dict[str, str] = field(default_factory=dict)

    @property
    def right_sized(self) -> bool:
        """Whether DRS chooses the instance type, whatever the EC2 launch template says."""
        return self.target_instance_type_right_sizing_method != "NONE"

    @property
    def launch_into(self) -> str | None:
        """Id of the EC2 instance that is launched into, instead of a new one."""
        return self.launch_into_instance_properties.get("launchIntoEC2InstanceID")


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
    key, value = ALLOWED
    if (key, value) not in [(tag["key"], tag["value"]) for tag in instance.get_tags()]:
        raise invalid(place, f"{place} {target} lacks the tag {key}={value}.")
    if wanted.copy_tags or wanted.copy_private_ip:
        raise invalid(place, f"{place} {target}: allowed with copyTags and copyPrivateIp false.")
