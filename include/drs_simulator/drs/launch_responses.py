"""Requests about how servers are launched: configurations, templates and actions."""

from __future__ import annotations

from moto.core.responses import ActionResult, EmptyResult

from .modelled import ModelledResponse, ModelledResult


class LaunchResponse(ModelledResponse):
    """Handler for requests about launches to come."""

    def get_launch_configuration(self) -> ActionResult:
        server_id = self.params["sourceServerID"]
        configuration = self.initialized_backend.get_launch_configuration(server_id)
        return ModelledResult({"sourceServerID": server_id} | configuration.to_dict())

    def update_launch_configuration(self) -> ActionResult:
        server_id = self.params["sourceServerID"]
        configuration = self.initialized_backend.update_launch_configuration(server_id, self.params)
        return ModelledResult({"sourceServerID": server_id} | configuration.to_dict())

    def create_launch_configuration_template(self) -> ActionResult:
        template = self.initialized_backend.create_launch_configuration_template(
            self.params.get("tags", {}), self.params
        )
        return ModelledResult({"launchConfigurationTemplate": template.to_dict()})

    def describe_launch_configuration_templates(self) -> ActionResult:
        wanted = self.params.get("launchConfigurationTemplateIDs", [])
        templates = self.initialized_backend.describe_launch_configuration_templates(wanted)
        page, next_token = self.page(templates, lambda template: template.template_id)
        return ModelledResult({"items": [template.to_dict() for template in page], "nextToken": next_token})

    def update_launch_configuration_template(self) -> ActionResult:
        template = self.initialized_backend.update_launch_configuration_template(
            self.params["launchConfigurationTemplateID"], self.params
        )
        return ModelledResult({"launchConfigurationTemplate": template.to_dict()})

    def delete_launch_configuration_template(self) -> ActionResult:
        template_id = self.params["launchConfigurationTemplateID"]
        self.initialized_backend.delete_launch_configuration_template(template_id)
        return EmptyResult()

    def put_launch_action(self) -> ActionResult:
        resource_id = self.params["resourceId"]
        action = self.initialized_backend.put_launch_action(resource_id, self.params)
        return ModelledResult({"resourceId": resource_id} | action.to_dict())

    def list_launch_actions(self) -> ActionResult:
        actions = self.initialized_backend.list_launch_actions(
            self.params["resourceId"], self.params.get("filters", {})
        )
        page, next_token = self.page(actions, lambda action: action.position)
        return ModelledResult({"items": [action.to_dict() for action in page], "nextToken": next_token})

    def delete_launch_action(self) -> ActionResult:
        self.initialized_backend.delete_launch_action(self.params["resourceId"], self.params["actionId"])
        return EmptyResult()
