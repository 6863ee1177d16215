"""Systems Manager as DRS asks it: for its post-launch actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.ssm.models import ssm_backends

from drs_simulator.drs.documents import AUTOMATION, COMMAND, Outcome

from .commands import RunningCommand
from .documents import AUTOMATION as RUNBOOK
from .documents import COMMAND as COMMANDS
from .documents import Result, documents, name_of
from .models import automation_backends
from .runs import Run

if TYPE_CHECKING:
    from drs_simulator.drs.documents import DocumentRun

_TYPES = {COMMANDS: COMMAND, RUNBOOK: AUTOMATION, "": AUTOMATION}
"""Launch actions by type of document; those of AWS that are not known here are taken for runbooks."""


class SystemsManager:
    """The documents of Systems Manager, and their runs by DRS."""

    def type_of(self, account_id: str, region_name: str, document: str) -> str | None:
        kind = documents.type_of(ssm_backends[account_id][region_name], document)
        return None if kind is None else _TYPES.get(kind)

    def outcome(self, document: str) -> Outcome:
        result = documents.results.of_run(name_of(document))
        return Outcome(result.status, result.message, result.seconds)

    def show(self, account_id: str, region_name: str, run: DocumentRun) -> None:
        """Take up a run that begins when DRS says."""
        backend = automation_backends[account_id][region_name]
        shown = Run(
            run.run_id,
            name_of(run.document),
            run.version,
            {name: [value] for name, value in run.parameters.items()},
            run.begin,
            run.end,
            Result(run.outcome.status, run.outcome.message),
        )
        if run.type == COMMAND:
            backend.add_command(
                RunningCommand(shown, account_id, region_name, instance_ids=[run.instance_id])
            )
        else:
            backend.add_execution(shown, backend.steps(run.document))
