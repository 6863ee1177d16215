"""Handles incoming ssm requests: moto's handler, with Automation, and commands that take their time."""

from __future__ import annotations

import base64
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ssm.responses import SimpleSystemManagerResponse

from .instances import information, passes
from .models import AutomationBackend, automation_backends

PAGE = 50


class SystemsManagerResponse(SimpleSystemManagerResponse):
    """moto's handler, with the operations that it lacks or answers at once."""

    @property
    def automation_backend(self) -> AutomationBackend:
        """Return backend instance specific for this region."""
        backend: AutomationBackend = automation_backends[self.current_account][self.region]
        return backend

    def start_automation_execution(self) -> ActionResult:
        started = self.automation_backend.start_automation_execution(
            self._get_param("DocumentName"),
            self._get_param("DocumentVersion"),
            self._get_param("Parameters", {}),
            self._get_param("ClientToken"),
            self._get_param("Mode", "Auto"),
        )
        return ActionResult({"AutomationExecutionId": started.run.run_id})

    def get_automation_execution(self) -> ActionResult:
        backend = self.automation_backend
        execution = backend.automation_execution(self._get_param("AutomationExecutionId"))
        return ActionResult({"AutomationExecution": execution.to_dict(backend.look())})

    def describe_automation_executions(self) -> ActionResult:
        backend = self.automation_backend
        executions = backend.describe_automation_executions(self._get_param("Filters", []))
        page, next_token = self._page(executions)
        listed = [execution.metadata(backend.look()) for execution in page]
        return ActionResult({"AutomationExecutionMetadataList": listed, "NextToken": next_token})

    def describe_automation_step_executions(self) -> ActionResult:
        backend = self.automation_backend
        execution = backend.automation_execution(self._get_param("AutomationExecutionId"))
        page, next_token = self._page(execution.step_executions(backend.look()))
        return ActionResult({"StepExecutions": page, "NextToken": next_token})

    def stop_automation_execution(self) -> ActionResult:
        how = self._get_param("Type", "Cancel")
        self.automation_backend.stop_automation_execution(self._get_param("AutomationExecutionId"), how)
        return EmptyResult()

    def describe_document(self) -> ActionResult:
        named = self._get_param("Name")
        known = self.automation_backend.owned_document(named)
        return super().describe_document() if known is None else ActionResult({"Document": known})

    def send_command(self) -> ActionResult:
        command = self.automation_backend.send_command(
            self._get_param("DocumentName"),
            self._get_param("DocumentVersion"),
            self._get_param("Parameters", {}),
            comment=self._get_param("Comment", ""),
            timeout_seconds=self._get_int_param("TimeoutSeconds"),
            instance_ids=self._get_param("InstanceIds", []),
            max_concurrency=self._get_param("MaxConcurrency", "50"),
            max_errors=self._get_param("MaxErrors", "0"),
            notification_config=self._get_param("NotificationConfig"),
            output_s3_bucket_name=self._get_param("OutputS3BucketName", ""),
            output_s3_key_prefix=self._get_param("OutputS3KeyPrefix", ""),
            output_s3_region=self._get_param("OutputS3Region", ""),
            service_role_arn=self._get_param("ServiceRoleArn", ""),
            targets=self._get_param("Targets", []),
        )
        return ActionResult({"Command": command.response_object()})

    def list_commands(self) -> ActionResult:
        backend = self.automation_backend
        commands = backend.list_commands(self._get_param("CommandId"), self._get_param("InstanceId"))
        page, next_token = self._page(commands)
        message = [command.as_of(backend.look()) for command in page]
        return ActionResult({"Commands": message, "NextToken": next_token})

    def list_command_invocations(self) -> ActionResult:
        backend, wanted = self.automation_backend, self._get_param("InstanceId")
        invocations = [
            command.invocation(instance_id, backend.look())
            for command in backend.list_commands(self._get_param("CommandId"), wanted)
            for instance_id in command.instance_ids
            if wanted in {None, instance_id}
        ]
        page, next_token = self._page(invocations)
        return ActionResult({"CommandInvocations": page, "NextToken": next_token})

    def get_command_invocation(self) -> ActionResult:
        invocation = self.automation_backend.get_command_invocation(
            self._get_param("CommandId"), self._get_param("InstanceId")
        )
        return ActionResult(invocation)

    def describe_instance_information(self) -> ActionResult:
        filters = [*self._get_param("Filters", []), *self._get_param("InstanceInformationFilterList", [])]
        message = [information(instance) for instance in self.automation_backend.managed_instances()]
        page, next_token = self._page([each for each in message if passes(each, filters)])
        return ActionResult({"InstanceInformationList": page, "NextToken": next_token})

    def _page(self, items: list[Any]) -> tuple[list[Any], str | None]:
        """Return the page that the request asks for, and the next token."""
        token = self._get_param("NextToken")
        begin = int(base64.b64decode(token)) if token else 0
        end = begin + min(self._get_int_param("MaxResults") or PAGE, PAGE)
        return items[begin:end], base64.b64encode(str(end).encode()).decode() if end < len(items) else None
