"""Documents of Systems Manager: their names and types, and how their runs end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from moto.ssm.models import SimpleSystemManagerBackend

COMMAND, AUTOMATION = "Command", "Automation"
USUAL_SECONDS = 20.0
"""Simulated seconds that a run takes where nobody says otherwise."""

_OWNED = ("AWS", "Amazon")
"""How the names of documents begin that AWS owns."""

_COMMANDS = frozenset({
    "AmazonCloudWatch-ManageAgent", "AWS-ApplyAnsiblePlaybooks", "AWS-ApplyChefRecipes", "AWS-ApplyDSCMofs",
    "AWS-ConfigureAWSPackage", "AWS-ConfigureDocker", "AWS-ConfigureWindowsUpdate",
    "AWS-InstallApplication", "AWS-InstallPowerShellModule", "AWS-InstallWindowsUpdates",
    "AWS-JoinDirectoryServiceDomain", "AWS-RunAnsiblePlaybook", "AWS-RunDockerAction", "AWS-RunDocument",
    "AWS-RunInspecChecks", "AWS-RunPatchBaseline", "AWS-RunPatchBaselineWithHooks",
    "AWS-RunPowerShellScript", "AWS-RunRemoteScript", "AWS-RunSaltState", "AWS-RunShellScript",
    "AWS-UpdateEC2Config", "AWS-UpdateSSMAgent", "AWSDisasterRecovery-InstallDRAgentOnInstance",
})  # fmt: skip
"""Documents of AWS that Run Command runs. Of its other ones the type is not known here."""


@dataclass(frozen=True)
class Result:
    """How a run ends, after so many simulated seconds; the message says why it did not succeed."""

    status: str = "Success"
    message: str | None = None
    seconds: float | None = None


class Results(Protocol):
    """Who knows how runs end."""

    def type_of(self, document: str) -> str | None:
        """Return the type of a document that nobody created, if it is there all the same."""

    def of_run(self, document: str) -> Result:
        """Return how a run that begins now ends, and count it."""


class Succeeding:
    """All runs succeed, and there are no documents but those that were created."""

    def type_of(self, document: str) -> str | None:
        return None

    def of_run(self, document: str) -> Result:
        return Result()


class Documents:
    """The documents of every account and Region in this process."""

    def __init__(self) -> None:
        self.results: Results = Succeeding()

    def type_of(self, backend: SimpleSystemManagerBackend, named: str) -> str | None:
        """Return the type of a document, empty if it can be any, and none where there is no such document."""
        name = name_of(named)
        if known := self.results.type_of(name):
            return known
        if created := backend._documents.get(name):  # noqa: SLF001 - moto offers no look that does not raise
            return str(created.get_default_version().document_type)
        if name in _COMMANDS:
            return COMMAND
        return "" if name.startswith(_OWNED) else None


def name_of(named: str) -> str:
    """Return the name of a document that is given by it, or by its ARN."""
    return named.rpartition("/")[2]


documents = Documents()
"""moto's state is one per process; so are documents."""
