"""The plan of an execution as it was when it was opened; its file may have changed since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.aws.hooks.drs import DrsHook
from drs_recovery.plan import Plan, Target
from drs_recovery.store.frozen import read_plan

if TYPE_CHECKING:
    from drs_recovery.store.store import ExecutionStore


def frozen_plan(store: ExecutionStore, execution: str) -> Plan:
    """Return the plan as it was when the execution was opened."""
    return Plan.load(store.run(read_plan(execution)))


def drs_of(store: ExecutionStore, execution: str, wave_number: int) -> DrsHook:
    """Return the way to DRS in the account and Region of a wave, as its frozen plan names them (R-19)."""
    return drs_at(frozen_plan(store, execution).target(wave_number))


def drs_at(target: Target) -> DrsHook:
    """Return the way to DRS by a connection, in a Region."""
    return DrsHook(aws_conn_id=target.aws_conn_id, region_name=target.region)
