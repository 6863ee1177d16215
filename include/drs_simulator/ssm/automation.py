"""Executions of runbooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dateutil.parser import isoparse
from moto.core.common_models import BaseModel

from .runs import IN_PROGRESS

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from .runs import Run


class AutomationExecution(BaseModel):
    """A run of a runbook, whose steps take as long as each other; one that fails does so in the last."""

    def __init__(self, run: Run, steps: list[dict[str, Any]], mode: str, account_id: str) -> None:
        self.run = run
        self.steps = steps
        self.mode = mode
        self.executed_by = f"arn:aws:sts::{account_id}:assumed-role/simulator/session"

    def to_dict(self, now: float) -> dict[str, Any]:
        """Return the modelled AutomationExecution."""
        steps = self.step_executions(now)
        return self.metadata(now) | {
            "Parameters": self.run.parameters,
            "StepExecutions": steps,
            "StepExecutionsTruncated": False,
        }

    def metadata(self, now: float) -> dict[str, Any]:
        """Return the modelled AutomationExecutionMetadata."""
        current = next((s for s in self.step_executions(now) if s["StepStatus"] == IN_PROGRESS), {})
        return {
            "AutomationExecutionId": self.run.run_id,
            "DocumentName": self.run.document,
            "DocumentVersion": self.run.version,
            "AutomationExecutionStatus": self.run.status(now),
            "ExecutionStartTime": self.run.began,
            "ExecutionEndTime": self.run.ended(now),
            "ExecutedBy": self.executed_by,
            "Mode": self.mode,
            "Outputs": {},
            "FailureMessage": self.run.message(now),
            "CurrentStepName": current.get("StepName"),
            "CurrentAction": current.get("Action"),
        }

    def step_executions(self, now: float) -> list[dict[str, Any]]:
        """Return what has come of the steps that have begun."""
        length = (self.run.end - self.run.begin) / max(len(self.steps), 1)
        message = []
        for number, step in enumerate(self.steps):
            begin, end = self.run.begin + number * length, self.run.begin + (number + 1) * length
            is_last = number + 1 == len(self.steps)
            done = self.run.result.status if is_last else "Success"
            message.append(
                {
                    "StepName": step.get("name"),
                    "Action": step.get("action"),
                    "StepExecutionId": f"{self.run.run_id}-{number}",
                    "StepStatus": "Pending" if begin > now else IN_PROGRESS if end > now else done,
                    "FailureMessage": self.run.message(now) if is_last else None,
                }
            )
        return message


def _date(text: str) -> datetime:
    date: datetime = isoparse(text)
    return date


FILTERS: dict[str, Callable[[AutomationExecution, list[str], float], bool]] = {
    "DocumentNamePrefix": lambda execution, values, _: execution.run.document.startswith(tuple(values)),
    "ExecutionStatus": lambda execution, values, now: execution.run.status(now) in values,
    "ExecutionId": lambda execution, values, _: execution.run.run_id in values,
    "StartTimeAfter": lambda execution, values, _: execution.run.began >= _date(values[0]),
    "StartTimeBefore": lambda execution, values, _: execution.run.began <= _date(values[0]),
}
"""Whether an execution is let through by a filter, by the filter's key."""
