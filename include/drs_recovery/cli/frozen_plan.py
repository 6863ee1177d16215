"""The plan of an execution as it was frozen: what commands need that show more than the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.errors import ExecutionNotFound
from drs_recovery.plan import Plan
from drs_recovery.store.frozen import read_plan

if TYPE_CHECKING:
    from drs_recovery.store.store import ExecutionStore


def frozen_plan(store: ExecutionStore, execution_id: str) -> Plan | None:
    """Return the plan of an execution as it was frozen; None before that."""
    try:
        return Plan.load(store.run(read_plan(execution_id)))
    except ExecutionNotFound:
        return None
