"""Post-launch actions: what DRS runs on a recovery instance once its agent for Systems Manager is found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .documents import DocumentRun, Outcome
from .durations import current
from .world import world

if TYPE_CHECKING:
    from .launch_actions import LaunchAction
    from .source_server import SourceServer


@dataclass(frozen=True)
class ActionRun:
    """One action on one instance; ``begin`` and ``end`` are simulated seconds since its launch."""

    action: LaunchAction
    run_id: str
    begin: float
    end: float
    outcome: Outcome

    def to_dict(self, since_launch: float, error: str | None) -> dict[str, Any]:
        run = {"action": self.action.to_dict(), "runId": self.run_id}
        if since_launch < self.end:
            return run | {"status": "IN_PROGRESS"}
        outcome = self.ending(error)
        if outcome.status == "Success":
            return run | {"status": "SUCCEEDED"}
        return run | {"status": "FAILED", "failureReason": outcome.message or outcome.status}

    def fails_the_launch(self, error: str | None) -> bool:
        """Return whether the launch is marked as failed because of this run."""
        return not self.action.optional and self.ending(error).status != "Success"

    def ending(self, error: str | None) -> Outcome:
        """Return how the run ends where an error hits all actions of its server, or none does."""
        return Outcome("Failed", error) if error else self.outcome

    def document_run(self, instance_id: str, launched: float, error: str | None) -> DocumentRun:
        """Return the run as Systems Manager knows it."""
        return DocumentRun(
            run_id=self.run_id,
            type=self.action.type,
            document=self.action.action_code,
            version=self.action.action_version,
            parameters={name: value.get("value", "") for name, value in self.action.parameters.items()},
            instance_id=instance_id,
            begin=launched + self.begin,
            end=launched + self.end,
            outcome=self.ending(error),
        )


def plan_actions(server: SourceServer, job_id: str) -> list[ActionRun]:
    """Return the runs of a server's active actions in their order, one after another."""
    if not server.launch_configuration.post_launch_enabled:
        return []
    active = [action for action in server.launch_actions if action.active]
    durations, occasion = current(), (server.source_server_id, server.launches)
    begin, runs = durations.pick("agent", *occasion), []
    for number, action in enumerate(sorted(active, key=lambda action: action.order)):
        outcome = world.documents.outcome(action.action_code)
        seconds = outcome.seconds
        end = begin + (durations.pick("action", *occasion, number) if seconds is None else seconds)
        run_id = world.rng.uuid(job_id, server.source_server_id, number)
        runs.append(ActionRun(action, run_id, begin, end, outcome))
        begin = end
    return runs
