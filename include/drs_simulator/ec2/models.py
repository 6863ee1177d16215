"""Versions of launch templates that are named ``$Latest`` or ``$Default``, or made from others."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import (
    InvalidLaunchTemplateNameNotFoundError,
    InvalidLaunchTemplateVersionNotFound,
    MissingParameterError,
)
from moto.ec2.models import launch_templates

if TYPE_CHECKING:
    from moto.ec2.models.launch_templates import LaunchTemplateVersion


class LaunchTemplate(launch_templates.LaunchTemplate):
    def get_tags(self) -> list[dict[str, str]]:
        # Only its own: to look through the tags of all resources takes time that grows with their number
        tags: dict[str, str] = self.ec2_backend.tags.get(self.id, {})
        return [
            {"resource_id": self.id, "key": key, "value": value, "resource_type": "launch-template"}
            for key, value in tags.items()
        ]

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
        # Documented: what is not specified is inherited, but for the snapshots in block device mappings
        data: dict[str, Any] = {}
        if source_version is not None:
            data = copy.deepcopy(template.get_version(source_version).data)
        for mapping in data.get("BlockDeviceMappings") or []:
            (mapping.get("Ebs") or {}).pop("SnapshotId", None)
        return template.create_version({**data, **template_data}, description)
