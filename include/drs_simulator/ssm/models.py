"""AutomationBackend class with methods for supported APIs: what moto's Systems Manager lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.base_backend import BackendDict, BaseBackend
from moto.ec2.models import ec2_backends
from moto.moto_api._internal import mock_random
from moto.ssm.exceptions import InvalidDocument, InvalidFilterKey
from moto.ssm.models import ssm_backends

from . import runs
from .automation import FILTERS, AutomationExecution
from .commands import RunningCommand
from .documents import AUTOMATION, COMMAND, documents, name_of
from .exceptions import (
    AutomationDefinitionNotFoundException,
    AutomationDefinitionVersionNotFoundException,
    AutomationExecutionNotFoundException,
    IdempotentParameterMismatch,
    InvalidAutomationStatusUpdateException,
    InvalidCommandId,
    InvalidInstanceId,
    InvocationDoesNotExist,
)
from .runs import IN_PROGRESS, Run

if TYPE_CHECKING:
    from moto.ec2.models.instances import Instance
    from moto.ssm.models import Documents, SimpleSystemManagerBackend


class AutomationBackend(BaseBackend):
    """Implementation of Run Command and Automation for one account and Region; documents are moto's own."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.executions: dict[str, AutomationExecution] = {}
        self.commands: dict[str, RunningCommand] = {}
        self._tokens: dict[str, str] = {}

    @property
    def ssm(self) -> SimpleSystemManagerBackend:
        """Return moto's Systems Manager of the same account and Region."""
        return ssm_backends[self.account_id][self.region_name]

    def start_automation_execution(
        self,
        document: str,
        version: str | None,
        parameters: dict[str, list[str]],
        token: str | None,
        mode: str,
    ) -> AutomationExecution:
        if token in self._tokens:
            return self._again(token, document, parameters)
        steps = self._steps(document, version)
        run = runs.begin(str(mock_random.uuid4()), document, version or "1", parameters)
        started = self.add_execution(run, steps, mode)
        if token:
            self._tokens[token] = run.run_id
        return started

    def add_execution(self, run: Run, steps: list[dict[str, Any]], mode: str = "Auto") -> AutomationExecution:
        """Take up a run of a runbook, also one still to come."""
        self.executions[run.run_id] = AutomationExecution(run, steps, mode, self.account_id)
        return self.executions[run.run_id]

    def automation_execution(self, execution_id: str) -> AutomationExecution:
        """Return an execution; raises AutomationExecutionNotFoundException."""
        known = self.executions.get(execution_id)
        if known is None or not known.run.has_begun(self.look()):
            raise AutomationExecutionNotFoundException(f"Automation execution {execution_id} does not exist.")
        return known

    def describe_automation_executions(self, filters: list[dict[str, Any]]) -> list[AutomationExecution]:
        """Return the executions that all filters let through, the latest first."""
        now = self.look()
        for named in filters:
            if named["Key"] not in FILTERS:
                raise InvalidFilterKey(f"{named['Key']} is not simulated: allowed are {', '.join(FILTERS)}.")
        begun = [e for e in self.executions.values() if e.run.has_begun(now)]
        found = [e for e in begun if all(FILTERS[f["Key"]](e, f["Values"], now) for f in filters)]
        return sorted(found, key=lambda execution: -execution.run.begin)

    def stop_automation_execution(self, execution_id: str, how: str) -> None:
        execution = self.automation_execution(execution_id)
        now = self.look()
        if (status := execution.run.status(now)) != IN_PROGRESS:
            message = f"Automation execution {execution_id} is {status}: only one in progress can be stopped."
            raise InvalidAutomationStatusUpdateException(message)
        execution.run = execution.run.stopped(now, "Success" if how == "Complete" else "Cancelled")

    def send_command(
        self, document: str, version: str | None, parameters: dict[str, list[str]], **request: Any
    ) -> RunningCommand:
        self._require(document, COMMAND)
        run = runs.begin(str(mock_random.uuid4()), document, version or "1", parameters)
        command = RunningCommand(run, self.account_id, self.region_name, **request)
        self._require_managed(command.instance_ids)
        return self.add_command(command)

    def add_command(self, command: RunningCommand) -> RunningCommand:
        """Take up a command, also one still to come."""
        self.commands[command.command_id] = command
        return command

    def list_commands(self, command_id: str | None, instance_id: str | None) -> list[RunningCommand]:
        """Return the commands that have begun, the latest first."""
        if command_id:
            return [self.command(command_id)]
        now = self.look()
        begun = [c for c in self.commands.values() if c.run.has_begun(now)]
        found = [c for c in begun if instance_id is None or instance_id in c.instance_ids]
        return sorted(found, key=lambda command: -command.run.begin)

    def command(self, command_id: str) -> RunningCommand:
        """Return a command; raises InvalidCommandId."""
        known = self.commands.get(command_id)
        if known is None or not known.run.has_begun(self.look()):
            raise InvalidCommandId(f"Command {command_id} does not exist.")
        return known

    def get_command_invocation(self, command_id: str, instance_id: str) -> dict[str, Any]:
        command = self.command(command_id)
        if instance_id not in command.instance_ids:
            raise InvocationDoesNotExist(f"Command {command_id} was not sent to {instance_id}.")
        return command.invocation(instance_id, self.look())

    def managed_instances(self) -> list[Instance]:
        """Return the instances that run and have an instance profile: without one no agent may register."""
        ec2 = ec2_backends[self.account_id][self.region_name]
        running = [i for r in ec2.reservations.values() for i in r.instances if i.state == "running"]
        profiles = ec2.iam_instance_profile_associations
        return [i for i in running if i.id in profiles or i.iam_instance_profile]

    def look(self) -> float:
        """Return the second that it is, when what was begun has ended if the clock says so."""
        executions = (execution.run for execution in self.executions.values())
        return runs.look(*executions, *(command.run for command in self.commands.values()))

    def _again(
        self, token: str | None, document: str, parameters: dict[str, list[str]]
    ) -> AutomationExecution:
        known = self.executions[self._tokens[str(token)]]
        if (known.run.document, known.run.parameters) != (name_of(document), parameters):
            raise IdempotentParameterMismatch(f"ClientToken {token} was used with other parameters.")
        return known

    def owned_document(self, named: str) -> dict[str, Any] | None:
        """Return the description of a document that AWS owns, or the fleet has; none of one that was created.

        That one of AWS is an automation where it is no command that is known here is decided here.
        """
        name = name_of(named)
        kind = documents.type_of(self.ssm, named)
        if kind is None or name in self.ssm._documents:  # noqa: SLF001 - moto offers no look that does not raise
            return None
        owner = {"Owner": "Amazon", "Status": "Active", "DocumentVersion": "1"}
        return {"Name": name, "DocumentType": kind or AUTOMATION, **owner}

    def _require(self, document: str, wanted: str) -> None:
        if documents.type_of(self.ssm, document) not in {wanted, ""}:
            raise InvalidDocument(f"Document {document} is no document of type {wanted} here.")

    def _require_managed(self, instance_ids: list[str]) -> None:
        managed = {instance.id for instance in self.managed_instances()}
        if lost := sorted(set(instance_ids) - managed):
            raise InvalidInstanceId(
                f"Instances {', '.join(lost)} not in valid state for account {self.account_id}."
            )

    def _steps(self, document: str, version: str | None) -> list[dict[str, Any]]:
        """Return the steps of a runbook, where they are known here; raises if there is no such runbook."""
        if documents.type_of(self.ssm, document) not in {AUTOMATION, ""}:
            raise AutomationDefinitionNotFoundException(f"Automation definition {document} does not exist.")
        if version and not version.startswith("$") and not self._exists(document, version):
            message = f"Version {version} of {document} does not exist."
            raise AutomationDefinitionVersionNotFoundException(message)
        return self.steps(document, version)

    def steps(self, document: str, version: str | None = None) -> list[dict[str, Any]]:
        """Return the steps of a document that was created here."""
        if (created := self._created(document)) is None:
            return []
        found = created.find(None if version == "$DEFAULT" else version)
        return list(found.content_json.get("mainSteps") or [])

    def _exists(self, document: str, version: str) -> bool:
        created = self._created(document)
        return created is None or created.exists(version)

    def _created(self, document: str) -> Documents | None:
        created: Documents | None = self.ssm._documents.get(name_of(document))  # noqa: SLF001 - no other look
        return created


automation_backends = BackendDict(AutomationBackend, "ssm")
