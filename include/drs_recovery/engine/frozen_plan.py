"""The plan of an execution as it was when it was opened; its file may have changed since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.aws.hooks.drs import DrsHook
from drs_recovery.plan import Plan
from drs_recovery.store.frozen import read_plan

if TYPE_CHECKING:
    from drs_recovery.store.store import ExecutionStore


def frozen_plan(store: ExecutionStore, execution: str) -> Plan:
    """Return the plan as it was when the execution was opened."""
    return Plan.load(store.run(read_plan(execution)))


def drs_of(store: ExecutionStore, execution: str) -> DrsHook:
    """Return the way to DRS in the account and Region of an execution, as its frozen plan names them."""
    plan = frozen_plan(store, execution)
    return DrsHook(aws_conn_id=plan.aws_conn_id, region_name=plan.region)
