"""Launch configurations: how a source server is launched the next time."""

from __future__ import annotations

from dataclasses import dataclass, field

from .settings import Settings


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
        """Whether DRS chooses the instance type, no matter what the EC2 launch template says."""
        return self.target_instance_type_right_sizing_method != "NONE"

    @property
    def launch_into(self) -> str | None:
        """Id of the EC2 instance that is launched into, instead of a new one."""
        return self.launch_into_instance_properties.get("launchIntoEC2InstanceID")
