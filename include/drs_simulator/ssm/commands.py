"""Run Command: commands that go on as time passes, and end as their document's result says."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from moto.ssm.models import Command

if TYPE_CHECKING:
    from .runs import Run

_DETAILS = {"TimedOut": "ExecutionTimedOut"}


class RunningCommand(Command):
    """A command of moto's whose state is that of a run."""

    def __init__(self, run: Run, account_id: str, region_name: str, **request: Any) -> None:
        super().__init__(
            account_id=account_id,
            backend_region=region_name,
            document_name=run.document,
            parameters=run.parameters,
            **request,
        )
        self.command_id = run.run_id
        self.run = run
        self.expires_after = run.began + timedelta(seconds=self.timeout_seconds)

    def response_object(self) -> dict[str, Any]:
        return self.as_of(self.run.begin)

    def as_of(self, now: float) -> dict[str, Any]:
        """Return the command as it is at a simulated second."""
        status = self.run.status(now)
        ended = len(self.instance_ids) if status != "InProgress" else 0
        return super().response_object() | {
            "RequestedDateTime": self.run.began,
            "Status": status,
            "StatusDetails": _DETAILS.get(status, status),
            "TargetCount": len(self.instance_ids),
            "CompletedCount": ended,
            "ErrorCount": ended if status in {"Failed", "TimedOut"} else 0,
        }

    def invocation(self, instance_id: str, now: float) -> dict[str, Any]:
        """Return what has come of the command on one instance."""
        status, ended = self.run.status(now), self.run.ended(now)
        message = {
            "CommandId": self.command_id,
            "InstanceId": instance_id,
            "Comment": self.comment,
            "DocumentName": self.document_name,
            "DocumentVersion": self.run.version,
            "PluginName": "",
            "ResponseCode": -1 if ended is None else int(status != "Success"),
            "ExecutionStartDateTime": _iso(self.run.began),
            "Status": status,
            "StatusDetails": _DETAILS.get(status, status),
            "StandardOutputContent": "",
            "StandardOutputUrl": "",
            "StandardErrorContent": self.run.message(now) or "",
            "StandardErrorUrl": "",
            "RequestedDateTime": self.run.began,
        }
        if ended is None:
            return message
        elapsed = (ended - self.run.began).total_seconds()
        return message | {"ExecutionEndDateTime": _iso(ended), "ExecutionElapsedTime": f"PT{elapsed:.3f}S"}


def _iso(date: Any) -> str:
    return str(date.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
