"""Versions of launch templates that are named ``$Latest`` or ``$Default``, or made from others."""

from __future__ import annotations

import base64
import copy
from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import (
    EC2ClientError,
    InvalidLaunchTemplateNameNotFoundError,
    InvalidLaunchTemplateVersionNotFound,
    MissingParameterError,
)
from moto.ec2.models import launch_templates
from moto.ec2.utils import parse_user_data

if TYPE_CHECKING:
    from moto.ec2.models.launch_templates import LaunchTemplateVersion


USER_DATA_LIMIT = 16384


class MissingLaunchTemplateDataError(EC2ClientError):
    def __init__(self) -> None:
        super().__init__(
            "MissingParameter",
            "No launch template data was provided. "
            "Launch template data is required to create a launch template version.",
        )


class UserDataLimitExceededError(EC2ClientError):
    def __init__(self) -> None:
        super().__init__("InvalidUserData.Malformed", f"User data is limited to {USER_DATA_LIMIT} bytes.")


class LaunchTemplate(launch_templates.LaunchTemplate):
    def get_tags(self) -> list[dict[str, str]]:
        # Only its own: to look through the tags of all resources takes time that grows with their number
        tags: dict[str, str] = self.ec2_backend.tags.get(self.id, {})
        return [
            {"resource_id": self.id, "key": key, "value": value, "resource_type": "launch-template"}
            for key, value in tags.items()
        ]

    def create_version(self, data: dict[str, Any], description: str) -> LaunchTemplateVersion:
        # Numbers of versions that were deleted are not used again
        self.last_number: int = getattr(self, "last_number", 0) + 1
        version = launch_templates.LaunchTemplateVersion(self, self.last_number, data, description)
        self.versions.append(version)
        return version

    def default_version(self) -> LaunchTemplateVersion:
        return self.get_version(self.default_version_number)

    def get_version(self, num: Any) -> LaunchTemplateVersion:
        if str(num).lower() == "$latest":
            return self.versions[-1]
        if str(num).lower() == "$default":
            return self.default_version()
        for version in self.versions:
            if str(version.number) == str(num):
                return version
        raise InvalidLaunchTemplateVersionNotFound(template_id=self.id, version=num)


class LaunchTemplateBackend(launch_templates.LaunchTemplateBackend):
    def modify_launch_template(
        self,
        default_version: str,
        template_name: str | None = None,
        template_id: str | None = None,
    ) -> launch_templates.LaunchTemplate:
        if template_name:
            template_id = self.launch_template_name_to_ids.get(template_name)
        if template_id is None:
            raise MissingParameterError("launch template ID or launch template name")
        if template_id not in self.launch_templates:
            raise InvalidLaunchTemplateNameNotFoundError
        template = self.launch_templates[template_id]
        try:
            version = template.get_version(default_version)
        except InvalidLaunchTemplateVersionNotFound:
            raise InvalidLaunchTemplateVersionNotFound(version=default_version) from None
        template.default_version_number = version.number
        return template

    def create_launch_template_version(
        self,
        template: launch_templates.LaunchTemplate,
        source_version: str | None,
        template_data: dict[str, Any],
        description: str,
    ) -> LaunchTemplateVersion:
        if not template_data:
            raise MissingLaunchTemplateDataError
        self.check_user_data(template_data.get("UserData"))
        # Documented: what is not specified is inherited, but for the snapshots in block device mappings
        data: dict[str, Any] = {}
        if source_version is not None:
            data = copy.deepcopy(template.get_version(source_version).data)
        for mapping in data.get("BlockDeviceMappings") or []:
            (mapping.get("Ebs") or {}).pop("SnapshotId", None)
        return template.create_version({**data, **template_data}, description)

    def check_user_data(self, user_data: str | None) -> None:
        encoded = parse_user_data(user_data)
        if encoded is not None and len(base64.b64decode(str(encoded))) > USER_DATA_LIMIT:
            raise UserDataLimitExceededError

    def delete_launch_template_versions(
        self, template: launch_templates.LaunchTemplate, numbers: list[str]
    ) -> tuple[list[str], dict[str, tuple[str, str]]]:
        """Delete versions; returns the numbers of those, and why the others are still there."""
        deleted: list[str] = []
        kept: dict[str, tuple[str, str]] = {}
        for number in numbers:
            version = next((v for v in template.versions if str(v.number) == number), None)
            if version is None:
                text = f"Could not find launch template version {number}."
                kept[number] = ("launchTemplateVersionDoesNotExist", text)
            elif template.is_default(version):
                text = "The default version of a launch template cannot be deleted."
                kept[number] = ("unexpectedError", text)
            else:
                template.versions.remove(version)
                deleted.append(number)
        return deleted, kept
