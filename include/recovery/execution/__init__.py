"""An execution: its record, the rules of its statuses, and the store that keeps it in DynamoDB.

What is named here is pure; the store is in ``recovery.execution.store``, its table in
``recovery.execution.table``.
"""

from __future__ import annotations

from recovery.execution.attempts import to_start
from recovery.execution.ending import Ending
from recovery.execution.enums import (
    Approvals,
    CleanupMode,
    CleanupStatus,
    Decision,
    EventType,
    ExecutionStatus,
    ExecutionType,
    FailureKind,
    LaunchStatus,
    OnFailure,
    WaveStatus,
    Writer,
)
from recovery.execution.events import Event
from recovery.execution.models import (
    Approval,
    Cleanup,
    CleanupOrder,
    Execution,
    Failure,
    Intent,
    Lag,
    PreflightWarning,
    WaveRecord,
    execution_id,
)
from recovery.execution.params import RunParams
from recovery.execution.run_request import RunRequest
from recovery.execution.server_record import ServerRecord
from recovery.execution.status import (
    completed_waves,
    final_status,
    inconsistency,
    judge,
    needed,
    running_status,
)
from recovery.execution.transitions import MOVES, check_move, may_move

__all__ = [
    "MOVES",
    "Approval",
    "Approvals",
    "Cleanup",
    "CleanupMode",
    "CleanupOrder",
    "CleanupStatus",
    "Decision",
    "Ending",
    "Event",
    "EventType",
    "Execution",
    "ExecutionStatus",
    "ExecutionType",
    "Failure",
    "FailureKind",
    "Intent",
    "Lag",
    "LaunchStatus",
    "OnFailure",
    "PreflightWarning",
    "RunParams",
    "RunRequest",
    "ServerRecord",
    "WaveRecord",
    "WaveStatus",
    "Writer",
    "check_move",
    "completed_waves",
    "execution_id",
    "final_status",
    "inconsistency",
    "judge",
    "may_move",
    "needed",
    "running_status",
    "to_start",
]
