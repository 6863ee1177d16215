"""Post-launch actions: what DRS runs on a recovery instance once its agent for Systems Manager is found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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

    def to_dict(self, since_launch: float, error: str | None) -> dict[str, Any]:
        run = {"action": self.action.to_dict(), "runId": self.run_id}
        if since_launch < self.end:
            return run | {"status": "IN_PROGRESS"}
        return run | ({"status": "FAILED", "failureReason": error} if error else {"status": "SUCCEEDED"})


def plan_actions(server: SourceServer, job_id: str) -> list[ActionRun]:
    """Return the runs of a server's active actions in their order, one after another."""
    if not server.launch_configuration.post_launch_enabled:
        return []
    active = [action for action in server.launch_actions if action.active]
    durations, occasion = current(), (server.source_server_id, server.launches)
    begin, runs = durations.pick("agent", *occasion), []
    for number, action in enumerate(sorted(active, key=lambda action: action.order)):
        end = begin + durations.pick("action", *occasion, number)
        run_id = world.chance.uuid(job_id, server.source_server_id, number)
        runs.append(ActionRun(action, run_id, begin, end))
        begin = end
    return runs
