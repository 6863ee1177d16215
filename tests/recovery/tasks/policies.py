"""Drills of plans with outcome policies, and waves of them that fail."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from tests.recovery.tasks.conftest import APP, DB, WEB, Drive, plan

FULL = "no capacity for m5.large"
OTHER = "s-00000000000web002"
DATA = {"name": "Data", "servers": [DB], "on_failure": "continue"}
NEXT = {"name": "Next", "servers": [APP]}
LAST = {"name": "Last", "servers": [WEB]}


def opened(*waves: dict[str, Any], **fields: Any) -> Drive:
    """Return a drill of some waves, opened."""
    drive = Drive(plan(*waves, **fields))
    drive.execute("open_execution")
    return drive


def fails(drive: Drive, task_id: str, match: str = ".") -> None:
    """Execute a task that fails for good, and remember its state as Airflow would."""
    with pytest.raises(AirflowFailException, match=match):
        drive.execute(task_id)
    drive.states[task_id] = "failed"


def wave_fails(drive: Drive, slug: str) -> None:
    """Run a wave whose sensor fails."""
    for name in ("approve", "start_recovery"):
        drive.execute(f"{slug}.{name}")
        drive.states[f"{slug}.{name}"] = "success"
    fails(drive, f"{slug}.wait_for_recovery")
