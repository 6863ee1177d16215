"""Who may pass the gate of a wave, in an execution of a type that somebody asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from drs_recovery.record.approvals import GateRules

if TYPE_CHECKING:
    from drs_recovery.plan.gates import NeededByType
    from drs_recovery.plan.models import Plan

T = TypeVar("T")


def gate_rules(plan: Plan, number: int, *, drill: bool, requested_by: str | None = None) -> GateRules:
    """Return what the gate of a wave asks for: what the wave says of it, and the plan for the rest."""
    wave = plan.waves[number]
    may_approve = _said(wave.requester_may_approve, plan.requester_may_approve)
    return GateRules(
        approvers=_said(wave.approvers, plan.approvers),
        needed=_needed(_said(wave.approvals_needed, plan.approvals_needed), drill=drill),
        break_glass=_said(wave.break_glass, plan.break_glass),
        excluded=None if may_approve else requested_by,
    )


def _said(of_wave: T | None, of_plan: T) -> T:
    return of_plan if of_wave is None else of_wave


def _needed(value: int | NeededByType, *, drill: bool) -> int:
    if isinstance(value, int):
        return value
    return value.drill if drill else value.recovery
