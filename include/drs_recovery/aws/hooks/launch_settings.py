from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from drs_recovery.aws.hooks.quick import QuickHook
from drs_recovery.errors import NoLaunchTemplate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_ec2 import EC2Client

    from drs_recovery.aws.hooks.drs import DrsHook


TROUBLE = (ClientError, BotoCoreError, NoLaunchTemplate)
"""What reading and writing settings raises."""


class ServerSettings(NamedTuple):
    """How a source server is launched: its launch configuration, and its EC2 launch template's default."""

    configuration: dict[str, Any]
    template_id: str
    version: int
    data: dict[str, Any]


class LaunchSettingsHook:
    """Read and write how source servers are launched: in DRS, and in the EC2 launch templates that DRS made.

    :param drs: The hook of the account and Region.
    """

    def __init__(self, drs: DrsHook) -> None:
        self.drs = drs

    @cached_property
    def ec2(self) -> EC2Client:
        """EC2 by the same connection, in the same Region."""
        drs = self.drs
        client: EC2Client = QuickHook(
            aws_conn_id=drs.aws_conn_id, region_name=drs.region_name, client_type="ec2"
        ).conn
        return client

    def read(self, source_server_id: str) -> ServerSettings:
        """Return how a source server is launched, as of now; NoLaunchTemplate where DRS names none.

        .. seealso::
            - :external+boto3:py:meth:`Drs.Client.get_launch_configuration`
            - :external+boto3:py:meth:`EC2.Client.describe_launch_template_versions`
        """
        configuration: Any = self.drs.conn.get_launch_configuration(sourceServerID=source_server_id)
        if not (template_id := configuration.get("ec2LaunchTemplateID")):
            raise NoLaunchTemplate(f"DRS names no EC2 launch template of {source_server_id}")
        version, data = self.read_version(template_id, "$Default")
        return ServerSettings(configuration, template_id, version, data)

    def read_version(self, template_id: str, version: str) -> tuple[int, dict[str, Any]]:
        """Return the number and the data of a version of a launch template."""
        answer: Any = self.ec2.describe_launch_template_versions(
            LaunchTemplateId=template_id, Versions=[version]
        )
        (found,) = answer["LaunchTemplateVersions"]
        return found["VersionNumber"], found["LaunchTemplateData"]

    def update_configuration(self, source_server_id: str, members: Mapping[str, Any]) -> None:
        """Change a launch configuration; DRS writes a new version of the launch template with it."""
        self.drs.conn.update_launch_configuration(sourceServerID=source_server_id, **members)

    def write_version(
        self, template_id: str, source: int, members: Mapping[str, Any], description: str
    ) -> int:
        """Make a new version of a launch template of an earlier one; return its number.

        :param source: The version that it begins as: what is not among the members stays.
        :param members: What differs, lists as a whole.
        """
        data: Any = dict(members)
        made = self.ec2.create_launch_template_version(
            LaunchTemplateId=template_id,
            SourceVersion=str(source),
            VersionDescription=description,
            LaunchTemplateData=data,
        )
        return made["LaunchTemplateVersion"]["VersionNumber"]

    def make_default(self, template_id: str, version: int) -> None:
        """Let a version of a launch template be the one that is launched."""
        self.ec2.modify_launch_template(LaunchTemplateId=template_id, DefaultVersion=str(version))
