"""Launch settings: as what, and where, servers are launched; what differs in drills, and of single servers.

What is not said stays as it is in DRS. What is said of single servers goes over what is said of all, and all
of ``launch_in_drills`` over all of ``launch``: no server of a drill is launched where a recovery would be.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, Self

from pydantic import Field, StrictBool, StrictInt

from drs_recovery.plan.values import Frozen, Matching, SourceServerId, TagKey, TagValue
from drs_recovery.text.values import setting_text

if TYPE_CHECKING:
    from collections.abc import Iterable

INSTANCE_TYPE = r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$"
SUBNET = r"^subnet-[0-9a-z]{1,17}$"
SECURITY_GROUP = r"^sg-[0-9a-z]{1,17}$"
PROFILE = r"^(arn:aws[a-z-]*:iam::[0-9]{12}:instance-profile/)?[A-Za-z0-9_+=,.@/-]{1,128}$"

InstanceType = Annotated[str, Matching(INSTANCE_TYPE, "is no EC2 instance type, such as r6i.large")]
Subnet = Annotated[str, Matching(SUBNET, "is no id of a subnet: subnet- and letters or digits")]
SecurityGroup = Annotated[
    str, Matching(SECURITY_GROUP, "is no id of a security group: sg- and letters or digits")
]
Profile = Annotated[str, Matching(PROFILE, "is neither the name nor the ARN of an instance profile")]

GP3_ALONE = "gp3"
"""The one type of volume that has a throughput."""

WITH_IOPS = frozenset({"gp3", "io1", "io2"})
"""Types of volumes whose IOPS are chosen."""


class Volumes(Frozen):
    """What all volumes of a server are."""

    type: Literal["gp2", "gp3", "io1", "io2", "st1", "sc1", "standard"] | None = Field(
        default=None, description="Type of the EBS volumes."
    )
    iops: Annotated[StrictInt, Field(ge=100, le=256_000)] | None = Field(
        default=None, description="IOPS of each volume, of types gp3, io1 and io2."
    )
    throughput: Annotated[StrictInt, Field(ge=125, le=2000)] | None = Field(
        default=None, description="Throughput of each volume in MiB/s, of type gp3."
    )


class LaunchSettings(Frozen):
    """As what servers are launched; what is absent stays as it is in DRS."""

    instance_type: InstanceType | None = Field(
        default=None, description="EC2 instance type, such as r6i.large; DRS then chooses none itself."
    )
    right_sizing: Literal["NONE", "BASIC", "IN_AWS"] | None = Field(
        default=None, description="How DRS chooses the instance type itself."
    )
    disposition: Literal["STARTED", "STOPPED"] | None = Field(
        default=None, description="Whether the instance runs after the launch."
    )
    recovery_mode: Literal["FAST", "OPTIMAL"] | None = Field(
        default=None, description="FAST leaves out the conversion."
    )
    copy_private_ip: StrictBool | None = Field(
        default=None, description="Whether the instance gets the private address of its source server."
    )
    copy_tags: StrictBool | None = Field(
        default=None, description="Whether the instance gets the tags of its source server."
    )
    byol: StrictBool | None = Field(
        default=None, description="Whether the licence of the operating system is one's own."
    )
    post_launch_actions: StrictBool | None = Field(
        default=None, description="Whether DRS runs the post-launch actions of the server."
    )
    subnet: Subnet | None = Field(default=None, description="Id of the subnet to launch into.")
    security_groups: Annotated[tuple[SecurityGroup, ...], Field(min_length=1)] | None = Field(
        default=None, description="Ids of the security groups, of the subnet's VPC."
    )
    instance_profile: Profile | None = Field(default=None, description="Name or ARN of the instance profile.")
    tags: Annotated[dict[TagKey, TagValue], Field(min_length=1)] | None = Field(
        default=None, description="Tags that the instance gets beside those it has."
    )
    volumes: Volumes | None = Field(default=None, description="What all volumes of the server are.")

    @property
    def said(self) -> dict[str, Any]:
        """What is said, by key; without what differs for single servers."""
        names = set(type(self).model_fields) - {"servers"}
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    def __str__(self) -> str:
        """Return what is said, as people read it."""
        said = self.model_dump(mode="json", exclude_none=True, exclude={"servers"})
        return ", ".join(f"{key} {setting_text(value)}" for key, value in said.items())

    @property
    def hides(self) -> set[str]:
        """The keys of settings below these that mean nothing any more.

        A static address belongs to the subnet that it is said with; of an instance type and a way to choose
        one, and of an address and the copy of one, the upper counts.
        """
        hidden = set(self.said)
        if self.subnet or self.copy_private_ip:
            hidden.add("private_ip")
        if self.right_sizing in {"BASIC", "IN_AWS"}:
            hidden.add("instance_type")
        return hidden | ({"right_sizing"} if self.instance_type else set())


class ServerLaunch(LaunchSettings):
    """As what one server is launched."""

    private_ip: IPv4Address | None = Field(
        default=None, description="Static private address, inside the subnet; copy_private_ip is off then."
    )

    def with_settings_of(self, above: LaunchSettings) -> Self:
        """Return these settings with those of another over them, key by key."""
        return self.without(above.hides).model_copy(update=above.said)

    def without(self, names: Iterable[str]) -> Self:
        """Return these settings without some keys."""
        return self.model_copy(update=dict.fromkeys(names))


class Launch(LaunchSettings):
    """As what the servers of a wave are launched, and what differs for single ones."""

    servers: Annotated[dict[SourceServerId, ServerLaunch], Field(min_length=1)] | None = Field(
        default=None, description="What differs for single servers: {s-…: {private_ip: 10.0.1.5}}."
    )


def server_launch(*layers: Launch | None, server: str) -> ServerLaunch:
    """Return as what a server is launched: each layer goes over the ones before it, key by key."""
    settings = ServerLaunch()
    for layer in layers:
        if layer is not None:
            settings = settings.with_settings_of(layer)
            if own := (layer.servers or {}).get(server):
                settings = settings.with_settings_of(own)
    return settings


class Launching(Protocol):
    """A wave, of which its launch settings matter."""

    @property
    def launch(self) -> Launch | None:
        """As what, and where, its servers are launched."""

    @property
    def launch_in_drills(self) -> Launch | None:
        """What is different in drills."""


def launch_of(wave: Launching, server: str, *, drill: bool) -> ServerLaunch:
    """Return as what a server of a wave is launched."""
    return server_launch(wave.launch, wave.launch_in_drills if drill else None, server=server)
