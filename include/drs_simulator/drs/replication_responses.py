"""Requests about how servers replicate: configurations and templates."""

from __future__ import annotations

from moto.core.responses import ActionResult, EmptyResult

from .modelled import ModelledResponse, ModelledResult


class ReplicationResponse(ModelledResponse):
    """Handler for requests about replication settings."""

    def get_replication_configuration(self) -> ActionResult:
        server_id = self.params["sourceServerID"]
        configuration = self.initialized_backend.get_replication_configuration(server_id)
        return ModelledResult({"sourceServerID": server_id} | configuration.to_dict())

    def update_replication_configuration(self) -> ActionResult:
        server_id = self.params["sourceServerID"]
        configuration = self.initialized_backend.update_replication_configuration(server_id, self.params)
        return ModelledResult({"sourceServerID": server_id} | configuration.to_dict())

    def create_replication_configuration_template(self) -> ActionResult:
        tags = self.params.get("tags", {})
        template = self.initialized_backend.create_replication_configuration_template(tags, self.params)
        return ModelledResult(template.to_dict())

    def describe_replication_configuration_templates(self) -> ActionResult:
        wanted = self.params.get("replicationConfigurationTemplateIDs", [])
        templates = self.initialized_backend.describe_replication_configuration_templates(wanted)
        page, next_token = self.page(templates, lambda template: template.template_id)
        return ModelledResult({"items": [template.to_dict() for template in page], "nextToken": next_token})

    def update_replication_configuration_template(self) -> ActionResult:
        template = self.initialized_backend.update_replication_configuration_template(
            self.params["replicationConfigurationTemplateID"], self.params
        )
        return ModelledResult(template.to_dict())

    def delete_replication_configuration_template(self) -> ActionResult:
        template_id = self.params["replicationConfigurationTemplateID"]
        self.initialized_backend.delete_replication_configuration_template(template_id)
        return EmptyResult()
