"""Requests about launch templates: versions made from others, and lists that come in pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidNextToken, InvalidParameterValueError, MissingParameterError
from moto.ec2.responses import launch_templates
from moto.utilities.paginator import Paginator

if TYPE_CHECKING:
    from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateVersion

LARGEST_PAGE = 200
MOST_VERSIONS = 10_000
MOST_DELETED = 200


class LaunchTemplates(launch_templates.LaunchTemplates):
    def create_launch_template_version(self) -> ActionResult:
        name = self._get_param("LaunchTemplateName")
        tmpl_id = self._get_param("LaunchTemplateId")
        if name:
            template = self.ec2_backend.get_launch_template_by_name(name)
        if tmpl_id:
            template = self.ec2_backend.get_launch_template(tmpl_id)

        self.error_on_dryrun()

        version = self.ec2_backend.create_launch_template_version(
            template,
            source_version=self._get_param("SourceVersion"),
            template_data=self._get_param("LaunchTemplateData", {}),
            description=self._get_param("VersionDescription"),
        )
        return ActionResult({"LaunchTemplateVersion": self._version_to_dict(template, version)})

    def delete_launch_template_versions(self) -> ActionResult:
        name = self._get_param("LaunchTemplateName")
        tmpl_id = self._get_param("LaunchTemplateId")
        if bool(name) is bool(tmpl_id):
            raise MissingParameterError("launch template ID or launch template name")
        numbers = self._get_param("Versions", [])
        if not all(number.isdecimal() for number in numbers) or len(numbers) > MOST_DELETED:
            raise InvalidParameterValueError(numbers)
        if name:
            template = self.ec2_backend.get_launch_template_by_name(name)
        else:
            template = self.ec2_backend.get_launch_template(tmpl_id)

        self.error_on_dryrun()

        deleted, kept = self.ec2_backend.delete_launch_template_versions(template, numbers)
        named = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name}
        result = {
            "SuccessfullyDeletedLaunchTemplateVersions": [
                {**named, "VersionNumber": int(number)} for number in deleted
            ],
            "UnsuccessfullyDeletedLaunchTemplateVersions": [
                {
                    **named,
                    "VersionNumber": int(number),
                    "ResponseError": {"Code": code, "Message": message},
                }
                for number, (code, message) in kept.items()
            ],
        }
        return ActionResult(result)

    def describe_launch_templates(self) -> ActionResult:
        self.error_on_dryrun()

        templates = self.ec2_backend.describe_launch_templates(
            template_names=self._get_param("LaunchTemplateNames", []),
            template_ids=self._get_param("LaunchTemplateIds", []),
            filters=self._filters_from_querystring(),
        )
        page, next_token = self._page(templates, "id")
        result = {
            "LaunchTemplates": [
                {
                    "CreateTime": template.create_time,
                    "CreatedBy": f"arn:{self.partition}:iam::{self.current_account}:root",
                    "DefaultVersionNumber": template.default_version_number,
                    "LatestVersionNumber": template.latest_version_number,
                    "LaunchTemplateId": template.id,
                    "LaunchTemplateName": template.name,
                    "Tags": template.get_tags(),
                }
                for template in page
            ],
            "NextToken": next_token,
        }
        return ActionResult(result)

    def describe_launch_template_versions(self) -> ActionResult:
        self.error_on_dryrun()

        versions = self.ec2_backend.describe_launch_template_versions(
            template_name=self._get_param("LaunchTemplateName"),
            template_id=self._get_param("LaunchTemplateId"),
            versions=self._get_param("Versions", []),
            min_version=None,
            max_version=None,
            max_results=MOST_VERSIONS,
        )
        first = self._get_int_param("MinVersion") or 1
        last = self._get_int_param("MaxVersion") or MOST_VERSIONS
        items = [
            self._version_to_dict(template, version)
            for template, version in versions
            if self._get_param("Versions") or first <= version.number <= last
        ]
        page, next_token = self._page(items, ["LaunchTemplateId", "VersionNumber"])
        return ActionResult({"LaunchTemplateVersions": page, "NextToken": next_token})

    def _version_to_dict(self, template: LaunchTemplate, version: LaunchTemplateVersion) -> dict[str, Any]:
        return {
            "CreateTime": version.create_time,
            "CreatedBy": f"arn:{self.partition}:iam::{self.current_account}:root",
            "DefaultVersion": template.is_default(version),
            "LaunchTemplateData": version.data,
            "LaunchTemplateId": template.id,
            "LaunchTemplateName": template.name,
            "VersionDescription": version.description,
            "VersionNumber": version.number,
        }

    def _page(self, items: list[Any], unique_attribute: str | list[str]) -> tuple[list[Any], str | None]:
        paginator = Paginator(
            max_results=self._get_int_param("MaxResults"),
            max_results_default=LARGEST_PAGE,
            starting_token=self._get_param("NextToken"),
            unique_attribute=unique_attribute,
            fail_on_invalid_token=InvalidNextToken,  # type: ignore[arg-type]
        )
        return paginator.paginate(items)
