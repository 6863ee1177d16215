"""`ssm`: a document of AWS Systems Manager; its type decides whether it is a command or an automation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException

from drs_recovery.aws.hooks.quick import QuickHook
from drs_recovery.plan.actions import Ssm
from drs_recovery.tasks.actions.aws_answer_trigger import AwsAnswerTrigger
from drs_recovery.tasks.actions.aws_lambda import once
from drs_recovery.tasks.actions.obeys import Obeys

if TYPE_CHECKING:
    from airflow.sdk import Context

    from drs_recovery.plan.actions import Action
    from drs_recovery.plan.target import Target

RUNNING = [
    "Pending",
    "InProgress",
    "Delayed",
    "Waiting",
    "Cancelling",
    "RunbookInProgress",
    "PendingApproval",
]
MOST_INSTANCES = 50
"""That SendCommand takes by their ids."""

SHORTEST, LONGEST = 30, 2_592_000
"""Seconds that SendCommand takes for how long a command may be delivered."""


class SsmAction(Obeys, BaseOperator):
    """Runs a document, and waits in the triggerer until it has ended; each instance's end is in the result.

    :param document: name or ARN of the document.
    :param parameters: its parameters; a text stands for a list of one.
    :param targets: on which instances a command runs.
    """

    ui_color = "#f2dede"

    def __init__(
        self,
        *,
        document: str,
        parameters: dict[str, Any],
        targets: Any,
        aws_conn_id: str,
        region_name: str,
        seconds: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.document, self.parameters, self.targets = document, parameters, targets
        self.aws_conn_id, self.region_name, self.seconds = aws_conn_id, region_name, seconds

    @classmethod
    def arguments_of(cls, action: Action, target: Target) -> dict[str, Any]:
        """Return the document, and where it is run."""
        asked = action.spec(Ssm)
        return {
            "document": asked.document,
            "parameters": asked.parameters,
            "targets": asked.targets,
            "aws_conn_id": asked.aws_conn_id or target.aws_conn_id,
            "region_name": asked.region or target.region,
            "seconds": int(action.limit.total_seconds()),
        }

    def do_work(self, context: Context) -> None:
        """Begin what the document is, once, and wait for its end without a worker."""
        check_no_reference(self.parameters, self.action_run.context)
        client = self._client
        kind = client.describe_document(Name=self.document)["Document"].get("DocumentType")
        parameters = {
            key: value if isinstance(value, list) else [value] for key, value in self.parameters.items()
        }
        if kind == "Automation":
            if self.targets is not None:
                raise AirflowException(
                    f"{self.document} is an automation, which has parameters and no targets"
                )
            begun = client.start_automation_execution(DocumentName=self.document, Parameters=parameters)
            self._wait(context, "automation", begun["AutomationExecutionId"])
        begun = client.send_command(
            DocumentName=self.document,
            Parameters=parameters,
            TimeoutSeconds=min(max(SHORTEST, self.seconds), LONGEST),
            **self._where(),
        )
        self._wait(context, "command", begun["Command"]["CommandId"])

    def command_ended(self, context: Context, event: dict[str, Any], run_id: str) -> str:
        """Return the end of a command on each instance; AirflowException if it is not well everywhere."""
        pages = self._client.get_paginator("list_command_invocations").paginate(
            CommandId=run_id, Details=True
        )
        found = [one for page in pages for one in page["CommandInvocations"]]
        lines = [f"{one['InstanceId']} {one.get('StatusDetails') or one['Status']}" for one in found]
        text = f"command {run_id}: {', '.join(sorted(lines)) or 'no instance was found for it'}"
        if event["status"] != "Success" or not found or any(one["Status"] != "Success" for one in found):
            raise AirflowException(f"{text} ({event['status']})")
        return text

    def automation_ended(self, context: Context, event: dict[str, Any], run_id: str) -> str:
        """Return the end of an automation; AirflowException if it is not well."""
        ended = self._client.get_automation_execution(AutomationExecutionId=run_id)["AutomationExecution"]
        text = f"automation {run_id}: {ended.get('AutomationExecutionStatus')}"
        if event["status"] != "Success":
            raise AirflowException(f"{text}: {ended.get('FailureMessage') or 'no reason is given'}")
        return text

    @property
    def _client(self) -> Any:
        where = {"aws_conn_id": self.aws_conn_id, "region_name": self.region_name}
        return QuickHook(client_type="ssm", config=once(60), **where).conn

    def _where(self) -> dict[str, Any]:
        """Return the part of the request that says on which instances a command runs."""
        match self.targets:
            case "launched":
                servers = self.action_run.context["servers"]
                launched = [one for one in servers if one.get("launch_status") == "LAUNCHED"]
                ids = [one["recovery_instance_id"] for one in launched if "recovery_instance_id" in one]
            case {"instances": ids}:
                pass
            case {"tags": tags}:
                return {"Targets": [{"Key": f"tag:{key}", "Values": [value]} for key, value in tags.items()]}
            case _:
                raise AirflowException(
                    f"{self.document} is a command: targets says on which instances it runs"
                )
        if not 1 <= len(ids) <= MOST_INSTANCES:
            raise AirflowException(
                f"a command takes 1 to {MOST_INSTANCES} instances by their ids, and these are {len(ids)}; "
                "more of them have a tag"
            )
        return {"InstanceIds": ids}

    def _wait(self, context: Context, kind: str, run_id: str) -> None:
        self.put_on_record(context, f"{kind} {run_id} of {self.document}")
        if kind == "command":
            look: list[Any] = ["ssm", "list_commands", {"CommandId": run_id}]
            path: list[str | int] = ["Commands", 0, "Status"]
        else:
            look = ["ssm", "get_automation_execution", {"AutomationExecutionId": run_id}]
            path = ["AutomationExecution", "AutomationExecutionStatus"]
        trigger = AwsAnswerTrigger(
            aws_conn_id=self.aws_conn_id, region_name=self.region_name, look=look, path=path, through=RUNNING
        )
        self.defer(trigger=trigger, method_name=f"{kind}_ended", kwargs={"run_id": run_id})


def check_no_reference(parameters: Any, context: Any) -> None:
    """Raise AirflowException where a name of others would be read by Systems Manager as ``{{ssm:name}}``."""
    if "{{" in str(parameters) and "{{" in str(context):
        raise AirflowException(
            "a name on record holds '{{', which Systems Manager would take for one of its own parameters"
        )
